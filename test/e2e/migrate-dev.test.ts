import { spawnSync } from 'node:child_process'
import { describe, expect, test, vi } from 'vitest'
import {
  expectSettled,
  installedProject,
  startWriter,
  type WrappedProject,
  wrappedProject,
} from './migrate/wrapped-project.ts'

// Each runs Prisma's command line up to ten times.
vi.setConfig({ testTimeout: 240_000 })

const order = (fields = '', annotation = '@audit(enabled)') => `/// ${annotation}
model Order {
  id   Int    @id @default(autoincrement())
  name String
${fields}}
`
const createOrder = (
  columns = '',
) => `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL,${columns}
  CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`
const withNote = order('  note String?\n')
const INSERT = `INSERT INTO "Order" (name) VALUES ('a')`

const lastMigration = async ({ project }: WrappedProject) => {
  const last = (await project.migrationFiles()).at(-1)
  if (last === undefined) throw new Error('no migration')
  return last
}
const write = ({ database }: WrappedProject, statement: string) =>
  database.query(`BEGIN; SET LOCAL audit.username = 'ann'; ${statement}; COMMIT`)
const history = ({ database }: WrappedProject, columns: string) =>
  database.query(`SELECT ${columns} FROM audit."Order_audit" ORDER BY audit_id`)

