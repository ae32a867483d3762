import { afterAll, beforeAll, expect, test } from 'vitest'
import { check, ORDER, schemaOf } from './check/checked-project.ts'
import {
  generateMigration,
  importAudit,
  install,
  openClient,
  useProject,
} from './main-path/audited-project.ts'

const clientGenerator = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

`
const withRole = (role: string) =>
  clientGenerator +
  schemaOf(ORDER).replace('sessionSettings', `captureWaiverRole = "${role}"\n  sessionSettings`)

const audited = await useProject({ schema: clientGenerator + schemaOf(ORDER) })
const { database, project } = audited
const [maintenance, app] = [`maintenance ${database.name}`, `app ${database.name}`]

beforeAll(() => install(audited))
afterAll(async () => {
  for (const role of [maintenance, app]) {
    await database.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`)
  }
})

test('turned on by an option: check asks for its migration, which needs no role, and Prisma finds no drift', async () => {
  await project.write('prisma/schema.prisma', withRole(maintenance))
  const before = await check(project)
  expect(before.exitCode).toBe(1)
  expect(before.stdout).toContain(
    'AUD701: The audit of "public"."Order" is not up to date: its capture cannot be waived yet.',
  )
  const migration = await generateMigration(project)
  expect(migration.name).toMatch(/_audit_capture_waiver$/)
  expect((await check(project)).exitCode).toBe(0)
  // The shadow database replays the folder, and the role is nowhere yet.
  const { stdout } = await project.prisma(['migrate', 'dev'])
  expect(stdout).toContain(migration.name)
  expect((await project.prisma(['migrate', 'dev'])).stdout).toContain('Already in sync')
  await project.prisma(['migrate', 'reset', '--force'])
})

test('used by Prisma Client: one transaction, one reason; and refused to others as an AuditContextError', async () => {
  await database.query(
    `CREATE ROLE "${maintenance}"; CREATE ROLE "${app}"; GRANT ALL ON "Order" TO "${maintenance}", "${app}"`,
  )
  const { auditContext } = await importAudit(audited)
  const client = await openClient<'order'>(audited)
  const ann = client.$extends(auditContext({ username: 'ann' }))
  const data = Array.from({ length: 500 }, (_, id) => ({ id, note: 'imported' }))
  await ann.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT audit.waive_capture('import of 2019, ticket 4711')`
    await tx.order.createMany({ data })
  })
  await ann.order.update({ where: { id: 7 }, data: { note: 'afterwards' } })
  expect(await database.query('SELECT id, audit_username AS who FROM audit."Order_audit"')).toEqual([
    { id: 7, who: 'ann' },
  ])
  expect(
    await database.query(
      'SELECT audit_operation AS op, source, row_count::int AS rows, reason FROM audit.capture_waiver ORDER BY audit_id',
    ),
  ).toEqual([
    { op: 'W', source: null, rows: null, reason: 'import of 2019, ticket 4711' },
    { op: 'I', source: '"public"."Order"', rows: 500, reason: 'import of 2019, ticket 4711' },
  ])

  const refused = ann.$transaction(async (tx) => {
    await tx.$executeRawUnsafe(`SET LOCAL ROLE "${app}"`)
    await tx.$executeRaw`SELECT audit.waive_capture('no reason')`
  })
  await expect(refused).rejects.toMatchObject({
    name: 'AuditContextError',
    code: 'AU004',
    message: expect.stringContaining(`role "${app}" may not waive capture`),
  })
})

test('turned off by taking the option away, and what was waived stays told', async () => {
  await project.write('prisma/schema.prisma', clientGenerator + schemaOf(ORDER))
  const migration = await generateMigration(project)
  expect(migration.name).toMatch(/_audit_no_capture_waiver$/)
  await project.prisma(['migrate', 'deploy'])
  await expect(database.query(`SELECT audit.waive_capture('x')`)).rejects.toMatchObject({ code: '42883' })
  expect(await database.query('SELECT reason FROM audit.capture_waiver')).toHaveLength(2)
  await project.prisma(['db', 'execute', '--file', `prisma/migrations/${migration.name}/down.sql`])
  await database.query(`BEGIN; SELECT audit.waive_capture('x'); INSERT INTO "Order" VALUES (1000); COMMIT`)
  expect(await database.query('SELECT reason FROM audit.capture_waiver')).toHaveLength(4)
})
