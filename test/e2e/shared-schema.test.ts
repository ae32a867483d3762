import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runAudit } from '../support/audit-command.ts'
import { createDatabase, type TestDatabase } from '../support/test-database.ts'
import { type AuditedProject, generateMigration, useProject } from './main-path/audited-project.ts'
import { wrappedProject } from './migrate/wrapped-project.ts'

// Each test runs the command line several times.
vi.setConfig({ testTimeout: 240_000 })

const orderSql = `CREATE TABLE "public"."Order" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL,
  CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`
const migrations = { '20240101000000_order': orderSql }

interface Home {
  /** The option `schema` of the generator. */
  readonly audit: string
  readonly datasource: string
  /** The attribute that each model needs. */
  readonly at: string
}

function schemaText({ audit, datasource, at }: Home, { extra = '', order = '' } = {}): string {
  return `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  schema          = "${audit}"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "postgresql"
  ${datasource}
}

/// @audit(enabled)
model Order {
  id   Int    @id @default(autoincrement())
  name String
  ${order}
  ${at}
}
${extra}`
}

function configText({ shadow = '', imports = '', tables = '' }): string {
  return `import { defineConfig } from 'prisma/config'
${imports}
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL, shadowDatabaseUrl: ${JSON.stringify(shadow)} },
  ${tables}
})
`
}

const imported = {
  imports: `import { auditTables } from './prisma/audit-tables'`,
  tables: 'experimental: { externalTables: true },\n  tables: { external: auditTables },',
}

async function write({ database }: AuditedProject, name: string, table = 'Order'): Promise<void> {
  await database.query(
    `BEGIN; SET LOCAL audit.username = 'ann'; INSERT INTO "${table}" (name) VALUES ('${name}'); COMMIT`,
  )
}

const homes: readonly (readonly [string, Home])[] = [
  ['public', { audit: 'public', datasource: '', at: '' }],
  [
    "one of the datasource's schemas",
    { audit: 'history', datasource: 'schemas = ["public", "history"]', at: '@@schema("public")' },
  ],
]

