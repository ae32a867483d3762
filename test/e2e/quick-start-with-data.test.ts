import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createPrismaProject } from '../support/prisma-project.ts'
import { createDatabase, type TestDatabase } from '../support/test-database.ts'
import { runWrapper } from './migrate/wrapped-project.ts'

vi.setConfig({ testTimeout: 300_000 })

const page = readFileSync(new URL('../../docs/quick-start.md', import.meta.url), 'utf8')
const [, section = ''] = page.split('\n# A project with data')

const datasource = 'datasource db {\n  provider = "postgresql"\n}\n\n'
const model = 'model Order {\n  id   Int    @id @default(autoincrement())\n  name String\n}\n'
const audited = (missing: 'record' | 'refuse') =>
  `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
  missingSettings = "${missing}"
}

${datasource}/// @audit(enabled, backfill: true)
${model}`
const rows = `INSERT INTO "Order" (name) VALUES ('one'), ('two')`
const nameless = `UPDATE "Order" SET name = 'three' WHERE id = 1`

/** A database, and the URL of a role that has what the page asks for and nothing else: it creates tables and schemas, and owns what it made. */
async function liveDatabase(): Promise<{ readonly database: TestDatabase; readonly url: string }> {
  const database = await createDatabase()
  const role = `${database.name}_migrator`
  await database.query(`CREATE ROLE "${role}" LOGIN PASSWORD 'secret'; GRANT CREATE ON DATABASE "${database.name}" TO "${role}";
    GRANT USAGE, CREATE ON SCHEMA public TO "${role}"`)
  onTestFinished(async () => {
    await database.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`)
    await database.drop()
  })
  const url = new URL(database.url)
  url.username = role
  url.password = 'secret'
  return { database, url: url.href }
}

const history = (database: TestDatabase) =>
  database.query(
    `SELECT audit_operation AS op, audit_username AS by, name FROM audit."Order_audit" ORDER BY audit_operation <> 'B', CASE audit_operation WHEN 'B' THEN id ELSE audit_id END`,
  )

test('the page has the six steps that are taken here', () => {
  const steps = [...section.matchAll(/^\d\. [\s\S]*?(?=^\d\. |$(?![\s\S]))/gm)].map(([text]) => text)
  expect(
    steps.map(
      (step) =>
        /`missingSettings = "\w+"`|backfill: true|npx prisma generate|migrate deploy|status/.exec(step)?.[0],
    ),
  ).toEqual([
    '`missingSettings = "record"`',
    'backfill: true',
    'npx prisma generate',
    'migrate deploy',
    'status',
    '`missingSettings = "refuse"`',
  ])
  expect(section).toContain('npx prisma-generator-audit install')
})

test('a project with data: its past has a baseline, no write is refused until every writer says who it is, and then it is', async () => {
  const { database, url } = await liveDatabase()
  const migrations = {
    '20240101000000_init':
      'CREATE TABLE "Order" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n',
  }
  const project = await createPrismaProject({ schema: datasource + model, migrations, databaseUrl: url })
  onTestFinished(() => project.cleanup())
  const audit = (...args: readonly string[]) => runWrapper(project.dir, url, args)
  await project.prisma(['migrate', 'deploy'])
  await database.query(rows)

  await project.write('prisma/schema.prisma', audited('record'))
  await project.prisma(['generate'])
  expect(await project.migrationFiles()).toHaveLength(2)
  expect(await audit('migrate', 'deploy')).toMatchObject({ exitCode: 0 })
  expect(await history(database)).toEqual([
    { op: 'B', by: null, name: 'one' },
    { op: 'B', by: null, name: 'two' },
  ])

  await database.query(nameless)
  await database.query(
    `BEGIN; SELECT set_config('audit.username', 'ann', true); UPDATE "Order" SET name = 'four' WHERE id = 1; COMMIT`,
  )
  expect((await history(database)).slice(2)).toEqual([
    { op: 'U', by: null, name: 'three' },
    { op: 'U', by: 'ann', name: 'four' },
  ])
  const status = await audit('status')
  expect([status.exitCode, status.stdout]).toEqual([
    0,
    expect.stringMatching(/newest rows were recorded without audit\.username/),
  ])

  await project.write('prisma/schema.prisma', audited('refuse'))
  await project.prisma(['generate'])
  expect(await project.migrationFiles()).toHaveLength(3)
  expect(await audit('migrate', 'deploy')).toMatchObject({ exitCode: 0 })
  await expect(database.query(nameless)).rejects.toMatchObject({ code: 'AU001' })
  expect(await audit('verify', '--live')).toMatchObject({ exitCode: 0 })
})

test('a project with data and without a migrations folder: install does it', async () => {
  const { database, url } = await liveDatabase()
  const project = await createPrismaProject({ schema: datasource + model, databaseUrl: url })
  onTestFinished(() => project.cleanup())
  const audit = (...args: readonly string[]) => runWrapper(project.dir, url, args)
  await project.prisma(['db', 'push'])
  await database.query(rows)

  await project.write('prisma/schema.prisma', audited('record'))
  await project.prisma(['generate'], { env: { CI: 'true' } })
  expect(await audit('install')).toMatchObject({ exitCode: 0 })
  await database.query(nameless)
  expect(await history(database)).toEqual([
    { op: 'B', by: null, name: 'one' },
    { op: 'B', by: null, name: 'two' },
    { op: 'U', by: null, name: 'three' },
  ])
  expect(await audit('status')).toMatchObject({ exitCode: 0 })

  await project.write('prisma/schema.prisma', audited('refuse'))
  await project.prisma(['generate'], { env: { CI: 'true' } })
  expect(await audit('install')).toMatchObject({ exitCode: 0 })
  await expect(database.query(nameless)).rejects.toMatchObject({ code: 'AU001' })
})
