import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { diagnoseMarks } from '../../src/diagnose-risks.ts'
import { readMigrationsFolder } from '../../src/migration/read-migrations-folder.ts'
import {
  auditedModel,
  type CompiledProject,
  compileProject,
  createTable,
  type Migrations,
} from './compile-project.ts'
import { apply, audited, followed, history, schemaWith, steps } from './follow-project.ts'

const schema = schemaWith(auditedModel('A', 'a', 'b'))
const init = createTable('A', 'a', 'b')

async function after(sql: string): Promise<Migrations> {
  return { ...(await audited(schema, init)), '20260103000000_change': `-- a change\n${sql}\n` }
}

const said = ({ diagnostics }: CompiledProject) =>
  diagnostics.map(({ code, severity, place }) => [code, severity, place?.file.split('/')[1], place?.line])
const AT = '20260103000000_change'

test('AUD610: what a dropped and a renamed column put at risk is said where it happened, with what to do', async () => {
  const folder = await after('ALTER TABLE "A" DROP COLUMN "a";\nALTER TABLE "A" RENAME COLUMN "b" TO "c";')
  const { project } = await followed(schemaWith(auditedModel('A', 'c')), folder)
  expect(project.text).toMatchInlineSnapshot(`
    "migrations/20260103000000_change/migration.sql:2:1 - warning AUD610: Every write to "public"."A" fails from this migration on until the next audit migration is applied: it drops the column "a".
        2 | ALTER TABLE "A" DROP COLUMN "a";
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       Deploy this migration and the audit migration together. Next time: npx prisma-generator-audit migrate dev --name <name>, which puts both into one.

    migrations/20260103000000_change/migration.sql:3:1 - warning AUD610: Every write to "public"."A" fails from this migration on until the next audit migration is applied: it renames the column "b".
        3 | ALTER TABLE "A" RENAME COLUMN "b" TO "c";
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       Deploy this migration and the audit migration together. Next time: npx prisma-generator-audit migrate dev --name <name>, which puts both into one.

    2 warnings
    "
  `)
})

test('AUD611: what a retyped column puts at risk', async () => {
  const folder = await after('ALTER TABLE "A" ALTER COLUMN "a" TYPE INTEGER USING 1;')
  const { project } = await followed(schemaWith(auditedModel('A', 'b').replace('b ', 'a Int?\n  b ')), folder)
  expect(project.text).toMatchInlineSnapshot(`
    "migrations/20260103000000_change/migration.sql:2:1 - warning AUD611: Open connections may fail to write to "public"."A" from this migration on until the next audit migration is applied: it gives the column "a" another type.
        2 | ALTER TABLE "A" ALTER COLUMN "a" TYPE INTEGER USING 1;
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       Deploy this migration and the audit migration together. Next time: npx prisma-generator-audit migrate dev --name <name>, which puts both into one.

    1 warning
    "
  `)
})

test('AUD612: what a renamed table puts at risk', async () => {
  const { project } = await followed(
    schemaWith(auditedModel('B', 'a', 'b')),
    await after('ALTER TABLE "A" RENAME TO "B";'),
  )
  expect(project.text).toMatchInlineSnapshot(`
    "migrations/20260103000000_change/migration.sql:2:1 - warning AUD612: "public"."B" goes on being recorded under its old name "A", and TRUNCATE fails, from this migration on until the next audit migration is applied.
        2 | ALTER TABLE "A" RENAME TO "B";
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       Deploy this migration and the audit migration together. Next time: npx prisma-generator-audit migrate dev --name <name>, which puts both into one.

    1 warning
    "
  `)
})

test('AUD613: what a table that is dropped and created puts at risk, under its own name and under another', async () => {
  const same = await followed(schema, await after(`DROP TABLE "A";\n${init}`))
  expect(same.project.text).toMatchInlineSnapshot(`
    "migrations/20260103000000_change/migration.sql:2:1 - warning AUD613: Writes to "public"."A" are not recorded from this migration on until the next audit migration is applied: it drops "A", and the triggers with it.
        2 | DROP TABLE "A";
          | ^^^^^^^^^^^^^^^
       Deploy this migration and the audit migration together. Next time: npx prisma-generator-audit migrate dev --name <name>, which puts both into one.

    1 warning
    "
  `)
  const renamed = auditedModel('B', 'a', 'b').replace('enabled', 'enabled, renamedFrom: "A"')
  const other = await followed(
    schemaWith(renamed),
    await after(`DROP TABLE "A";\n${init.replaceAll('"A', '"B')}`),
  )
  expect(said(other.project)).toEqual([['AUD613', 'warning', AT, 2]])
})