describe.each(homes)('audit tables in %s', (_, home) => {
  let audited: AuditedProject
  let shadow: TestDatabase

  beforeAll(async () => {
    shadow = await createDatabase()
    audited = await useProject({
      schema: schemaText(home),
      migrations,
      config: configText({ shadow: shadow.url }),
    })
  })
  afterAll(() => shadow.drop())

  async function history(table = 'Order') {
    const rows = await audited.database.query(
      `SELECT name FROM "${home.audit}"."${table}_audit" ORDER BY audit_id`,
    )
    return rows.map(({ name }) => name)
  }

  /** Prisma sees nothing to do, wherever it looks; and the folder replays on a shadow database that is used again. */
  async function expectNoDrift() {
    const { project } = audited
    const before = await project.migrationFiles()
    const dev = await project.prisma(['migrate', 'dev', '--name', 'more'])
    expect(dev.stdout).toContain('Already in sync, no schema change or pending migration was found.')
    expect(await project.migrationFiles()).toEqual(before)
    const to = ['--to-schema', project.schemaPath, '--exit-code']
    const diff = await project.prisma(['migrate', 'diff', '--from-config-datasource', ...to])
    expect(diff.stdout.trim()).toMatch(/No difference detected\.$/)
    expect((await project.prisma(['migrate', 'status'])).stdout).toContain('Database schema is up to date!')
    const env = { DATABASE_URL: audited.database.url }
    expect(await runAudit(project.dir, ['status'], env)).toMatchObject({ exitCode: 0, stderr: '' })
  }

  test('no migration is written before prisma.config.ts lists the tables; generate writes the list and says what to put where', async () => {
    const { project } = audited
    const { stdout } = await project.prisma(['generate'])
    expect(await project.migrationFiles()).toHaveLength(1)
    expect(stdout).toContain(
      `AUD801: prisma.config.ts does not list the audit table ${home.audit}.Order_audit as external: the next prisma migrate dev would write and apply DROP TABLE`,
    )
    expect(stdout).toContain(imported.imports)
    expect(stdout).toContain('experimental: { externalTables: true },')
    expect(stdout).toContain('tables: { external: auditTables },')
    expect(stdout).toContain('was not written: Prisma Migrate would drop the audit tables')
    expect(await project.read('prisma/audit-tables.ts')).toContain(`  "${home.audit}.Order_audit",\n`)
  })

  test('once the configuration imports the list, the audit is installed and Prisma proposes nothing', async () => {
    const { project } = audited
    await project.write('prisma.config.ts', configText({ shadow: shadow.url, ...imported }))
    const { sql } = await generateMigration(project)
    expect(sql).toContain(`"${home.audit}"."audit_set_context"`)
    expect(sql).not.toMatch(/(COMMENT ON|REVOKE ALL ON|GRANT USAGE ON) SCHEMA/)
    await project.prisma(['migrate', 'dev'])
    await write(audited, 'first')
    expect(await history()).toEqual(['first'])
    await expectNoDrift()
  })

  test('a second model is listed in the same run that writes its migration', async () => {
    const { project } = audited
    const items = `\n/// @audit(enabled)\nmodel Item {\n  id Int @id @default(autoincrement())\n  name String\n  ${home.at}\n}\n`
    await project.write('prisma/schema.prisma', schemaText(home, { extra: items }))
    await project.prisma(['migrate', 'dev', '--name', 'item'])
    await generateMigration(project)
    expect(await project.read('prisma/audit-tables.ts')).toContain(
      `  "${home.audit}.Item_audit",\n  "${home.audit}.Order_audit",\n`,
    )
    await project.prisma(['migrate', 'dev'])
    await write(audited, 'thing', 'Item')
    expect(await history('Item')).toEqual(['thing'])
    const again = await project.prisma(['generate'])
    expect(again.stdout).not.toContain('AUD801')
  })

  test('columns that come and go, and a model that goes: the retired table is listed on, and kept', async () => {
    const { project } = audited
    await audited.database.query(`BEGIN; SET LOCAL audit.username = 'ann'; DELETE FROM "Item"; COMMIT`)
    await project.write('prisma/schema.prisma', schemaText(home, { order: 'note String?' }))
    await project.prisma(['migrate', 'dev', '--name', 'note'])
    await generateMigration(project)
    await project.prisma(['migrate', 'dev'])
    await write(audited, 'second')
    expect(await history()).toEqual(['first', 'second'])
    expect(await history('Item')).toEqual(['thing', 'thing'])
    expect(await project.read('prisma/audit-tables.ts')).toContain(`${home.audit}.Item_audit`)
    await expectNoDrift()
  })

  test('db push leaves the history alone', async () => {
    const { stdout } = await audited.project.prisma(['db', 'push', '--accept-data-loss'])
    expect(stdout).toContain('The database is already in sync with the Prisma schema.')
    await write(audited, 'third')
    expect(await history()).toEqual(['first', 'second', 'third'])
  })

  test('db pull brings the tables in as models, which changes nothing, and generate says what they are', async () => {
    const { project } = audited
    const before = await project.read('prisma/schema.prisma')
    await project.prisma(['db', 'pull'])
    expect(await project.read('prisma/schema.prisma')).toContain('model Order_audit {')
    const { stdout } = await project.prisma(['generate'])
    expect(stdout).toContain('AUD803: The model "Order_audit" is an audit table.')
    await project.write('prisma/schema.prisma', before)
  })

  test('migrate reset replays cleanly, again and again', async () => {
    await audited.project.prisma(['migrate', 'reset', '--force'])
    await write(audited, 'second life')
    await audited.project.prisma(['migrate', 'reset', '--force'])
    expect(await history()).toEqual([])
    await write(audited, 'third life')
    expect(await history()).toEqual(['third life'])
  })
})

test('a model that has the name of an audit table is an error of generate', async () => {
  const [, home] = homes[0] ?? []
  const extra = `\nmodel History {\n  id Int @id\n  @@map("Order_audit")\n}\n`
  const schema = home && schemaText(home, { extra })
  const { project } = await useProject({ schema: schema ?? '', migrations })
  const { stderr } = await project.prisma(['generate'], { expectFailure: true })
  expect(stderr).toContain(
    'AUD802: The audit table of "Order" would have the name of the model "History": "public"."Order_audit".',
  )
  expect(await project.migrationFiles()).toHaveLength(1)
})

test('migrate dev of the audit applies no audit table that prisma.config.ts does not list', async () => {
  const [, home] = homes[0] ?? []
  const { project, database, audit } = await wrappedProject('', { config: configText({}) })
  await project.write('prisma/schema.prisma', home === undefined ? '' : schemaText(home))
  for (const time of ['first', 'again, unchanged']) {
    const { stderr, exitCode } = await audit(['migrate', 'dev', '--name', 'order'])
    expect([time, exitCode]).toEqual([time, 1])
    expect(stderr).toContain('AUD801: prisma.config.ts does not list the audit table public.Order_audit')
  }
  expect(await database.query(`SELECT to_regclass('"Order"') AS made`)).toEqual([{ made: null }])
  await project.write('prisma.config.ts', configText(imported))
  const { exitCode } = await audit(['migrate', 'dev'])
  expect(exitCode).toBe(0)
  await write({ database, project }, 'first')
  expect(await database.query('SELECT name FROM "Order_audit"')).toEqual([{ name: 'first' }])
})
