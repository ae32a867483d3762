import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runAudit } from '../support/audit-command.ts'
import { type HistoryClient, importHistory } from './history/shop-history.ts'
import { importAudit, install, useProject } from './main-path/audited-project.ts'

const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Order {
  id       Int     @id
  tenantId String  @map("tenant_id") @db.VarChar(20)
  total    Decimal @db.Decimal(8, 2)
  note     String? @db.VarChar(20)
  lines    Line[]
}

/// @audit(enabled)
model Line {
  id       Int    @id
  tenantId String @map("tenant_id") @db.VarChar(20)
  orderId  Int
  order    Order  @relation(fields: [orderId], references: [id], onDelete: Cascade)
}

/// Of no tenant.
/// @audit(enabled)
model Rate {
  id    Int @id
  value Int
}
`

type Db = HistoryClient<'order' | 'line' | 'rate'>

const audited = await useProject({ schema })
const { database, project } = audited
const app = `app of ${database.name}`
const historian = `"reader" ${database.name}`
const quoted = (role: string) => `"${role.replaceAll('"', '""')}"`
const clients: { $disconnect(): Promise<void> }[] = []
afterAll(async () => {
  await Promise.all(clients.map((client) => client.$disconnect()))
  for (const role of [app, historian]) {
    await database.query(`DROP OWNED BY ${quoted(role)}; DROP ROLE ${quoted(role)}`)
  }
})

const policy = (table: string) => `ALTER TABLE "${table}" ENABLE ROW LEVEL SECURITY;
  CREATE POLICY tenant ON "${table}" USING (tenant_id = current_setting('app.tenant', true))`