test('a table or a column that goes for good with its model is at no risk; a column that comes, neither', async () => {
  expect(said((await followed(schemaWith(''), await after('DROP TABLE "A";'))).project)).toEqual([
    ['AUD508', 'info', undefined, undefined],
  ])
  const added = await followed(
    schemaWith(auditedModel('A', 'a', 'b', 'c')),
    await after('ALTER TABLE "A" ADD COLUMN "c" TEXT;'),
  )
  expect(said(added.project)).toEqual([])
})

test('what was at risk is said while the audit part is written, and no more', async () => {
  const folder = await after('ALTER TABLE "A" DROP COLUMN "a";')
  const { project, done } = await followed(schemaWith(auditedModel('A', 'b')), folder)
  expect(said(project)).toEqual([['AUD610', 'warning', AT, 2]])
  expect(said(await compileProject(schemaWith(auditedModel('A', 'b')), done))).toEqual([])
})

test.each([
  [
    'exchanged',
    'ALTER TABLE "A" RENAME COLUMN "a" TO "t"; ALTER TABLE "A" RENAME COLUMN "b" TO "a"; ALTER TABLE "A" RENAME COLUMN "t" TO "b";',
    2,
  ],
  ['dropped and added', 'ALTER TABLE "A" DROP COLUMN "a"; ALTER TABLE "A" ADD COLUMN "a" TEXT;', 1],
])(
  'AUD619: names of columns that are %s make writes not fail but go to the wrong one',
  async (_, sql, count) => {
    const { project } = await followed(schema, await after(sql))
    expect(said(project)).toEqual(Array.from({ length: count }, () => ['AUD619', 'warning', AT, 2]))
  },
)

test('AUD614: triggers that stay disabled are put back, and the gap is said until then', async () => {
  const folder = await after('ALTER TABLE "A" DISABLE TRIGGER audit_insert;')
  const { project, done } = await followed(schema, folder)
  expect(steps(project)).toEqual(['resumeTable A'])
  expect(project.text).toMatchInlineSnapshot(`
    "migrations/20260103000000_change/migration.sql:2:1 - warning AUD614: While these triggers are disabled, no write to "public"."A" is recorded.
        2 | ALTER TABLE "A" DISABLE TRIGGER audit_insert;
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       The next audit migration makes them anew.

    1 warning
    "
  `)
  expect(said(await compileProject(schema, done))).toEqual([])
})

test('AUD614: triggers that are enabled again need no migration, but the gap is said', async () => {
  const project = await compileProject(
    schema,
    await after('ALTER TABLE "A" DISABLE TRIGGER ALL;\nALTER TABLE "A" ENABLE TRIGGER ALL;'),
  )
  expect(steps(project)).toEqual([])
  expect(said(project)).toEqual([['AUD614', 'info', AT, 2]])
  const others = await after('ALTER TABLE "A" DISABLE TRIGGER mine;')
  expect(said(await compileProject(schema, others))).toEqual([])
})

test('AUD614: a function of ours that is dropped is put back', async () => {
  const { project } = await followed(schema, await after('DROP FUNCTION audit."A_audit_capture" CASCADE;'))
  expect(steps(project)).toEqual(['resumeTable A'])
  expect(said(project)).toEqual([['AUD614', 'warning', AT, 2]])
})

test.each([
  ['an ALTER', 'ALTER FUNCTION audit."A_audit_capture"() SECURITY INVOKER;'],
  [
    'another body',
    'CREATE OR REPLACE FUNCTION audit."A_audit_capture"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;',
  ],
])('AUD614: a function of ours that gets %s is made anew', async (_, sql) => {
  const { project, done } = await followed(schema, await after(sql))
  expect(said(project)).toEqual([['AUD614', 'warning', AT, 2]])
  expect(steps(project)).toEqual(['resumeTable A'])
  const database = await apply(done, { '20260104': `INSERT INTO "A" VALUES (1, 'a', 'b')` })
  expect(await history(database, 'audit."A_audit"', 'id')).toEqual([{ op: 'I', id: 1 }])
  const [defined] = await database.query<{ definer: boolean }>(
    `SELECT prosecdef AS definer FROM pg_proc WHERE oid = 'audit."A_audit_capture"'::regproc`,
  )
  expect(defined).toEqual({ definer: true })
  expect(said(await compileProject(schema, done))).toEqual([])
  await database.drop()
})