describe('the audit part goes into the one migration that Prisma makes', () => {
  test('a model and its audit are one migration, and afterwards nobody proposes anything', async () => {
    const wrapped = await wrappedProject(order())
    const { exitCode, stdout } = await wrapped.audit(['migrate', 'dev', '--name', 'init'])
    const { name, sql, files } = await lastMigration(wrapped)
    expect(exitCode).toBe(0)
    expect(stdout).toContain(`audit: wrote the audit part into prisma/migrations/${name}/migration.sql`)
    expect(stdout).toContain('Next: npx prisma generate')
    expect(name).toMatch(/^\d{14}_init$/)
    expect(files).toEqual(['down.sql', 'migration.sql'])
    expect(sql).not.toMatch(/^COMMIT;/m)
    await write(wrapped, INSERT)
    expect(await history(wrapped, 'audit_username, name')).toEqual([{ audit_username: 'ann', name: 'a' }])
    await expectSettled(wrapped)
  })

  test('a column is dropped while open connections go on writing: no write fails, and Prisma asks its question', async () => {
    const wrapped = await installedProject(withNote, createOrder('"note" TEXT,'))
    await write(wrapped, `INSERT INTO "Order" (name, note) VALUES ('old', 'x')`)
    const writer = startWriter(wrapped.database, INSERT, `UPDATE "Order" SET name = 'b' WHERE id = 1`)
    await writer.next()
    await wrapped.models(order())
    const answers = [{ when: 'Are you sure you want to create this migration?', type: 'y' }]
    const { exitCode, stdout } = await wrapped.audit(['migrate', 'dev', '--name', 'drop_note'], { answers })
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('… yes')])
    await writer.next()
    expect(writer.errors).toEqual([])
    expect((await history(wrapped, 'name, note'))[0]).toEqual({ name: 'old', note: 'x' })
    const [{ equal } = {}] = await wrapped.database.query(
      `SELECT (SELECT count(*) FROM "Order") =
        (SELECT count(*) FROM audit."Order_audit" WHERE audit_operation = 'I') AS equal`,
    )
    expect(equal).toBe(true)
    await expectSettled(wrapped)
  })

  test('a key gets another type while it is written: every change of a key is recorded, as the end of one row and the begin of another', async () => {
    // Prisma makes a column that counts by itself BIGSERIAL, which is no type: so this one does not.
    const numbered = order().replace(' @default(autoincrement())', '')
    const wrapped = await installedProject(numbered, createOrder().replace('SERIAL', 'INTEGER'))
    await wrapped.database.query('CREATE SEQUENCE numbers')
    const insert = `INSERT INTO "Order" (id, name) VALUES (nextval('numbers'), 'a')`
    const move = `UPDATE "Order" SET id = id + 100000, name = 'b'
      WHERE id = (SELECT id FROM "Order" WHERE name = 'a' LIMIT 1 FOR UPDATE SKIP LOCKED)`
    await write(wrapped, insert)
    const writer = startWriter(wrapped.database, insert, move)
    await writer.next()
    await wrapped.models(numbered.replace('Int ', 'BigInt '))
    const answers = [{ when: 'Are you sure you want to create this migration?', type: 'y' }]
    const { exitCode, stdout } = await wrapped.audit(['migrate', 'dev', '--name', 'bigint'], { answers })
    await writer.next()
    expect([exitCode, writer.errors], stdout).toEqual([0, []])
    expect((await lastMigration(wrapped)).sql).toMatch(/^-- Added by prisma-generator-audit: a key changes/)
    const [counts] = await wrapped.database.query(
      `SELECT (SELECT count(*) FROM "Order" WHERE id > 100000)::int AS live,
         (SELECT count(*) FROM audit."Order_audit" WHERE audit_operation = 'U')::int AS moved,
         (SELECT count(*) FROM audit."Order_audit" WHERE audit_operation = 'D')::int AS ended`,
    )
    expect(counts?.live).toBeGreaterThan(0)
    expect(counts).toEqual({ live: counts?.live, moved: counts?.live, ended: counts?.live })
    const types = `SELECT atttypid::regtype::text AS type FROM pg_attribute WHERE attrelid = '"Order"'::regclass AND attname = 'id'`
    expect(await wrapped.database.query(types)).toEqual([{ type: 'bigint' }])
  })

  test('an enum loses a value: open connections go on writing over the COMMIT that Prisma puts in between', async () => {
    const mood = (values: string) =>
      `${order('  mood Mood @default(CALM)\n')}enum Mood {\n  CALM\n${values}}\n`
    const createMood = `CREATE TYPE "Mood" AS ENUM ('CALM', 'CROSS', 'ODD');\n`
    const tables = createMood + createOrder(`"mood" "Mood" NOT NULL DEFAULT 'CALM',`)
    const wrapped = await installedProject(mood('  CROSS\n  ODD\n'), tables)
    const writer = startWriter(wrapped.database, INSERT)
    await writer.next()
    await wrapped.models(mood('  CROSS\n'))
    const answers = [{ when: 'Are you sure you want to create this migration?', type: 'y' }]
    const { exitCode, stdout } = await wrapped.audit(['migrate', 'dev', '--name', 'less_odd'], { answers })
    await writer.next()
    expect([exitCode, writer.errors], stdout).toEqual([0, []])
    expect((await lastMigration(wrapped)).sql).toMatch(
      /ALTER FUNCTION [\s\S]*?-- End of what was added\.\s+COMMIT;/,
    )
    await expectSettled(wrapped)
  })

  test('a pending migration is applied first, and what it lacks comes in the new one', async () => {
    const wrapped = await installedProject(order(), createOrder())
    await wrapped.project.write(
      'prisma/migrations/20240102000000_note/migration.sql',
      'ALTER TABLE "Order" ADD COLUMN "note" TEXT;\n',
    )
    await wrapped.project.prisma(['migrate', 'deploy'])
    await wrapped.models(order('  note String?\n  more String?\n'))
    await wrapped.audit(['migrate', 'dev', '--name', 'more'])
    await write(wrapped, `INSERT INTO "Order" (name, note, more) VALUES ('a', 'n', 'm')`)
    expect(await history(wrapped, 'note, more')).toEqual([{ note: 'n', more: 'm' }])
  })

  test('tables that the migration does not touch get one of their own beside it', async () => {
    const tag = (annotation: string) => `/// ${annotation}\nmodel Tag {\n  name String @id\n}\n`
    const createTag =
      'CREATE TABLE "Tag" ("name" TEXT NOT NULL, CONSTRAINT "Tag_pkey" PRIMARY KEY ("name"));\n'
    const wrapped = await installedProject(order() + tag('@audit(disabled)'), createOrder() + createTag)
    await wrapped.models(withNote + tag('@audit(enabled)'))
    const { exitCode, stdout } = await wrapped.audit(['migrate', 'dev', '--name', 'note'])
    const names = (await wrapped.project.migrationFiles()).map(({ name }) => name)
    expect(exitCode).toBe(0)
    expect(names.slice(1)).toEqual([expect.stringMatching(/_note$/), expect.stringMatching(/_audit_tag$/)])
    expect(stdout).toContain(`audit: wrote prisma/migrations/${names[2]}`)
    await write(wrapped, `INSERT INTO "Tag" VALUES ('red')`)
    expect(await wrapped.database.query('SELECT name FROM audit."Tag_audit"')).toEqual([{ name: 'red' }])
  })
})

