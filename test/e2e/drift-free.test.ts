import { rmSync } from 'node:fs'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/test-database.ts'
import { type AuditedProject, generateMigration, install, useProject } from './main-path/audited-project.ts'

const schema = `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Order {
  id   Int    @id @default(autoincrement())
  name String
  mood Mood   @default(CALM)
}

enum Mood {
  CALM
  CROSS
}
`

const createOrder = `CREATE TYPE "Mood" AS ENUM ('CALM', 'CROSS');
CREATE TABLE "Order" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "mood" "Mood" NOT NULL DEFAULT 'CALM',
  CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`
const migrations = { '20240101000000_order': createOrder }

async function write({ database }: AuditedProject, name: string): Promise<void> {
  await database.query(
    `BEGIN; SET LOCAL audit.username = 'ann'; INSERT INTO "Order" (name) VALUES ('${name}'); COMMIT`,
  )
}

async function history({ database }: AuditedProject, schemaName = 'audit') {
  const rows = await database.query(`SELECT name FROM "${schemaName}"."Order_audit" ORDER BY audit_id`)
  return rows.map(({ name }) => name)
}

async function auditSchemas({ database }: AuditedProject): Promise<string[]> {
  const rows = await database.query(`SELECT nspname FROM pg_namespace WHERE nspname ~ '^audit' ORDER BY 1`)
  return rows.map(({ nspname }) => nspname)
}

describe('once the audit is installed', () => {
  let audited: AuditedProject
  let shadow: TestDatabase

  beforeAll(async () => {
    shadow = await createDatabase()
    audited = await useProject({ schema, shadowDatabaseUrl: shadow.url })
    await install(audited)
    await write(audited, 'first')
    return () => shadow.drop()
  })

  test('migrate dev proposes nothing', async () => {
    const before = await audited.project.migrationFiles()
    const { stdout } = await audited.project.prisma(['migrate', 'dev', '--name', 'more'])
    expect(stdout).toContain('Already in sync, no schema change or pending migration was found.')
    expect(await audited.project.migrationFiles()).toEqual(before)
  })

  test('migrate diff finds no difference between the database and the schema, nor between the folder and the schema', async () => {
    const { project } = audited
    const to = ['--to-schema', project.schemaPath, '--exit-code']
    const database = await project.prisma(['migrate', 'diff', '--from-config-datasource', ...to])
    const folder = await project.prisma(['migrate', 'diff', '--from-migrations', 'prisma/migrations', ...to])
    expect([database.exitCode, folder.exitCode]).toEqual([0, 0])
    expect([database.stdout, folder.stdout].map((text) => text.trim())).toEqual([
      'No difference detected.',
      'No difference detected.',
    ])
  })

  test('migrate status is clean', async () => {
    expect((await audited.project.prisma(['migrate', 'status'])).stdout).toContain(
      'Database schema is up to date!',
    )
  })

  test('a shadow database that is used again replays cleanly each time, and no old schema piles up in it', async () => {
    await audited.project.prisma(['migrate', 'dev'])
    await audited.project.prisma(['migrate', 'dev'])
    expect(await shadow.query(`SELECT nspname FROM pg_namespace WHERE nspname ~ '^audit'`)).toEqual([
      { nspname: 'audit' },
    ])
  })

  test('db pull does not bring the audit tables into the schema', async () => {
    const { stdout } = await audited.project.prisma(['db', 'pull', '--print'])
    expect(stdout).toContain('model Order')
    expect(stdout).not.toContain('Order_audit')
    expect(stdout).not.toMatch(/schemas\s*=/)
  })

  test('db push leaves the history alone, and writes are recorded as before', async () => {
    const { stdout } = await audited.project.prisma(['db', 'push', '--accept-data-loss'])
    expect(stdout).toContain('The database is already in sync with the Prisma schema.')
    await write(audited, 'after push')
    expect(await history(audited)).toEqual(['first', 'after push'])
  })

  test('migrate reset replays cleanly, again and again, and keeps the history of every time under a name of its own', async () => {
    await audited.project.prisma(['migrate', 'reset', '--force'])
    expect(await history(audited)).toEqual([])
    await write(audited, 'second life')
    await audited.project.prisma(['migrate', 'reset', '--force'])
    // Nothing was written in the third life: it leaves nothing behind.
    await audited.project.prisma(['migrate', 'reset', '--force'])
    const schemas = await auditSchemas(audited)
    expect(schemas).toEqual([
      'audit',
      expect.stringMatching(/^audit_stale_\d{8}T\d{12}$/),
      expect.stringMatching(/^audit_stale_\d{8}T\d{12}$/),
    ])
    const [, first = '', second = ''] = schemas
    expect(await history(audited, first)).toEqual(['first', 'after push'])
    expect(await history(audited, second)).toEqual(['second life'])
    await write(audited, 'fourth life')
    expect(await history(audited)).toEqual(['fourth life'])
  })
})

