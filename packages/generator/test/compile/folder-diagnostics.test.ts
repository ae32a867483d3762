import { expect, test } from 'vitest'
import {
  auditedModel,
  compileProject,
  createTable,
  type Migrations,
  schemaOf,
  withNext,
} from './compile-project.ts'

const tableA: Migrations = { '20260101000000_init': createTable('A', 'note') }
const schemaA = schemaOf(auditedModel('A', 'note'))

async function installed(): Promise<Migrations> {
  return withNext(tableA, await compileProject(schemaA, tableA), '20260102000000')
}

/** The audit part's text with one edit; the edit must change something. */
async function editedPart(edit: (sql: string) => string): Promise<Migrations> {
  const migrations = await installed()
  const name = '20260102000000_audit_a'
  const sql = migrations[name] ?? ''
  expect(edit(sql)).not.toBe(sql)
  return { ...migrations, [name]: edit(sql) }
}

test('AUD601: a header whose version is not known stops everything, at its line', async () => {
  const project = await compileProject(
    schemaA,
    await editedPart((sql) => sql.replace(' v1 from=', ' v9 from=')),
  )
  expect(project.migration).toBeUndefined()
  expect(project.text.replace(/[0-9a-f]{16}/g, '<hash>')).toMatchInlineSnapshot(`
    "migrations/20260102000000_audit_a/migration.sql:1:1 - error AUD601: The header of this audit part cannot be read: this version of prisma-generator-audit reads headers "v1 from=<hash>", not "-- prisma-generator-audit v9 from=<hash> text=<hash>".
        1 | -- prisma-generator-audit v9 from=<hash> text=<hash>
          | ^
       The header is the record of what is installed. Restore the file from version control.

    1 error
    "
  `)
})

test('AUD601: a header whose step was edited into no JSON stops everything, at its line', async () => {
  const project = await compileProject(
    schemaA,
    await editedPart((sql) => sql.replace('{"kind":"createAuditTable",', '{"kind":"createAuditTable"')),
  )
  expect(project.migration).toBeUndefined()
  expect(project.diagnostics.map(({ code, place }) => [code, place?.line])).toEqual([['AUD601', 3]])
})

test('AUD601: a step of a kind that is not known stops everything', async () => {
  const project = await compileProject(
    schemaA,
    await editedPart((sql) => sql.replace('"kind":"createSchema"', '"kind":"createScheme"')),
  )
  expect(project.migration).toBeUndefined()
  expect(project.text).toMatchInlineSnapshot(`
    "migrations/20260102000000_audit_a/migration.sql:2:1 - error AUD601: The header of this audit part cannot be read: unknown step "createScheme"; a newer prisma-generator-audit may have written it: update the package.
        2 | -- {"kind":"createScheme","name":"audit","sqlVersion":1}
          | ^
       The header is the record of what is installed. Restore the file from version control.

    1 error
    "
  `)
})

test('AUD602: a part whose start no earlier migration leaves is told, and its functions are emitted anew', async () => {
  const project = await compileProject(
    schemaA,
    await editedPart((sql) => sql.replace(/from=[0-9a-f]{16}/, 'from=0123456789abcdef')),
  )
  expect(project.text.replace(/(leave |text=)[0-9a-f]{16}/g, '$1<hash>')).toMatchInlineSnapshot(`
    "migrations/20260102000000_audit_a/migration.sql:1:1 - warning AUD602: In 20260102000000_audit_a, its audit part starts from state 0123456789abcdef, which no earlier migration leaves (they leave <hash>): a migration is missing or was edited.
        1 | -- prisma-generator-audit v1 from=0123456789abcdef text=<hash>
          | ^
       The next audit migration re-emits the functions of the tables concerned.

    1 warning
    "
  `)
  expect(project.migration?.sql).toContain('CREATE OR REPLACE FUNCTION "audit"."A_audit_capture"()')
})