describe('where Prisma has nothing to migrate', () => {
  test('and the audit neither, nothing is left behind', async () => {
    const wrapped = await installedProject(order(), createOrder())
    const before = await wrapped.project.migrationFiles()
    const { exitCode, stdout } = await wrapped.audit(['migrate', 'dev', '--name', 'nothing'])
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('audit: nothing to migrate')])
    expect(await wrapped.project.migrationFiles()).toEqual(before)
  })

  test('the audit has a migration of its own, under the name that was given or else one that says what it does', async () => {
    const wrapped = await installedProject(order(), createOrder())
    await wrapped.models(order('', '@audit(enabled, truncate: refuse)'))
    await wrapped.audit(['migrate', 'dev', '--name', 'no_truncate'])
    const given = await lastMigration(wrapped)
    await wrapped.models(order())
    const { exitCode } = await wrapped.audit(['migrate', 'dev'])
    const found = await lastMigration(wrapped)
    expect([exitCode, given.name, found.name]).toEqual([
      0,
      expect.stringMatching(/^\d{14}_no_truncate$/),
      expect.stringMatching(/^\d{14}_audit_order_record_truncate$/),
    ])
    expect(given.sql).toMatch(/^-- prisma-generator-audit v1 /)
  })
})

describe('a draft made with --create-only', () => {
  test('has its audit part, and when it is edited to a RENAME, the same command makes the part anew and applies it', async () => {
    const wrapped = await installedProject(withNote, createOrder('"note" TEXT,'))
    const writer = startWriter(wrapped.database, INSERT)
    await writer.next()
    await wrapped.models(order('  remark String?\n'))
    await wrapped.audit(['migrate', 'dev', '--create-only', '--name', 'rename'])
    const draft = await lastMigration(wrapped)
    expect(draft.sql).toContain('"kind":"retireColumn"')
    const path = `prisma/migrations/${draft.name}/migration.sql`
    const statement = /ALTER TABLE "Order" DROP COLUMN "note",\s+ADD COLUMN\s+"remark" TEXT;/
    expect(draft.sql).toMatch(statement)
    await wrapped.project.write(
      path,
      draft.sql.replace(statement, 'ALTER TABLE "Order" RENAME COLUMN "note" TO "remark";'),
    )
    const { exitCode, stdout } = await wrapped.audit(['migrate', 'dev'])
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringContaining(`audit: wrote the audit part into ${path}`),
    ])
    await writer.next()
    expect(writer.errors).toEqual([])
    const { name, sql } = await lastMigration(wrapped)
    expect(name).toBe(draft.name)
    expect(sql).toContain('"kind":"renameColumn"')
    await write(wrapped, `INSERT INTO "Order" (name, remark) VALUES ('a', 'r')`)
    expect(await wrapped.database.query(`SELECT name FROM audit."Order_audit" WHERE remark = 'r'`)).toEqual([
      { name: 'a' },
    ])
    await expectSettled(wrapped)
  })

  test('that PostgreSQL runs outside of transactions only stays alone, and what is audited besides gets a migration of its own', async () => {
    const wrapped = await installedProject(order(), createOrder())
    const path = 'prisma/migrations/20240102000000_index/migration.sql'
    const index = 'CREATE INDEX CONCURRENTLY "Order_name_idx" ON "Order"("name");\n'
    await wrapped.project.write(path, index)
    await wrapped.models(order('  @@index([name])\n', '@audit(enabled, truncate: refuse)'))
    const { exitCode, stderr } = await wrapped.audit(['migrate', 'dev'])
    expect([exitCode, stderr]).toEqual([0, expect.anything()])
    expect(await wrapped.project.read(path)).toBe(index)
    expect((await lastMigration(wrapped)).name).toMatch(/_audit_order_refuse_truncate$/)
    await expect(write(wrapped, 'TRUNCATE "Order"')).rejects.toMatchObject({ code: 'AU003' })
  })

  test('that drops a column declared as renamed is not applied, and the statement that keeps its values is named', async () => {
    const wrapped = await installedProject(withNote, createOrder('"note" TEXT,'))
    await wrapped.models(order('  /// @audit(renamedFrom: "note")\n  remark String?\n'))
    const { exitCode, stderr } = await wrapped.audit(['migrate', 'dev', '--name', 'rename'])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('every row would lose its value')])
    const statement = 'ALTER TABLE "public"."Order" RENAME COLUMN "note" TO "remark";'
    expect(stderr).toContain(statement)
    const { name, sql } = await lastMigration(wrapped)
    const edited = sql.replace(/ALTER TABLE "Order" DROP[\s\S]*?;/, statement)
    await wrapped.project.write(`prisma/migrations/${name}/migration.sql`, edited)
    await write(wrapped, `INSERT INTO "Order" (name, note) VALUES ('kept', 'k')`)
    expect((await wrapped.audit(['migrate', 'dev'])).exitCode).toBe(0)
    expect(await wrapped.database.query('SELECT remark FROM "Order"')).toEqual([{ remark: 'k' }])
    expect(await history(wrapped, 'remark')).toEqual([{ remark: 'k' }])
  })

  test('with data changes gets their context, so that the replay does not refuse them', async () => {
    const wrapped = await installedProject(order(), createOrder())
    await write(wrapped, INSERT)
    await wrapped.audit(['migrate', 'dev', '--create-only', '--name', 'fix'])
    const { name } = await lastMigration(wrapped)
    await wrapped.project.write(
      `prisma/migrations/${name}/migration.sql`,
      `UPDATE "Order" SET name = 'fixed';\n`,
    )
    const { exitCode } = await wrapped.audit(['migrate', 'dev'])
    expect(exitCode).toBe(0)
    expect((await history(wrapped, 'audit_username, name')).at(-1)).toEqual({
      audit_username: `migration:${name}`,
      name: 'fixed',
    })
  })

  test('is not touched once it is applied, nor when it is in version control', async () => {
    const wrapped = await installedProject(order(), createOrder())
    const path = (name: string) => `prisma/migrations/${name}/migration.sql`
    const [{ name = '', sql = '' } = {}] = await wrapped.project.migrationFiles()
    const applied = sql.replace('"name" TEXT', '"name" text')
    await wrapped.project.write(path(name), applied)
    await wrapped.audit(['migrate', 'dev', '--name', 'nothing'])
    expect((await wrapped.project.migrationFiles()).map((each) => each.sql)).toEqual([applied])
    await wrapped.project.write(path(name), sql)

    await wrapped.models(withNote)
    await wrapped.audit(['migrate', 'dev', '--create-only', '--name', 'note'])
    const draft = await lastMigration(wrapped)
    const edited = `SELECT 1;\n${draft.sql}`
    await wrapped.project.write(path(draft.name), edited)
    spawnSync('git', ['add', 'prisma'], { cwd: wrapped.project.dir })
    const { exitCode, stderr } = await wrapped.audit(['migrate', 'dev'])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`git rm --cached ${path(draft.name)}`)])
    expect((await lastMigration(wrapped)).sql).toBe(edited)
  })
})

