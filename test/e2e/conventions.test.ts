import { beforeAll, expect, test } from 'vitest'
import { generateMigration, useProject } from './main-path/audited-project.ts'

const schema = `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String", "reason String?"]
  schema          = "History 100%"
  table           = "{schema}.{model} log"
  function        = "on {table} {role}"
  trigger         = "{model}-{operation}"
  settingColumn   = "by {setting}"
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Order {
  id   Int    @id
  name String

  @@map("order")
}

/// @audit(enabled, table: "what_happened", function: "note_{role}", trigger: "zz_{operation}")
model Note {
  id   Int    @id
  text String
}
`

const tables = `CREATE TABLE "order" ("id" INTEGER NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "order_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Note" ("id" INTEGER NOT NULL, "text" TEXT NOT NULL, CONSTRAINT "Note_pkey" PRIMARY KEY ("id"));
`

const audited = await useProject({ schema, migrations: { '20240101000000_init': tables } })
const { database, project } = audited

beforeAll(async () => {
  await generateMigration(project)
  await project.prisma(['migrate', 'deploy'])
})

const names = async (sql: string) => (await database.query<{ name: string }>(sql)).map(({ name }) => name)
const tablesOf = () =>
  names(`SELECT relname AS name FROM pg_class
    WHERE relkind = 'r' AND relnamespace = '"History 100%"'::regnamespace ORDER BY relname COLLATE "C"`)
const functions = () =>
  names(`SELECT proname AS name FROM pg_proc
    WHERE pronamespace = '"History 100%"'::regnamespace AND prorettype = 'trigger'::regtype
    ORDER BY proname COLLATE "C"`)
const triggers = (table: string) =>
  names(`SELECT tgname AS name FROM pg_trigger
    WHERE tgrelid = '${table}'::regclass AND NOT tgisinternal ORDER BY tgname COLLATE "C"`)
const columns = (table: string) =>
  names(`SELECT attname AS name FROM pg_attribute
    WHERE attrelid = '${table}'::regclass AND attnum > 6 ORDER BY attnum`)
const history = (table: string) =>
  names(`SELECT concat_ws(' ', audit_operation, "by username", "by reason", id, name) AS name
    FROM "History 100%".${table} ORDER BY audit_id`)

test('audit objects live in the schema of the option "schema", and no schema "audit" is made', async () => {
  expect(
    await names(`SELECT nspname AS name FROM pg_namespace WHERE nspname IN ('audit', 'History 100%')`),
  ).toEqual(['History 100%'])
})

test('the template "table" names the audit tables, and a model may name its own', async () => {
  expect(await tablesOf()).toEqual(['public.Order log', 'what_happened'])
})

test('the template "function" names the functions, and a model may name its own', async () => {
  expect(await functions()).toEqual([
    'append_only',
    'note_capture',
    'note_key',
    'note_truncate',
    'on order capture',
    'on order key',
    'on order truncate',
  ])
})

test('the template "trigger" names the triggers, and a model may name its own', async () => {
  expect(await triggers('"order"')).toEqual([
    'Order-delete',
    'Order-insert',
    'Order-key',
    'Order-truncate',
    'Order-update',
  ])
  expect(await triggers('"Note"')).toEqual(['zz_delete', 'zz_insert', 'zz_key', 'zz_truncate', 'zz_update'])
})

test('the template "settingColumn" names the settings\' columns; the settings keep their names', async () => {
  expect(await columns('"History 100%"."public.Order log"')).toEqual([
    'by username',
    'by reason',
    'id',
    'name',
  ])
  expect(await project.read('generated/audit/index.ts')).toContain('readonly username: string')
})

test('under any names every kind of write is recorded', async () => {
  await database.query(`BEGIN; SELECT "History 100%".set_context('{"username": "ann", "reason": "names"}');
    INSERT INTO "order" VALUES (1, 'a'); UPDATE "order" SET name = 'b'; UPDATE "order" SET id = 2;
    DELETE FROM "order"; INSERT INTO "order" VALUES (3, 'c'); TRUNCATE "order";
    INSERT INTO "Note" VALUES (1, 'x'); COMMIT`)
  expect(await history('"public.Order log"')).toEqual([
    'I ann names 1 a',
    'U ann names 1 b',
    'D ann names 1 b',
    'U ann names 2 b',
    'D ann names 2 b',
    'I ann names 3 c',
    'D ann names 3 c',
  ])
  expect(
    await names(`SELECT concat_ws(' ', audit_operation, "by username", id, text) AS name
      FROM "History 100%".what_happened ORDER BY audit_id`),
  ).toEqual(['I ann 1 x'])
})

test('a refusal under another schema name says how to set the context there', async () => {
  await expect(database.query(`INSERT INTO "order" VALUES (9, 'refused')`)).rejects.toMatchObject({
    code: 'AU001',
    hint: expect.stringContaining(`SELECT "History 100%".set_context('{"username": "..."}')`),
  })
})

test('the hint of a refusal is SQL that runs', async () => {
  const error = await database.query(`INSERT INTO "order" VALUES (9, 'refused')`).catch((caught) => caught)
  const [statement = ''] = /SELECT "[^"]*"\.set_context\('[^']*'\)/.exec(error.hint) ?? []
  await expect(database.query(statement)).resolves.toHaveLength(1)
})

test('a second generate finds that all is as the templates say', async () => {
  const before = await project.migrationFiles()
  await project.prisma(['generate'])
  expect(await project.migrationFiles()).toEqual(before)
})

test('a template changed after the installation renames the audit table, and its history and every later write are in it', async () => {
  const past = (await history('"public.Order log"')).length
  expect(past).toBeGreaterThan(0)
  await project.write(
    'prisma/schema.prisma',
    schema.replace('table           = "{schema}.{model} log"', 'table           = "{model}_history"'),
  )
  await generateMigration(project)
  await project.prisma(['migrate', 'deploy'])
  expect(await tablesOf()).toEqual(['Order_history', 'what_happened'])
  await database.query(`BEGIN; SELECT "History 100%".set_context('{"username": "bob"}');
    INSERT INTO "order" VALUES (4, 'd'); COMMIT`)
  const now = await history('"Order_history"')
  expect(now).toHaveLength(past + 1)
  expect(now.at(-1)).toBe('I bob 4 d')
})