test('AUD603: a table whose audit table holds the history of another one is an error with both ways out', async () => {
  const named = (name: string) => auditedModel(name, 'note').replace('enabled', 'enabled, table: "history"')
  const folder = withNext(tableA, await compileProject(schemaOf(named('A')), tableA), '20260102000000')
  const project = await compileProject(
    schemaOf(auditedModel('A', 'note').replace('/// @audit(enabled)\n', '') + named('B')),
    {
      ...folder,
      '20260103000000_b': createTable('B', 'note'),
    },
  )
  expect(project.migration).toBeUndefined()
  expect(project.text).toMatchInlineSnapshot(`
    "schema.prisma:16:7 - error AUD603: "public"."B": its audit table "history" holds the history of "public"."A"
       16 | model B {
          |       ^
       Give this model an audit table of its own, @audit(enabled, table: "…"), or drop "public"."A" in a migration first: then this table goes on with its history.

    1 error
    "
  `)
})

test('AUD604: a partitioned table is recorded row by row, whatever its annotation says', async () => {
  const partitioned = createTable('A', 'note').replace(/\);\n$/, ') PARTITION BY RANGE ("id");\n')
  const project = await compileProject(schemaA, { '20260101000000_init': partitioned })
  expect(project.text).toMatchInlineSnapshot(`
    "schema.prisma:12:7 - info AUD604: "public"."A" is partitioned: it is recorded row by row, in whatever partition a row is written
       12 | model A {
          |       ^
       Not recorded: TRUNCATE of a single partition, and what ATTACH, DETACH and DROP bring or take. DELETE leaves a row each.

    1 note
    "
  `)
  expect(project.migration?.sql).toContain('FOR EACH ROW')
  expect(project.migration?.sql).not.toContain('REFERENCING')
})

test('AUD605: a setting that is newly required is a warning, and the migration is there', async () => {
  const project = await compileProject(
    schemaOf(auditedModel('A', 'note'), '["username String", "ticket Int"]'),
    await installed(),
  )
  expect(project.migration?.slug).toBe('a_add_setting_ticket')
  expect(project.text).toMatchInlineSnapshot(`
    "schema.prisma:12:7 - warning AUD605: writes to "public"."A" without audit.ticket will be refused
       12 | model A {
          |       ^
       Deploy the application that sets it first; missingSettings: "record" lets both versions write.

    1 warning
    "
  `)
})

test('AUD605: turning from record to refuse is a warning; a setting with a default is none', async () => {
  const recording = schemaOf(
    auditedModel('A', 'note'),
    '["username String", "app String @default(\\"shop\\")"]',
    'missingSettings = "record"',
  )
  const before = withNext(tableA, await compileProject(recording, tableA), '20260102000000')
  const project = await compileProject(recording.replace('"record"', '"refuse"'), before)
  expect(project.migration?.slug).toBe('a_refuse_missing_settings')
  expect(project.diagnostics.map(({ code, message }) => [code, message])).toEqual([
    ['AUD605', 'writes to "public"."A" without audit.username will be refused'],
  ])
})

test('AUD606: a new key is a warning with the index to build by hand', async () => {
  const keyed = (key: string) =>
    schemaOf(`/// @audit(enabled)\nmodel A {\n  id Int\n  part Int\n\n  @@id([${key}])\n}`)
  const create = (key: string) =>
    `CREATE TABLE "A" ("id" INTEGER NOT NULL, "part" INTEGER NOT NULL, CONSTRAINT "A_pkey" PRIMARY KEY (${key}));\n`
  const start = { '20260101000000_init': create('"id"') }
  const before = withNext(start, await compileProject(keyed('id'), start), '20260102000000')
  const rekeyed = {
    ...before,
    '20260103000000_key':
      'ALTER TABLE "A" DROP CONSTRAINT "A_pkey", ADD CONSTRAINT "A_pkey" PRIMARY KEY ("id", "part");\n',
  }
  const project = await compileProject(keyed('id, part'), rekeyed)
  expect(project.migration?.slug).toBe('a_change_key')
  expect(project.text).toMatchInlineSnapshot(`
    "schema.prisma:12:7 - warning AUD606: the history of "public"."A" has no index on its new key (id, part)
       12 | model A {
          |       ^
       Build one by hand, outside a migration: CREATE INDEX CONCURRENTLY ON "audit"."A_audit" ("id", "part", "audit_id");

    1 warning
    "
  `)
})