describe('after every change of the schema', () => {
  const settings = (list: string) => schema.replace('["username String"]', list)
  const withNote = (text: string) =>
    text.replace('  name String\n', '  name String\n  note String?\n  size Int?\n')
  const moods = (text: string) => text.replace('  CROSS\n', '  CROSS\n  SAD\n')
  const changes: readonly (readonly [string, string, string])[] = [
    [
      'columns and an enum variant added, and a setting',
      moods(withNote(settings('["username String", "reason String?"]'))),
      `ALTER TABLE "Order" ADD COLUMN "note" TEXT, ADD COLUMN "size" INTEGER;
ALTER TYPE "Mood" ADD VALUE 'SAD';\n`,
    ],
    [
      'a migration that changes audited data',
      moods(withNote(settings('["username String", "reason String?"]'))),
      `SELECT set_config('audit.username', 'migration', true);
INSERT INTO "Order" ("name", "note") VALUES ('by a migration', 'first');\n`,
    ],
    [
      'a column dropped, one retyped, an enum variant and a setting gone',
      withNote(settings('["username String"]'))
        .replace('  note String?\n', '')
        .replace('size Int?', 'size BigInt?'),
      `ALTER TABLE "Order" DROP COLUMN "note", ALTER COLUMN "size" SET DATA TYPE BIGINT, ALTER COLUMN "mood" DROP DEFAULT;
ALTER TYPE "Mood" RENAME TO "Mood_old";
CREATE TYPE "Mood" AS ENUM ('CALM', 'CROSS');
ALTER TABLE "Order" ALTER COLUMN "mood" TYPE "Mood" USING ("mood"::text::"Mood");
DROP TYPE "Mood_old";
ALTER TABLE "Order" ALTER COLUMN "mood" SET DEFAULT 'CALM';\n`,
    ],
    [
      'audited no more',
      withNote(schema)
        .replace('  note String?\n', '')
        .replace('size Int?', 'size BigInt?')
        .replace('@audit(enabled)', '@audit(disabled)'),
      '',
    ],
  ]
  let audited: AuditedProject
  let shadow: TestDatabase

  beforeAll(async () => {
    shadow = await createDatabase()
    audited = await useProject({ schema, shadowDatabaseUrl: shadow.url, migrations })
    await generateMigration(audited.project)
    await audited.project.prisma(['migrate', 'dev'])
    return () => shadow.drop()
  })

  test.each(changes)(
    '%s: Prisma proposes nothing, replays on the same shadow database, and sees no audit table',
    async (name, text, sql) => {
      const { project } = audited
      const folder = await project.migrationFiles()
      const last = BigInt(folder.at(-1)?.name.slice(0, 14) ?? 0)
      await project.write('prisma/schema.prisma', text)
      if (sql !== '') await project.write(`prisma/migrations/${last + 1n}_change/migration.sql`, sql)
      await project.prisma(['generate'])
      const written = await project.migrationFiles()
      await project.prisma(['migrate', 'dev', '--name', 'more'])
      expect(await project.migrationFiles()).toEqual(written)
      expect((await project.prisma(['migrate', 'status'])).stdout).toContain('Database schema is up to date!')
      const to = ['--to-schema', project.schemaPath, '--exit-code']
      const { stdout } = await project.prisma(['migrate', 'diff', '--from-config-datasource', ...to])
      expect(stdout.trim()).toBe('No difference detected.')
      const pulled = await project.prisma(['db', 'pull', '--print'])
      expect(pulled.stdout).not.toContain('_audit')
      if (name !== 'audited no more') await write(audited, name)
    },
    240_000,
  )

  test('migrate reset replays all of it, and the shadow database holds no more than one replay', async () => {
    await audited.project.prisma(['migrate', 'reset', '--force'])
    expect(await history(audited)).toEqual(['by a migration'])
    const { stdout } = await audited.project.prisma(['migrate', 'dev'])
    expect(stdout).toContain('Already in sync, no schema change or pending migration was found.')
    expect(
      await shadow.query(`SELECT nspname FROM pg_namespace WHERE nspname ~ '^audit' ORDER BY 1`),
    ).toEqual([{ nspname: 'audit' }, { nspname: 'audit_stale_replay' }])
  }, 240_000)
})

describe('a foreign schema called audit', () => {
  test('stops migrate deploy with our message and what to do, and nothing is half done', async () => {
    const audited = await useProject({ schema, migrations })
    const { database, project } = audited
    await database.query('CREATE SCHEMA audit; CREATE TABLE audit.theirs (); ')
    await generateMigration(project)
    const { stderr } = await project.prisma(['migrate', 'deploy'], { expectFailure: true })
    expect(stderr).toContain('P3018')
    expect(stderr).toContain('schema audit exists already and does not belong to prisma-generator-audit')
    expect(stderr).toContain('HINT: Mark this migration with "npx prisma migrate resolve --rolled-back"')
    expect(
      await database.query(
        `SELECT relname FROM pg_class WHERE relnamespace = 'audit'::regnamespace
         UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'audit'::regnamespace
         UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal`,
      ),
    ).toEqual([{ relname: 'theirs' }])
    await database.query(`INSERT INTO "Order" (name) VALUES ('still possible')`)

    // The way out that the hint names.
    const [, refused] = await project.migrationFiles()
    await project.prisma(['migrate', 'resolve', '--rolled-back', refused?.name ?? ''])
    rmSync(`${project.dir}/prisma/migrations/${refused?.name}`, { recursive: true })
    const renamed = schema.replace('output ', 'schema          = "audit_trail"\n  output ')
    await project.write('prisma/schema.prisma', renamed)
    await generateMigration(project)
    await project.prisma(['migrate', 'deploy'])
    await write(audited, 'recorded')
    expect(await history(audited, 'audit_trail')).toEqual(['recorded'])
  })

  test('stops the replay of migrate dev with our message', async () => {
    const shadow = await createDatabase()
    onTestFinished(() => shadow.drop())
    await shadow.query('CREATE SCHEMA audit')
    const { project } = await useProject({ schema, migrations, shadowDatabaseUrl: shadow.url })
    await generateMigration(project)
    const { stderr } = await project.prisma(['migrate', 'dev'], { expectFailure: true })
    expect(stderr).toContain('P3006')
    expect(stderr).toContain('schema audit exists already and does not belong to prisma-generator-audit')
  })
})