beforeAll(async () => {
  await install(audited)
  for (const role of [app, historian]) {
    await database.query(
      `CREATE ROLE ${quoted(role)} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA public TO ${quoted(role)}`,
    )
  }
  await database.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${quoted(app)};
    ${policy('Order')}; ${policy('Line')};
    SELECT set_config('audit.username', 'both', false);
    INSERT INTO "Order" VALUES (1, 'a', 1, 'of a'), (2, 'b', 2, 'of b');
    INSERT INTO "Line" VALUES (11, 'a', 1), (21, 'b', 2), (22, 'b', 1);
    INSERT INTO "Rate" VALUES (1, 1);
    UPDATE "Order" SET total = total + 10;
    DELETE FROM "Line" WHERE id = 21;
    INSERT INTO "Line" VALUES (23, 'b', 2)`)
}, 120_000)

/** A client of a role; the app's carries its tenant in the connection, as a pool for each tenant would. */
async function clientOf(role: string, tenant?: string) {
  const url = new URL(database.url)
  const module = await project.importModule<{ PrismaClient: new (options: object) => Db }>(
    'generated/client/client.ts',
  )
  const connection = {
    host: url.hostname,
    port: Number(url.port),
    database: database.name,
    user: role,
    password: 'x',
    max: 2,
    ...(tenant === undefined ? {} : { options: `-c app.tenant=${tenant}` }),
  }
  const client = new module.PrismaClient({ adapter: new PrismaPg(connection) })
  clients.push(client)
  return client
}

async function historyOf(tenant: string, options: object): Promise<Db> {
  const { auditContext } = await importAudit(audited)
  const { auditHistory } = await importHistory(audited)
  const client = await clientOf(app, tenant)
  return client.$extends(auditContext({ username: tenant })).$extends(auditHistory(options)) as unknown as Db
}

test("the application's own role cannot read the history, and the error says what to do", async () => {
  const db = await historyOf('a', {})
  await expect(db.order.history()).rejects.toMatchObject({
    name: 'AuditHistoryError',
    code: 'NO_RIGHT',
    hint: expect.stringMatching(/auditHistory\(\{ reader \}\).*prisma-generator-audit reader/),
  })
})

test('a history that shows every tenant is refused for a table with row level security, unless that is said', async () => {
  const { stdout, exitCode } = await runAudit(project.dir, ['reader', '--role', historian])
  expect(exitCode).toBe(0)
  await database.query(stdout)
  const reader = await clientOf(historian)
  const db = await historyOf('a', { reader })
  for (const question of [
    () => db.order.history(),
    () => db.order.asOf(new Date()),
    () => db.order.asOf(new Date(), { where: { id: 2 } }),
    () => db.$history(),
    () => db.order.diff(new Date(0), new Date()),
    () => db.rate.history({}).then(() => db.line.history()),
  ]) {
    await expect(question()).rejects.toMatchObject({
      code: 'ROW_SECURITY',
      hint: expect.stringContaining('allTenants'),
    })
  }
  const all = await historyOf('a', { reader, allTenants: true })
  expect((await all.order.history({ operations: ['I'] })).entries).toHaveLength(2)
})

describe('with rights for one tenant', () => {
  let a: Db
  let b: Db
  let nobody: Db

  beforeAll(async () => {
    const flags = ['reader', '--role', historian, '--tenant', 'tenantId']
    const { stdout } = await runAudit(project.dir, flags)
    await database.query(stdout)
    await database.query(stdout)
    expect((await runAudit(project.dir, flags)).stdout).toBe(stdout)
    const reader = await clientOf(historian)
    a = await historyOf('a', { reader, settings: () => ({ tenant_id: 'a' }) })
    b = await historyOf('b', { reader, settings: () => ({ tenant_id: 'b' }) })
    nobody = await historyOf('a', { reader })
  })

  test('tenant a never sees rows of tenant b: in timelines, as of a moment, through relations, differences and transactions', async () => {
    expect((await a.order.history()).entries.map(({ row }) => row.tenantId)).toEqual(['a', 'a'])
    expect((await b.order.history()).entries.map(({ row }) => row.tenantId)).toEqual(['b', 'b'])
    expect((await a.order.history({ where: { id: 2 } })).entries).toEqual([])
    const rows = (await a.order.asOf(new Date(), { include: { lines: true } })).rows
    expect(rows).toMatchObject([{ id: 1, lines: [{ id: 11 }] }])
    expect((await a.order.asOf(new Date(), { where: { id: 2 } })).rows).toEqual([])
    expect((await a.line.diff(new Date(0), new Date())).map(({ key }) => key)).toEqual([{ id: 11 }])
    await expect(a.order.blame({ where: { id: 2 } })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const [entry] = (await a.order.history({ operations: ['U'] })).entries
    const { transaction } = entry ?? {}
    const models = ['Order', 'Line']
    const seen = await a.$history({ transaction, models })
    expect(seen.entries.map(({ model, row }) => [model, row.tenantId])).not.toContainEqual([
      expect.anything(),
      'b',
    ])
    const with_ = await a.order.historyWith({ where: { id: 1 }, include: { lines: true } })
    expect(with_.entries.map(({ model, row }) => `${model} ${row.id}`)).not.toContain('Line 22')
    expect((await a.order.asOf({ transaction })).rows).toMatchObject([{ id: 1 }])
  })

  test('a history that does not tell whose its rows are is closed', async () => {
    await expect(a.rate.history()).rejects.toMatchObject({ code: 'NO_RIGHT' })
    await expect(a.$history()).rejects.toMatchObject({ code: 'NO_RIGHT' })
  })

  test('without a tenant there is nothing to see', async () => {
    expect((await nobody.order.history()).entries).toEqual([])
    expect((await nobody.order.asOf(new Date(), { where: { id: 2 } })).rows).toEqual([])
  })

  test('a revert runs with the rights of the caller, and writes are recorded as before', async () => {
    await a.order.update({ where: { id: 1 }, data: { note: 'changed' } })
    const [newest, , first] = (await a.order.history({ where: { id: 1 } })).entries
    const args = { where: { id: 1 }, to: { auditId: first?.auditId }, seen: newest?.auditId }
    const plan = await a.order.planRevert(args)
    await expect(b.order.planRevert(args)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(b.$revert(plan)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await a.$revert(plan)
    expect((await a.order.history({ where: { id: 1 }, take: 1 })).entries).toMatchObject([
      { operation: 'U', context: { username: 'a' }, row: { note: 'of a' } },
    ])
  })

  test('a revert that the role may not do says so, and does nothing', async () => {
    const [newest] = (await a.order.history({ where: { id: 1 } })).entries
    await a.order.update({ where: { id: 1 }, data: { note: 'later' } })
    const [later] = (await a.order.history({ where: { id: 1 }, take: 1 })).entries
    const args = { where: { id: 1 }, to: { auditId: newest?.auditId }, seen: later?.auditId }
    const plan = await a.order.planRevert(args)
    await database.query(`REVOKE UPDATE ON "Order" FROM ${quoted(app)}`)
    await expect(a.$revert(plan)).rejects.toMatchObject({
      name: 'AuditHistoryError',
      code: 'NO_RIGHT',
      message: expect.stringContaining('Nothing was reverted'),
    })
    await database.query(`GRANT UPDATE ON "Order" TO ${quoted(app)}`)
    expect(await a.order.findMany({ where: { id: 1 } })).toMatchObject([{ note: 'later' }])
    await a.$revert(plan)
  })

  test('a function of the reader in a condition sees no row of another tenant', async () => {
    const pool = database.pool({ max: 1 })
    const client = await pool.connect()
    await client.query(`SET ROLE ${quoted(historian)}`)
    await client.query(`CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
      BEGIN RAISE NOTICE 'seen %', $1; RETURN true; END $$`)
    const seen: string[] = []
    client.on('notice', (notice) => seen.push(String(notice.message)))
    await client.query(`SELECT set_config('audit.tenant_id', 'a', false)`)
    await client.query('SELECT * FROM audit."Order_audit" WHERE pg_temp.leak(tenant_id)')
    expect(new Set(seen)).toEqual(new Set(['seen a']))
    client.release()
  })

  test('a column of the history gets another type while the policies are there', async () => {
    await project.write(
      'prisma/schema.prisma',
      schema.replace('String? @db.VarChar(20)', 'String? @db.VarChar(40)'),
    )
    await project.write(
      'prisma/migrations/29990101000000_wider/migration.sql',
      'ALTER TABLE "Order" ALTER COLUMN "note" TYPE VARCHAR(40);',
    )
    await project.prisma(['generate'])
    await project.prisma(['migrate', 'deploy'])
    await a.order.update({ where: { id: 1 }, data: { note: 'x'.repeat(40) } })
    expect((await a.order.history({ where: { id: 1 }, take: 1 })).entries).toMatchObject([
      { row: { note: 'x'.repeat(40) } },
    ])
  })
})

test('rows that were never written come from the live table with the rights of the application, however many they are', async () => {
  await database.query(`ALTER TABLE "Rate" DISABLE TRIGGER USER;
    INSERT INTO "Rate" SELECT g, g FROM generate_series(100, 12100) g; ALTER TABLE "Rate" ENABLE TRIGGER USER`)
  const { stdout } = await runAudit(project.dir, ['reader', '--role', historian])
  await database.query(stdout)
  const reader = await clientOf(historian)
  const db = await historyOf('a', { reader, allTenants: true })
  const chunks = await db.rate.asOf(new Date(), { where: { id: { gte: 100 } } })
  expect(chunks.rows.map(({ id }) => id)).toEqual(Array.from({ length: 12001 }, (_, index) => 100 + index))
  expect((await db.rate.asOf(new Date(), { where: { id: 1 } })).rows).toEqual([{ id: 1, value: 1 }])
  await database.query(`GRANT SELECT ON "Rate" TO ${quoted(historian)}`)
  expect(await db.rate.asOf(new Date(), { where: { id: { gte: 100 } } })).toEqual(chunks)
  await database.query(`REVOKE SELECT ON "Rate" FROM ${quoted(historian)}`)
})

test('what cannot keep tenants apart is refused in words', async () => {
  const refused = async (...flags: string[]) =>
    runAudit(project.dir, ['reader', '--role', historian, ...flags])
  expect(await refused('--tenant', 'tenant')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('records a field "tenant". Did you mean'),
  })
  // Everybody, also in quotes.
  for (const role of ['public', 'none', '', 'x'.repeat(64)]) {
    expect(await runAudit(project.dir, ['reader', '--role', role])).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(/^audit: --role .* Name the role that reads/),
    })
  }
  expect(await refused('--tenant', 'tenantId', '--setting', 'a b')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('cannot be a setting'),
  })
  expect(await refused('--setting', 'x')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('--tenant'),
  })
})