test('AUD607: a data change behind the audit part is named with the statement to put first', async () => {
  const project = await compileProject(schemaA, {
    ...(await installed()),
    '20260103000000_backfill': `-- notes\n  UPDATE "A" SET note = 'x';\n`,
  })
  expect(project.migration).toBeUndefined()
  expect(project.text).toMatchInlineSnapshot(`
    "migrations/20260103000000_backfill/migration.sql:2:3 - warning AUD607: This UPDATE on "public"."A" is audited and lacks audit.username: the migration would be refused.
        2 |   UPDATE "A" SET note = 'x';
          |   ^^^^^^^^^^
       Put this statement before it, if the migration is not applied yet:
       SELECT set_config('audit.username', 'migration:20260103000000_backfill', true);

    1 warning
    "
  `)
})

test('AUD607: the statement of the hint, put first, is the cure', async () => {
  const migrations = {
    ...(await installed()),
    '20260103000000_backfill': `UPDATE "A" SET note = 'x';\n`,
  }
  const [problem] = (await compileProject(schemaA, migrations)).diagnostics
  const statement = problem?.hint?.split('\n').at(-1) ?? ''
  const cured = await compileProject(schemaA, {
    ...migrations,
    '20260103000000_backfill': `${statement}\nUPDATE "A" SET note = 'x';\n`,
  })
  expect(cured.diagnostics).toEqual([])
})

test('AUD607: a data change before the audit part is not refused, and not named', async () => {
  const project = await compileProject(schemaA, {
    ...(await installed()),
    '20260101500000_seed': `INSERT INTO "A" VALUES (1, 'x');\n`,
  })
  expect(project.diagnostics).toEqual([])
})

const hidden = `DO $$ BEGIN EXECUTE 'CREATE TABLE "A" (id int PRIMARY KEY, note text)'; END $$;\n`

test('AUD608: a statement that is not interpreted is told while something is missing', async () => {
  const project = await compileProject(schemaA, { '20260101000000_init': hidden })
  expect(project.waiting).toHaveLength(1)
  expect(project.text).toMatchInlineSnapshot(`
    "migrations/20260101000000_init/migration.sql:1:1 - info AUD608: Not interpreted: a DO block that runs SQL that is put together at run time.
        1 | DO $$ BEGIN EXECUTE 'CREATE TABLE "A" (id int PRIMARY KEY, note text)'; END $$;
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       What it creates or drops is not seen. Tables and columns that only such statements create have to wait.

    1 note
    "
  `)
})

test('AUD608: it is not told where nothing is missing', async () => {
  const project = await compileProject(schemaA, {
    ...tableA,
    '20260101500000_dynamic': hidden.replaceAll('"A"', '"B"'),
  })
  expect(project.diagnostics).toEqual([])
  expect(project.migration?.slug).toBe('a')
})

test('problems of the schema and of the folder come together, the folder behind the schema where it can be read', async () => {
  const schema = schemaOf(
    `${auditedModel('A', 'note')}\n/// @audit(enabled)\nmodel B {\n  text String @unique\n}\n`,
  )
  const project = await compileProject(schema, {
    ...(await installed()),
    '20260103000000_b': 'CREATE TABLE "B" ("text" TEXT NOT NULL);\n',
    '20260104000000_backfill': 'DELETE FROM "A";\n',
  })
  expect(project.diagnostics.map(({ code }) => code)).toEqual(['AUD504', 'AUD607'])
  expect(project.migration?.slug).toBe('b')
})