describe('what goes wrong leaves a clear way on', () => {
  test('an error in the schema stops before anything is made, with its place', async () => {
    const wrapped = await wrappedProject(order('', '@audit(enabld)'))
    const { exitCode, stderr, stdout } = await wrapped.audit(['migrate', 'dev', '--name', 'init'])
    expect([exitCode, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/prisma\/schema\.prisma:\d+:\d+/)
    expect(await wrapped.project.migrationFiles()).toEqual([])
  })

  test('a question answered with no, and Ctrl-C, end as they end Prisma, and leave nothing', async () => {
    const wrapped = await installedProject(withNote, createOrder('"note" TEXT,'))
    await write(wrapped, `INSERT INTO "Order" (name, note) VALUES ('old', 'x')`)
    const before = await wrapped.project.migrationFiles()
    await wrapped.models(order())
    for (const type of ['n', '\u0003']) {
      const answers = [{ when: 'Are you sure you want to create this migration?', type }]
      const { exitCode } = await wrapped.audit(['migrate', 'dev', '--name', 'drop'], { answers })
      expect(exitCode).toBe(130)
    }
    expect(await wrapped.project.migrationFiles()).toEqual(before)
  })

  test('without a database, Prisma says so, its exit code passes through, and nothing is left', async () => {
    const wrapped = await wrappedProject(order())
    const env = { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' }
    const { exitCode, stderr } = await wrapped.audit(['migrate', 'dev', '--name', 'init'], { env })
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('P1001')])
    expect(await wrapped.project.migrationFiles()).toEqual([])
  })

  test('a migration that fails on the database stays, and the steps that are then named lead on', async () => {
    const wrapped = await installedProject(withNote, createOrder('"note" TEXT,'))
    await write(wrapped, INSERT)
    // Rows break it, and the shadow database has none.
    await wrapped.models(order('  note String?\n  more String?\n'))
    await wrapped.audit(['migrate', 'dev', '--create-only', '--name', 'more'])
    const { name, sql } = await lastMigration(wrapped)
    const path = `prisma/migrations/${name}/migration.sql`
    const check = `ALTER TABLE "Order" ADD CHECK ("note" IS NOT NULL);\n`
    await wrapped.project.write(path, check + sql)
    const failed = await wrapped.audit(['migrate', 'dev'])
    expect([failed.exitCode, failed.stderr]).toEqual([1, expect.stringContaining('P3018')])
    expect(failed.stderr).toContain(`Next: npx prisma migrate resolve --rolled-back ${name}`)
    await wrapped.project.prisma(['migrate', 'resolve', '--rolled-back', name])
    await wrapped.project.write(path, (await wrapped.project.read(path)).replace(check, ''))
    const { exitCode } = await wrapped.audit(['migrate', 'dev'])
    expect(exitCode).toBe(0)
    await write(wrapped, `INSERT INTO "Order" (name, more) VALUES ('a', 'm')`)
    expect((await history(wrapped, 'more')).at(-1)).toEqual({ more: 'm' })
  })

  test('a migration that fails in the replay stays, and the database is as it was', async () => {
    const wrapped = await installedProject(order(), createOrder())
    await wrapped.models(withNote)
    await wrapped.audit(['migrate', 'dev', '--create-only', '--name', 'note'])
    const { name, sql } = await lastMigration(wrapped)
    await wrapped.project.write(`prisma/migrations/${name}/migration.sql`, `SELECT 1 / 0;\n${sql}`)
    const { exitCode, stderr } = await wrapped.audit(['migrate', 'dev'])
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('P3006')])
    expect(stderr).toContain(`correct prisma/migrations/${name}/migration.sql and run`)
    const columns = `SELECT column_name FROM information_schema.columns WHERE table_name = 'Order' AND column_name = 'note'`
    expect(await wrapped.database.query(columns)).toEqual([])
  })
})
