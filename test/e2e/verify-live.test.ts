import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { TestDatabase } from '../support/test-database.ts'
import { installedProject, wrappedProject } from './migrate/wrapped-project.ts'

vi.setConfig({ testTimeout: 240_000 })

const models = (...fields: readonly string[]) => `/// @audit(enabled)
model Order {
  id    Int    @id @default(autoincrement())
  total Int
  ${fields.join('\n  ')}
}

/// @audit(enabled)
model Plain {
  name String @id
}
`
const TABLES = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "total" INTEGER NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Plain" ("name" TEXT NOT NULL, CONSTRAINT "Plain_pkey" PRIMARY KEY ("name"));
`

const seen = (database: TestDatabase, sql: string) =>
  database.query(`BEGIN; SELECT set_config('audit.username', 'ann', true); ${sql}; COMMIT`)
const unseen = (database: TestDatabase, sql: string) =>
  database.query(`BEGIN; SET LOCAL session_replication_role = replica; ${sql}; COMMIT`)

test('verify --live names each write that went past the triggers, with its key, its columns and when it was', async () => {
  const { database, audit } = await installedProject(models(), TABLES)
  await seen(database, `INSERT INTO "Order" (total) SELECT g FROM generate_series(1, 500) g`)
  expect(await audit(['verify', '--live'])).toMatchObject({
    exitCode: 0,
    stdout: `audit: public.Order: 500 rows compared with 500 rows of history
audit: public.Plain: 0 rows compared with 0 rows of history
audit: no write is missed
`,
  })
  await unseen(
    database,
    `UPDATE "Order" SET total = 0 WHERE id = 7; DELETE FROM "Order" WHERE id = 8; INSERT INTO "Plain" VALUES ('x')`,
  )
  await database.query(`ALTER TABLE "Order" DISABLE TRIGGER audit_insert; INSERT INTO "Order" (total) VALUES (9);
    ALTER TABLE "Order" ENABLE TRIGGER audit_insert`)
  const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00`
  const found = await audit(['verify', '--live'])
  expect(found.exitCode).toBe(1)
  for (const line of [
    `public.Order: id 7: total changed past the triggers, between ${time} \\(audit_id 7\\) and ${time}`,
    `public.Order: id 8: deleted past the triggers, between ${time} \\(audit_id 8\\) and ${time}`,
    `public.Order: id 501: inserted past the triggers, before ${time}`,
    `public.Plain: name x: inserted past the triggers, before ${time}`,
    'THE HISTORY IS NOT COMPLETE: 4 writes missed',
  ]) {
    expect(found.stdout).toMatch(new RegExp(`^audit: ${line}$`, 'm'))
  }
  const json = await audit(['verify', '--live', '--json', '--model', 'Order'])
  expect(JSON.parse(json.stdout)).toMatchObject({
    version: 1,
    complete: true,
    intact: false,
    tables: [
      {
        table: 'public.Order',
        missed: 3,
        findings: [
          {
            kind: 'update-missed',
            key: { id: '7' },
            columns: ['total'],
            after: { auditId: '7' },
          },
          { kind: 'insert-missed', key: { id: '501' }, after: null },
          { kind: 'delete-missed', key: { id: '8' } },
        ],
      },
    ],
  })
})

test('verify --live holds against no row what was not recorded when it was written', async () => {
  const wrapped = await wrappedProject(models())
  const { database, audit, project } = wrapped
  expect(await audit(['migrate', 'dev', '--name', 'first'])).toMatchObject({ exitCode: 0 })
  await seen(database, `INSERT INTO "Order" (total) VALUES (1), (2), (3); INSERT INTO "Plain" VALUES ('a')`)
  // A column that comes with a value for all rows, and one that a migration fills.
  await wrapped.models(models('state String @default("new")', 'double Int?'))
  await audit(['migrate', 'dev', '--name', 'columns', '--create-only'])
  const { name = '', sql = '' } =
    (await project.migrationFiles()).find((each) => each.name.endsWith('columns')) ?? {}
  const filled = sql.replace(
    /(ALTER TABLE "Order" +ADD COLUMN[^;]*;)/,
    `$1\nSELECT set_config('audit.username', 'm', true);\nUPDATE "Order" SET "double" = 2 * total;\n`,
  )
  expect(filled).not.toBe(sql)
  writeFileSync(join(project.dir, 'prisma/migrations', name, 'migration.sql'), filled)
  const deployed = await audit(['migrate', 'deploy'])
  expect([deployed.exitCode, deployed.stderr]).toEqual([0, expect.anything()])
  expect((await audit(['verify', '--live'])).stdout).toContain('no write is missed')
  await unseen(database, `UPDATE "Order" SET state = 'old' WHERE id = 1`)
  await seen(database, `UPDATE "Order" SET total = 20 WHERE id = 2`)
  await unseen(database, `UPDATE "Order" SET state = 'old' WHERE id = 2`)
  // Of the first nobody knows: its history is older than the column. The second one's is not.
  const found = await audit(['verify', '--live'])
  expect(found.stdout).toContain('id 2: state changed past the triggers')
  expect(found.stdout).toContain('1 write missed')
  await seen(database, `UPDATE "Order" SET total = 21`)
  expect((await audit(['verify', '--live'])).stdout).toContain('no write is missed')
  // The audit of a model rests for a while.
  await wrapped.models(models('state String @default("new")', 'double Int?').replace('enabled', 'disabled'))
  expect(await audit(['migrate', 'dev', '--name', 'rest'])).toMatchObject({ exitCode: 0 })
  await seen(
    database,
    `UPDATE "Order" SET total = 30 WHERE id = 3; DELETE FROM "Order" WHERE id = 1; INSERT INTO "Order" (total) VALUES (40)`,
  )
  await wrapped.models(models('state String @default("new")', 'double Int?'))
  expect(await audit(['migrate', 'dev', '--name', 'resume'])).toMatchObject({ exitCode: 0 })
  const rested = await audit(['verify', '--live'])
  expect([rested.exitCode, rested.stdout]).toEqual([
    0,
    expect.stringContaining('of 3 rows nothing is told: the history is younger, or rested'),
  ])
})