test.each([
  'DROP FUNCTION audit."A_audit_capture_row"() CASCADE;',
  'ALTER FUNCTION audit."A_audit_capture_row"() SECURITY INVOKER;',
])('AUD614: at level row the function has another name, and is made anew too: %s', async (sql) => {
  const byRow = schema.replace('@audit(enabled)', '@audit(enabled, level: row)')
  const folder = { ...(await audited(byRow, init)), '20260103000000_change': `-- a change\n${sql}\n` }
  const { project, done } = await followed(byRow, folder)
  expect(said(project)).toEqual([['AUD614', 'warning', AT, 2]])
  expect(steps(project)).toEqual(['resumeTable A'])
  const database = await apply(done, { '20260104': `INSERT INTO "A" VALUES (1, 'a', 'b')` })
  expect(await history(database, 'audit."A_audit"', 'id')).toEqual([{ op: 'I', id: 1 }])
  await database.drop()
})

test.each([
  [
    'a trigger',
    'ALTER TRIGGER audit_insert ON "A" RENAME TO mine;',
    'ALTER TRIGGER mine ON "A" RENAME TO audit_insert;',
  ],
  [
    'an audit table',
    'ALTER TABLE audit."A_audit" RENAME TO old;',
    'ALTER TABLE audit.old RENAME TO "A_audit";',
  ],
  [
    'a column of an audit table',
    'ALTER TABLE audit."A_audit" RENAME COLUMN audit_operation TO op;',
    'ALTER TABLE audit."A_audit" RENAME COLUMN op TO audit_operation;',
  ],
  ['the audit schema', 'ALTER SCHEMA audit RENAME TO trail;', 'ALTER SCHEMA trail RENAME TO audit;'],
  [
    'a function',
    'ALTER FUNCTION audit."A_audit_capture"() RENAME TO other;',
    'ALTER FUNCTION audit.other() RENAME TO "A_audit_capture";',
  ],
  [
    'a column that is dropped',
    'ALTER TABLE audit."A_audit" DROP COLUMN b;',
    'ALTER TABLE audit."A_audit" ADD COLUMN b text;',
  ],
])('AUD614: %s that gets another name by hand is said until it has its own again', async (_, away, back) => {
  const risen = await compileProject(schema, await after(away))
  expect(said(risen)).toEqual([['AUD614', 'warning', AT, 2]])
  expect(steps(risen)).toEqual([])
  const undone = await compileProject(schema, { ...(await after(away)), '20260104000000_back': back })
  expect(said(undone)).toEqual([['AUD614', 'info', AT, 2]])
  expect(steps(undone)).toEqual([])
  const database = await apply(
    { ...(await after(away)), '20260104000000_back': back },
    {
      '20260104': `INSERT INTO "A" VALUES (1, 'a', 'b')`,
    },
  )
  expect(await history(database, 'audit."A_audit"', 'id')).toEqual([{ op: 'I', id: 1 }])
  await database.drop()
})

test.each([
  [`SET session_replication_role = replica; UPDATE "A" SET note = 'x';`, 'warning'],
  [`SET LOCAL session_replication_role = replica; UPDATE "A" SET note = 'x';`, 'info'],
  [
    `SET session_replication_role = replica; UPDATE "A" SET note = 'x'; RESET session_replication_role;`,
    'info',
  ],
])('AUD614: triggers that do not fire, for the session or a moment: %s', async (sql, severity) => {
  const project = await compileProject(schema, await after(sql))
  expect(said(project).filter(([code]) => code === 'AUD614')).toEqual([['AUD614', severity, AT, 2]])
  expect(steps(project)).toEqual([])
})

test("AUD614: what is an application's own in the audit schema is none of its business", async () => {
  const sql = `CREATE INDEX own ON audit."A_audit" (audit_username);
CREATE TABLE audit.mine (id int); ALTER TABLE audit.mine RENAME COLUMN id TO nr; ALTER TABLE audit.mine RENAME TO yours;
CREATE FUNCTION audit.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION audit.mine() RENAME TO yours;
GRANT SELECT ON audit."A_audit" TO CURRENT_USER;`
  const project = await compileProject(schema, await after(sql))
  expect(said(project)).toEqual([])
  await (await apply(await after(sql), {})).drop()
})

test.each([
  ['an audit table', 'DROP TABLE "audit"."A_audit";', ['createAuditTable A']],
  ['the whole audit schema', 'DROP SCHEMA audit CASCADE;', ['createSchema', 'createAuditTable A']],
])(
  'AUD614: %s that is dropped is said with what is lost, and the next audit part begins a new history',
  async (_, drop, expected) => {
    const { project, done } = await followed(schema, await after(drop))
    expect(project.text).toContain(
      `warning AUD614: This drops the audit ${expected.length === 1 ? 'table' : 'schema'} `,
    )
    expect(project.text).toContain('the history of "public"."A" is lost')
    expect(steps(project)).toEqual(expected)
    expect(said(await compileProject(schema, done))).toEqual([])
    const database = await apply(done, {
      '20260104': `INSERT INTO "A" VALUES (1, 'a', 'b'); UPDATE "A" SET id = 2`,
    })
    expect(await history(database, 'audit."A_audit"', 'id')).toEqual([
      { op: 'I', id: 1 },
      { op: 'D', id: 1 },
      { op: 'U', id: 2 },
    ])
    // And once more from nothing, as a shadow database replays it.
    await (await apply(done, {})).drop()
    await database.drop()
  },
)