test('verify --live with db push: a column that install gave the history is not held against rows of before', async () => {
  const wrapped = await wrappedProject(models())
  const { database, audit, project } = wrapped
  await project.prisma(['db', 'push'])
  expect(await audit(['install'])).toMatchObject({ exitCode: 0 })
  await seen(database, `INSERT INTO "Order" (total) VALUES (1), (2)`)
  await wrapped.models(models('state String @default("new")'))
  await project.prisma(['db', 'push'])
  expect(await audit(['install'])).toMatchObject({ exitCode: 0 })
  expect(await audit(['verify', '--live'])).toMatchObject({ exitCode: 0 })
  await unseen(database, `UPDATE "Order" SET total = 5 WHERE id = 2`)
  expect(await audit(['verify', '--live'])).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('id 2: total changed past the triggers'),
  })
})

test('verify --live ended by Ctrl-C keeps its place, and the next run goes on and finds the rest', async () => {
  const { database, audit, project } = await installedProject(models(), TABLES)
  await seen(database, `INSERT INTO "Order" (total) SELECT g FROM generate_series(1, 3000) g`)
  await unseen(database, `UPDATE "Order" SET total = 0 WHERE id IN (1, 2999)`)
  const place = join(project.dir, 'place.json')
  const flags = ['verify', '--live', '--place', place, '--batch-size', '100', '--pause', '100']
  const ended = await audit(flags, { signal: { when: 'public.Order', name: 'SIGINT' } })
  expect([ended.exitCode, ended.stdout]).toEqual([
    1,
    expect.stringContaining(`Run it again with --place ${place} to go on`),
  ])
  expect(JSON.parse(readFileSync(place, 'utf8')).tables['public.Order'].rows).toBeLessThan(3000)
  const rest = await audit(['verify', '--live', '--place', place])
  expect(rest.stdout).toContain('public.Order: 3,000 rows compared with 3,000 rows of history')
  expect(rest.stdout).toContain('2 writes missed')
  expect(existsSync(place)).toBe(false)
})

test('verify --live does not go on from the place of another database, of the same name on the same server', async () => {
  const { database, audit, project } = await installedProject(models(), TABLES)
  await seen(database, `INSERT INTO "Order" (total) SELECT g FROM generate_series(1, 300) g`)
  const place = join(project.dir, 'place.json')
  const flags = ['verify', '--live', '--place', place, '--batch-size', '10', '--pause', '100']
  expect(await audit(flags, { signal: { when: 'public.Order', name: 'SIGINT' } })).toMatchObject({
    exitCode: 130,
  })
  const left = readFileSync(place, 'utf8')
  const admin = new URL(database.url)
  admin.pathname = '/postgres'
  const client = new pg.Client({ connectionString: admin.href })
  await client.connect()
  onTestFinished(() => client.end())
  // A copy of it takes its place: whatever was compared, was compared with the other one.
  const name = database.name
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND pid <> pg_backend_pid()`,
  )
  await client.query(`CREATE DATABASE "${name} copy" TEMPLATE "${name}"`)
  await client.query(`ALTER DATABASE "${name}" RENAME TO "${name} before"`)
  await client.query(`ALTER DATABASE "${name} copy" RENAME TO "${name}"`)
  onTestFinished(async () => {
    await client.query(`DROP DATABASE "${name} before"`)
  })
  const refused = await audit(['verify', '--live', '--place', place])
  expect([refused.exitCode, refused.stderr]).toEqual([
    2,
    expect.stringContaining('is the place of a run on another database'),
  ])
  expect(readFileSync(place, 'utf8')).toBe(left)
  expect(await audit(['verify', '--live'])).toMatchObject({ exitCode: 0 })
})

test('verify --live that cannot look ends with 2 and says why', async () => {
  const { database, audit, project } = await installedProject(models(), TABLES)
  const role = `live_${database.name}`
  await database.query(
    `CREATE ROLE "${role}" LOGIN PASSWORD 'x'; GRANT SELECT ON "Order", "Plain", _prisma_migrations TO "${role}"`,
  )
  onTestFinished(async () => {
    await database.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`)
  })
  const url = new URL(database.url)
  url.username = role
  url.password = 'x'
  writeFileSync(join(project.dir, 'other.json'), '{"version":1,"database":"another","tables":{}}')
  writeFileSync(join(project.dir, 'bad.json'), 'no')
  for (const [flags, message] of [
    [['--model', 'Oder'], 'No audited model or table is called "Oder". There are: Order, Plain'],
    [['--anchor', 'x', '--live'], '--anchor is about seals'],
    [['--batch-size', '0'], '--batch-size takes a whole number from 1 on'],
    [['--place', 'other.json'], 'is the place of a run on another database, another, and this one is'],
    [['--place', 'bad.json'], 'is not what verify --live --place has written'],
    [['--url', 'postgresql://127.0.0.1:1/none'], 'ECONNREFUSED'],
    [['--url', url.href], 'Run it as the owner of the audit tables'],
  ] as const) {
    const { exitCode, stdout, stderr } = await audit(['verify', '--live', ...flags])
    expect([exitCode, stdout + stderr]).toEqual([2, expect.stringContaining(message)])
    expect(stderr).not.toContain('    at ')
  }
  await database.query(`UPDATE _prisma_migrations SET finished_at = NULL`)
  expect(await audit(['verify', '--live'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('20240101000000_init'),
  })
})