test('AUD614, AUD615: a statement that concerns several audited tables is said once', async () => {
  const names = ['A', 'B', 'C', 'D', 'E']
  const models = schemaWith(names.map((name) => auditedModel(name)).join('\n'))
  const before = await audited(models, names.map((name) => createTable(name)).join(''))
  const project = await compileProject(models, {
    ...before,
    [AT]: `DROP SCHEMA audit CASCADE;\nDO $$ BEGIN EXECUTE 'DROP TABLE "A", "B"'; END $$;\n`,
  })
  expect(project.diagnostics.map(({ code, message }) => [code, message])).toEqual([
    [
      'AUD614',
      'This drops the audit schema "audit": the history of "public"."A", "public"."B", "public"."C" and 2 more is lost.',
    ],
    [
      'AUD615',
      'This statement is not interpreted and names the audited tables "public"."A", "public"."B": a DO block that runs SQL that is put together at run time.',
    ],
  ])
})

test('AUD615: a DO block that names an audited table is said, one that does not is not', async () => {
  const block = (sql: string) => `DO $$ BEGIN IF true THEN ${sql} END IF; END $$;`
  const project = await compileProject(schema, await after(block('ALTER TABLE "A" DROP COLUMN "a";')))
  expect(project.text).toMatchInlineSnapshot(`
    "migrations/20260103000000_change/migration.sql:2:1 - warning AUD615: This statement is not interpreted and names the audited table "public"."A": a DO block that changes the structure of the database.
        2 | DO $$ BEGIN IF true THEN ALTER TABLE "A" DROP COLUMN "a"; END IF; END $$;
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       Write changes of audited tables as plain statements. Where it changes only rows, nothing is to be done.

    1 warning
    "
  `)
  const dynamic = await compileProject(schema, await after(block(`EXECUTE 'DROP TABLE "A"';`)))
  expect(said(dynamic)).toEqual([['AUD615', 'warning', AT, 2]])
  expect(said(await compileProject(schema, await after(block('DROP TABLE "AA"; DROP TABLE "B";'))))).toEqual(
    [],
  )
})

test('AUD615: a called function, or a file that does not parse, that names an audited table is said', async () => {
  for (const language of ['sql AS $$ ALTER', 'plpgsql AS $$ BEGIN ALTER']) {
    const end = language.startsWith('sql') ? '$$' : 'END $$'
    const made = `CREATE FUNCTION mig() RETURNS void LANGUAGE ${language} TABLE "A" DROP COLUMN "a"; ${end};`
    expect(said(await compileProject(schema, await after(made)))).toEqual([])
    expect(said(await compileProject(schema, await after(`${made}\nSELECT mig();`)))).toEqual([
      ['AUD615', 'warning', AT, 3],
    ])
  }
  const broken = await compileProject(schema, await after('ALTER TABLE "A" DROP COLUM "a";\nALTER TABEL;'))
  expect(said(broken)).toEqual([['AUD615', 'warning', AT, 2]])
})

test('AUD615: an audited table that is swapped for a copy of it waits, and the copy is said', async () => {
  const swap = 'CREATE TABLE copy AS SELECT * FROM "A";\nDROP TABLE "A";\nALTER TABLE copy RENAME TO "A";'
  const project = await compileProject(schema, await after(swap))
  expect(project.waiting.map(({ source, reason }) => [source.name, reason.kind])).toEqual([
    ['A', 'columns not created'],
  ])
  expect(said(project)).toContainEqual(['AUD608', 'info', AT, 2])
  expect(said(project)).toContainEqual(['AUD615', 'warning', AT, 2])
  expect(
    said(await compileProject(schema, await after('CREATE TABLE backup AS SELECT * FROM "A";'))),
  ).toEqual([])
})

test('AUD616: a byte order mark is said, and the statements behind it are read all the same', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'audit-mark-'))
  try {
    mkdirSync(join(dir, '20260101000000_init'))
    writeFileSync(join(dir, '20260101000000_init', 'migration.sql'), `\uFEFF${init}`)
    const { files, database } = await readMigrationsFolder(dir, { cacheDir: false, cwd: dir })
    expect(database.tables).toHaveLength(1)
    expect(diagnoseMarks(files)).toMatchObject([
      {
        code: 'AUD616',
        severity: 'warning',
        place: { file: join('20260101000000_init', 'migration.sql'), line: 1 },
      },
    ])
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
