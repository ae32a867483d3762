import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { installedProject, wrappedProject } from './migrate/wrapped-project.ts'
import { found, statusOf } from './status/read-status.ts'

vi.setConfig({ testTimeout: 240_000 })

const schema = `/// @audit(enabled)
model Order {
  code  String  @id @db.VarChar(20)
  label String
  /// @audit(exclude)
  note  String?
  tags  Tag[]
}

/// @audit(enabled, level: row, updates: changed, enableAlways: true, missingSettings: record)
model Tag {
  name   String  @id
  orders Order[]
}

model Plain {
  id Int @id
}
`
const tables = `CREATE TABLE "Order" ("code" VARCHAR(20) NOT NULL, "label" TEXT NOT NULL, "note" TEXT, CONSTRAINT "Order_pkey" PRIMARY KEY ("code"));
CREATE TABLE "Tag" ("name" TEXT NOT NULL, CONSTRAINT "Tag_pkey" PRIMARY KEY ("name"));
CREATE TABLE "Plain" ("id" INTEGER NOT NULL, CONSTRAINT "Plain_pkey" PRIMARY KEY ("id"));
CREATE TABLE "_OrderToTag" ("A" VARCHAR(20) NOT NULL, "B" TEXT NOT NULL, CONSTRAINT "_OrderToTag_AB_pkey" PRIMARY KEY ("A","B"));
CREATE INDEX "_OrderToTag_B_index" ON "_OrderToTag"("B");
ALTER TABLE "_OrderToTag" ADD CONSTRAINT "_OrderToTag_A_fkey" FOREIGN KEY ("A") REFERENCES "Order"("code") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "_OrderToTag" ADD CONSTRAINT "_OrderToTag_B_fkey" FOREIGN KEY ("B") REFERENCES "Tag"("name") ON DELETE CASCADE ON UPDATE CASCADE;
`

const installed = () => installedProject(schema, tables)

test('a database that has everything is installed, and its sizes, its gaps and its owner are told', async () => {
  const wrapped = await installed()
  await wrapped.database.query(`BEGIN; SELECT set_config('audit.username', 'ann', true);
    INSERT INTO "Order" VALUES ('a', 'one'); COMMIT; INSERT INTO "Tag" VALUES ('t'); ANALYZE`)
  const { stdout, stderr, exitCode } = await wrapped.audit(['status'])
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  expect(stdout).toMatch(/^audit: 3 histories are installed in database \S+, schema "audit"\n/)
  expect(stdout).toMatch(/installed {2}public\.Order {2}about 1 rows, \d+ kB, since \d{4}-\d\d-\d\d/)
  expect(stdout).toContain('1 of the newest rows were recorded without audit.username')
  expect(stdout).toMatch(/not tamper-resistant: \w+ owns the history/)
  expect(stdout).toContain('models that are not audited: Plain')
  expect(stdout).toContain('fields that are left out: Order.note')
  expect((await wrapped.audit(['seal', '--wait', '60'])).exitCode).toBe(0)
  expect((await statusOf(wrapped)).isInstalled).toBe(true)
})

/** What somebody does to the database, and what is said of it. */
const CASES: Readonly<Record<string, readonly [sql: string, ...found: string[]]>> = {
  'a trigger that is gone': [
    `DROP TRIGGER audit_insert ON "Order"`,
    'missing: trigger "audit_insert" on "public"."Order" is not there',
  ],
  'a trigger that calls something else': [
    `CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
     CREATE OR REPLACE TRIGGER audit_insert AFTER INSERT ON "Order" FOR EACH ROW EXECUTE FUNCTION noop()`,
    'missing: trigger "audit_insert" on "public"."Order" is not there',
  ],
  'a trigger that is disabled': [
    `ALTER TABLE "Order" DISABLE TRIGGER audit_update`,
    'disabled: trigger "audit_update" on "public"."Order" is disabled',
  ],
  'all triggers disabled, as a data load does it': [
    `ALTER TABLE "_OrderToTag" DISABLE TRIGGER USER`,
    ...['insert', 'update', 'delete', 'key', 'truncate'].map(
      (name) => `disabled: trigger "audit_${name}" on "public"."_OrderToTag" is disabled`,
    ),
  ],
  'a trigger in another mode': [
    `ALTER TABLE "Order" ENABLE REPLICA TRIGGER audit_delete; ALTER TABLE "Tag" ENABLE TRIGGER audit_delete`,
    'disabled: trigger "audit_delete" on "public"."Order" fires for what replication applies only',
    'disabled: trigger "audit_delete" on "public"."Tag" does not fire for what replication applies, nor under session_replication_role = replica',
  ],
  'a trigger with another condition': [
    `CREATE OR REPLACE TRIGGER audit_key AFTER UPDATE ON "Order" FOR EACH ROW WHEN (false) EXECUTE FUNCTION audit."Order_audit_key"()`,
    expect.stringMatching(
      /^tampered: trigger "audit_key" on "public"\."Order" is as no migration made it: CREATE TRIGGER .* WHEN \(false\)/,
    ),
  ],
  'a trigger for other columns only': [
    `CREATE OR REPLACE TRIGGER audit_update AFTER UPDATE OF note ON "Tag" FOR EACH ROW EXECUTE FUNCTION audit."Tag_audit_capture_row"()`.replace(
      'note',
      'name',
    ),
    expect.stringMatching(/^tampered: trigger "audit_update" on "public"\."Tag"/),
    'disabled: trigger "audit_update" on "public"."Tag" does not fire for what replication applies, nor under session_replication_role = replica',
  ],
  'a trigger whose condition compares otherwise': [
    `CREATE FUNCTION public.never(record, record) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN false; END';
     CREATE OPERATOR public.*<> (LEFTARG = record, RIGHTARG = record, FUNCTION = public.never);
     CREATE OR REPLACE TRIGGER audit_update AFTER UPDATE ON "Tag" FOR EACH ROW WHEN (OLD.* OPERATOR(public.*<>) NEW.*) EXECUTE FUNCTION audit."Tag_audit_capture_row"();
     ALTER TABLE "Tag" ENABLE ALWAYS TRIGGER audit_update`,
    expect.stringMatching(
      /^tampered: trigger "audit_update" on "public"\."Tag" is as no migration made it: .* OPERATOR\(public\.\*<>\)/,
    ),
  ],
  'a trigger whose condition compares by what was found in another schema': [
    `CREATE SCHEMA app; CREATE FUNCTION app.always(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
     CREATE OPERATOR app.= (LEFTARG = text, RIGHTARG = text, FUNCTION = app.always);
     SET search_path = app, pg_catalog, public;
     CREATE OR REPLACE TRIGGER audit_key AFTER UPDATE ON public."Order" FOR EACH ROW
       WHEN (OLD.code::text COLLATE "C" IS DISTINCT FROM NEW.code::text COLLATE "C") EXECUTE FUNCTION audit."Order_audit_key"();
     RESET search_path`,
    expect.stringMatching(
      /^tampered: trigger "audit_key" on "public"\."Order" is as no migration made it: .*, which compares by app\.=\(text,text\)/,
    ),
  ],
  'a trigger whose condition compares less': [
    `CREATE DOMAIN public.one AS char(1);
     CREATE OR REPLACE TRIGGER audit_key AFTER UPDATE ON "Order" FOR EACH ROW
       WHEN (OLD.code::"char"::text COLLATE "C" IS DISTINCT FROM NEW.code::"char"::text COLLATE "C") EXECUTE FUNCTION audit."Order_audit_key"();
     CREATE OR REPLACE TRIGGER audit_key AFTER UPDATE ON "_OrderToTag" FOR EACH ROW
       WHEN (OLD."A"::public.one::text COLLATE "C" IS DISTINCT FROM NEW."A"::public.one::text COLLATE "C" OR OLD."B" COLLATE "C" IS DISTINCT FROM NEW."B" COLLATE "C")
       EXECUTE FUNCTION audit."_OrderToTag_audit_key"();
     ALTER TABLE "_OrderToTag" ENABLE ALWAYS TRIGGER audit_key`,
    expect.stringMatching(
      /^tampered: trigger "audit_key" on "public"\."Order" is as no migration made it: .*::"char"/,
    ),
    expect.stringMatching(
      /^tampered: trigger "audit_key" on "public"\."_OrderToTag" is as no migration made it: .*::public\.one/,
    ),
  ],
  'a function that was edited by hand': [
    `DO $$ BEGIN EXECUTE replace(pg_get_functiondef('audit."Order_audit_capture"()'::regprocedure), 'RETURN NULL', 'PERFORM 1; RETURN NULL'); END $$`,
    'tampered: function "audit"."Order_audit_capture" is as no migration made it',
  ],
  'a function that runs as its caller': [
    `ALTER FUNCTION audit."Order_audit_capture"() SECURITY INVOKER`,
    'tampered: function "audit"."Order_audit_capture" is as no migration made it',
  ],
  'a function whose search_path is open': [
    `ALTER FUNCTION audit."Order_audit_key"() RESET search_path`,
    'tampered: function "audit"."Order_audit_key" is as no migration made it',
  ],
  'a guard that is disabled': [
    `ALTER TABLE audit."Order_audit" DISABLE TRIGGER append_only`,
    'disabled: trigger "append_only" on "audit"."Order_audit" is disabled',
  ],
  'a guard that is gone': [
    `DROP TRIGGER append_only ON audit."Order_audit"`,
    'missing: trigger "append_only" on "audit"."Order_audit" is not there',
  ],
  'a guard that guards nothing': [
    `CREATE OR REPLACE FUNCTION audit.append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'`,
    'tampered: function "audit"."append_only" is as no migration made it',
  ],
  'what migrations call, with another body and with the rights of its owner': [
    `DO $$ BEGIN EXECUTE replace(pg_get_functiondef('audit.keep_private(regclass[], regprocedure[])'::regprocedure), 'REVOKE ALL', 'GRANT ALL'); END $$;
     ALTER PROCEDURE audit.require_source(text, text[]) SECURITY DEFINER; GRANT EXECUTE ON PROCEDURE audit.require_source(text, text[]) TO PUBLIC`,
    'tampered: function "audit"."require_source" is as no migration made it',
    'tampered: function "audit"."require_source" may be called by others than its owner: PUBLIC: EXECUTE',
    'tampered: function "audit"."keep_private" is as no migration made it',
  ],
  'a history that is gone': [
    `DROP TABLE audit."Order_audit"`,
    'missing: table "audit"."Order_audit" is not there',
  ],
  'a column that is gone': [
    `ALTER TABLE audit."Order_audit" DROP COLUMN label`,
    'missing: column "label" of table "audit"."Order_audit" is not there',
  ],
  'a column of another type': [
    `ALTER TABLE audit."Order_audit" ALTER COLUMN code TYPE varchar(5)`,
    'outdated: column "code" of table "audit"."Order_audit" is character varying(5), and not character varying(20)',
  ],
  'a history that others may write': [
    `GRANT SELECT, INSERT ON audit."Order_audit" TO PUBLIC`,
    'tampered: table "audit"."Order_audit" may be changed by others than its owner: PUBLIC: INSERT, SELECT',
  ],
  'a capture function that others may call': [
    `GRANT EXECUTE ON FUNCTION audit."Order_audit_capture"() TO PUBLIC`,
    'tampered: function "audit"."Order_audit_capture" may be called by others than its owner: PUBLIC: EXECUTE',
  ],
  'a capture function on a table that is not audited': [
    `CREATE TRIGGER mine AFTER INSERT ON "Plain" REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION audit."Order_audit_capture"()`,
    'orphaned: trigger "mine" on "public"."Plain" calls "Order_audit_capture", and no migration has it do so',
  ],
  'a function that is none of ours': [
    `CREATE FUNCTION audit.stray() RETURNS void LANGUAGE sql AS ''`,
    'orphaned: function "audit"."stray" belongs to no audited table',
  ],
  'a sequence behind its table, as a restore leaves it': [
    `BEGIN; SELECT set_config('audit.username', 'ann', true); INSERT INTO "Order" VALUES ('a', 'one'), ('b', 'two'); COMMIT;
     SELECT setval(pg_get_serial_sequence('audit."Order_audit"', 'audit_id'), 1)`,
    'outdated: sequence of table "audit"."Order_audit" is at 1, and numbers up to 2 are used: the next writes fail, or count as forged',
  ],
  'a sequence behind baselines alone, whose numbers are below zero': [
    `SET session_replication_role = replica; INSERT INTO audit."Order_audit" OVERRIDING SYSTEM VALUE
       SELECT -7, 'B', now(), now(), 'ann', 1, 'ann', 'a', 'one'; RESET session_replication_role`,
    'outdated: sequence of table "audit"."Order_audit" is at its start, and numbers up to 7 are used: the next writes fail, or count as forged',
  ],
  'a history that a crash empties': [
    `ALTER TABLE audit."Order_audit" SET UNLOGGED`,
    'tampered: table "audit"."Order_audit" is UNLOGGED: a crash of the server empties it',
  ],
  'a rule that keeps rows from the history': [
    `CREATE RULE nothing AS ON INSERT TO audit."Order_audit" DO INSTEAD NOTHING`,
    'tampered: rule "nothing" on "audit"."Order_audit" may keep rows from it',
  ],
  'a table whose rows are taken for history': [
    `CREATE TABLE public.heir () INHERITS (audit."Order_audit")`,
    'tampered: table "audit"."Order_audit" is inherited by public.heir, whose rows are read as its own',
  ],
  'a trigger that keeps rows from the history': [
    `CREATE FUNCTION public.skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
     CREATE TRIGGER skip BEFORE INSERT ON audit."Order_audit" FOR EACH ROW EXECUTE FUNCTION public.skip()`,
    'tampered: trigger "skip" on "audit"."Order_audit" comes before an INSERT, and may keep rows from it',
  ],
  'rights on single columns and on the sequence of a history': [
    `GRANT UPDATE (label, code), SELECT (code) ON audit."Order_audit" TO PUBLIC; GRANT USAGE, SELECT ON SEQUENCE audit."Order_audit_audit_id_seq" TO PUBLIC`,
    'tampered: columns of table "audit"."Order_audit" may be changed by others than its owner: PUBLIC: UPDATE (code), UPDATE (label)',
    'tampered: sequence of table "audit"."Order_audit" may be moved by others than its owner: PUBLIC: SELECT, USAGE',
  ],
  'row level security forced on whoever writes the history': [
    `ALTER TABLE audit."Order_audit" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`,
    'tampered: table "audit"."Order_audit" has row level security forced on its owner, who writes it: writes may fail',
  ],
  'policies that are not heeded': [
    `CREATE POLICY mine ON audit."Order_audit" USING (code = 'mine')`,
    'disabled: table "audit"."Order_audit" has policies, and row level security is off: its readers see every row',
  ],
  'a history without its key, whose numbers do not come': [
    `ALTER TABLE audit."Order_audit" DROP CONSTRAINT "Order_audit_pkey", ALTER audit_id DROP IDENTITY`,
    'missing: primary key of table "audit"."Order_audit" is not there: numbers may come twice',
    'missing: numbers of table "audit"."Order_audit" do not come by themselves: writes fail',
  ],
  'a history without one of its own columns': [
    `ALTER TABLE audit."Order_audit" DROP COLUMN audit_current_user`,
    'missing: column "audit_current_user" of table "audit"."Order_audit" is not there: writes fail',
  ],
  'a required setting that the history does not ask for': [
    `ALTER TABLE audit."Order_audit" DROP CONSTRAINT audit_username_required`,
    'missing: check "audit_username_required" of table "audit"."Order_audit" is not there: rows without audit.username are let in',
  ],
  'a required setting of a former name, as db push leaves it': [
    `ALTER TABLE audit."Order_audit" ADD audit_user_id text, ADD CONSTRAINT audit_user_id_required CHECK (audit_user_id IS NOT NULL) NOT VALID`,
    'outdated: check "audit_user_id_required" of table "audit"."Order_audit" asks for a value that may be missing: writes without it fail',
  ],
  'a check that is none of ours': [
    `ALTER TABLE audit."Order_audit" ADD CONSTRAINT mine CHECK (code <> 'z') NOT VALID`,
    `tampered: check "mine" of table "audit"."Order_audit" is as no migration made it, and may refuse rows: CHECK (((code)::text <> 'z'::text)) NOT VALID`,
  ],
  'an audited table that is gone': [
    `DROP TABLE "Order" CASCADE`,
    'missing: table "public"."Order" is audited and not there',
  ],
}

/** What belongs to nothing is left, and a table of the application's is not ours to make. */
const LEFT = [
  'a capture function on a table that is not audited',
  'a function that is none of ours',
  'an audited table that is gone',
  'a history that a crash empties',
  'a rule that keeps rows from the history',
  'a trigger that keeps rows from the history',
  'a history without its key, whose numbers do not come',
  'a history without one of its own columns',
  'a check that is none of ours',
  'a table whose rows are taken for history',
]

test.for(Object.entries(CASES))('%s is found, and install mends it', async ([name, [sql, ...expected]]) => {
  const wrapped = await installed()
  await wrapped.database.query(sql)
  const status = await statusOf(wrapped)
  expect([found(status), status.exitCode]).toEqual([expected, 1])
  expect(status.isInstalled).toBe(false)
  const { exitCode, stderr } = await wrapped.audit(['install'])
  if (LEFT.includes(name)) {
    expect([exitCode, found(await statusOf(wrapped))]).toEqual([1, expected])
    return
  }
  // `install` looks again, and ends as `status` does.
  expect([exitCode, stderr]).toEqual([0, ''])
  await wrapped.database.query(`BEGIN; SELECT set_config('audit.username', 'bob', true);
    INSERT INTO "Order" VALUES ('x', 'new'); UPDATE "Order" SET code = 'y' WHERE code = 'x'; DELETE FROM "Order" WHERE code = 'y'; COMMIT`)
  const rows = await wrapped.database.query<{ line: string }>(
    `SELECT concat_ws(' ', audit_username, audit_operation, code) AS line FROM audit."Order_audit" WHERE code IN ('x', 'y') ORDER BY audit_id`,
  )
  expect(rows.map(({ line }) => line)).toEqual(['bob I x', 'bob D x', 'bob U y', 'bob D y'])
})

test('a database without the audit schema has nothing installed', async () => {
  const wrapped = await installed()
  await wrapped.database.query('DROP SCHEMA audit CASCADE')
  const status = await statusOf(wrapped)
  expect(found(status)).toContain('missing: schema "audit" is not there')
  expect(status.histories.map(({ state }) => state)).toEqual(['missing', 'missing', 'missing'])
  expect((await wrapped.audit(['install'])).exitCode).toBe(0)
  expect(found(await statusOf(wrapped))).toEqual([])
})

test('a function that has the name of one of ours and other arguments is none of ours, and not in the way', async () => {
  const wrapped = await installed()
  const { database, audit } = wrapped
  // The first of a name in the catalog is not the one that the triggers call.
  const [{ definition = '' } = {}] = await database.query<{ definition: string }>(
    `SELECT pg_get_functiondef('audit."Order_audit_key"()'::regprocedure) AS definition`,
  )
  await database.query(`CREATE FUNCTION audit."Order_audit_capture"(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION audit.set_context(text) RETURNS void LANGUAGE sql AS '';
    DROP FUNCTION audit.missing_setting(text, text); CREATE FUNCTION audit.missing_setting(text) RETURNS text LANGUAGE sql AS 'SELECT NULL::text';
    GRANT EXECUTE ON FUNCTION audit."Order_audit_capture"() TO PUBLIC; DROP TRIGGER audit_key ON "Order"; DROP FUNCTION audit."Order_audit_key"();
    CREATE FUNCTION audit."Order_audit_key"(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'`)
  const strays = [
    'orphaned: function "audit"."Order_audit_capture"(integer) belongs to no audited table',
    'orphaned: function "audit"."Order_audit_key"(integer) belongs to no audited table',
    'orphaned: function "audit"."missing_setting"(text) belongs to no audited table',
    'orphaned: function "audit"."set_context"(text) belongs to no audited table',
  ]
  expect(found(await statusOf(wrapped))).toEqual([
    'missing: function "audit"."missing_setting" is not there',
    ...strays,
    'tampered: function "audit"."Order_audit_capture" may be called by others than its owner: PUBLIC: EXECUTE',
    'missing: function "audit"."Order_audit_key" is not there',
    'missing: trigger "audit_key" on "public"."Order" is not there',
  ])
  expect(await audit(['install'])).toMatchObject({ exitCode: 1, stderr: '' })
  const left = await statusOf(wrapped)
  expect(found(left)).toEqual(strays)
  // As it is made now it comes after the other one of its name.
  await database.query(definition)
  expect(found(await statusOf(wrapped))).toEqual(strays)
  for (const { hint } of left.findings) await database.query(hint)
  expect(found(await statusOf(wrapped))).toEqual([])
})

test('settings that a role or the database brings along are told: they decide whose name is recorded', async () => {
  const wrapped = await installed()
  const [{ name = '' } = {}] = await wrapped.database.query<{ name: string }>(
    'SELECT current_database() AS name',
  )
  await wrapped.database.query(`ALTER DATABASE "${name}" SET audit.username = 'admin'`)
  const status = await statusOf(wrapped)
  expect([status.settingsBroughtAlong, status.exitCode]).toEqual([
    [`database ${name}: audit.username=admin`],
    0,
  ])
  const role = `settings_${Date.now()}`
  await wrapped.database.query(`CREATE ROLE ${role}; ALTER ROLE ${role} SET audit.username = 'batch';
    ALTER ROLE ${role} IN DATABASE "${name}" SET audit.username = 'nightly'`)
  try {
    const told = [
      `role ${role} in database ${name}: audit.username=nightly`,
      `role ${role}: audit.username=batch`,
      `database ${name}: audit.username=admin`,
    ]
    const { settingsBroughtAlong, exitCode } = await statusOf(wrapped)
    expect([settingsBroughtAlong, exitCode]).toEqual([told, 0])
    const { stdout } = await wrapped.audit(['status'])
    for (const setting of told) {
      expect(stdout).toContain(`writes without a context of their own carry what is set for ${setting}\n`)
    }
  } finally {
    await wrapped.database.query(`DROP ROLE ${role}`)
  }
  await wrapped.database.query(`ALTER DATABASE "${name}" SET session_replication_role = replica`)
  expect(found(await statusOf(wrapped))).toEqual([
    `disabled: database ${name} brings session_replication_role=replica along: no ordinary trigger fires in its sessions`,
  ])
})

test('the tables that commands make are looked at as histories are, and a rule on an audited table is told', async () => {
  const wrapped = await installed()
  const { audit, database } = wrapped
  expect(await audit(['seal', '--wait', '60'])).toMatchObject({ exitCode: 0 })
  expect(await audit(['pause', '--reason', 'x', '--model', 'Tag'])).toMatchObject({ exitCode: 0 })
  expect(await audit(['resume', '--set', 'username=ops'])).toMatchObject({ exitCode: 0 })
  await database.query(`CREATE RULE mine AS ON DELETE TO "Tag" DO INSTEAD NOTHING`)
  const told = await audit(['status'])
  expect([told.exitCode, told.stdout]).toEqual([
    0,
    expect.stringContaining('rules on audited tables, by which writes may go elsewhere: mine on public.Tag'),
  ])
  await database.query(`ALTER TABLE audit.seal DISABLE TRIGGER append_only; DROP TRIGGER append_only ON audit.pause;
    GRANT DELETE ON audit.seal_salt TO PUBLIC; GRANT UPDATE (reason) ON audit.pause TO PUBLIC`)
  expect(found(await statusOf(wrapped)).toSorted()).toEqual([
    'disabled: trigger "append_only" on "audit"."seal" is disabled',
    'missing: trigger "append_only" on "audit"."pause" is not there',
    'tampered: columns of table "audit"."pause" may be changed by others than its owner: PUBLIC: UPDATE (reason)',
    'tampered: table "audit"."seal_salt" may be changed by others than its owner: PUBLIC: DELETE',
  ])
  const { exitCode, stderr } = await audit(['install'])
  expect([exitCode, stderr, found(await statusOf(wrapped))]).toEqual([0, '', []])
  await database.query(`CREATE FUNCTION public.noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE OR REPLACE TRIGGER append_only BEFORE DELETE ON audit.pause FOR EACH STATEMENT EXECUTE FUNCTION public.noop();
    CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.seal FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION audit.append_only();
    ALTER TABLE audit.seal ENABLE ALWAYS TRIGGER append_only;
    CREATE OR REPLACE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON audit.seal_salt FOR EACH STATEMENT EXECUTE FUNCTION audit.append_only()`)
  expect(found(await statusOf(wrapped))).toEqual([
    'missing: trigger "append_only" on "audit"."pause" is not there',
    expect.stringMatching(
      /^tampered: trigger "append_only" on "audit"\."seal" is as no migration made it: .* WHEN \(false\)/,
    ),
    expect.stringMatching(
      /^tampered: trigger "append_only" on "audit"\."seal_salt" is as no migration made it/,
    ),
    expect.stringMatching(/^disabled: trigger "append_only" on "audit"\."seal_salt" does not fire/),
  ])
  expect(await audit(['install'])).toMatchObject({ exitCode: 0, stderr: '' })
  expect(found(await statusOf(wrapped))).toEqual([])
  await expect(database.query('DELETE FROM audit.seal')).rejects.toThrow('append-only')
})

test('an audited table that was made a partition by hand is told, and left to a person', async () => {
  const wrapped = await installed()
  const { audit, database } = wrapped
  await database.query(
    `CREATE TABLE "Whole" (LIKE "Order" INCLUDING ALL) PARTITION BY LIST (code); ALTER TABLE "Whole" ATTACH PARTITION "Order" DEFAULT`,
  )
  const told = [
    'disabled: capture of "public"."Order" does not see what a statement writes on the table that it is a partition of: it is recorded statement by statement',
  ]
  expect(found(await statusOf(wrapped))).toEqual(told)
  expect(await audit(['install'])).toMatchObject({ exitCode: 1 })
  expect(found(await statusOf(wrapped))).toEqual(told)
})

test('another owner of a history, of a partition and of a table of the audit is told, and left to a person', async () => {
  const wrapped = await installedProject(
    schema.replace('@audit(enabled)\nmodel Order', '@audit(enabled, partitionBy: month)\nmodel Order'),
    tables,
  )
  const { audit, database } = wrapped
  expect(await audit(['seal', '--wait', '60'])).toMatchObject({ exitCode: 0 })
  const role = `owner_${Date.now()}`
  const [{ owner = '' } = {}] = await database.query<{ owner: string }>('SELECT current_user AS owner')
  await database.query(`CREATE ROLE ${role}; ALTER TABLE audit."Tag_audit" OWNER TO ${role};
    ALTER TABLE audit."Order_audit_default" OWNER TO ${role}; ALTER TABLE audit.seal OWNER TO ${role}`)
  try {
    const told = await statusOf(wrapped)
    expect(found(told)).toEqual([
      `tampered: table "audit"."seal" belongs to ${role}, and the history to ${owner}`,
      `tampered: partition "audit"."Order_audit_default" belongs to ${role}, and the history to ${owner}`,
      `tampered: table "audit"."Tag_audit" belongs to ${role}, and others to ${owner}`,
    ])
    expect(await audit(['install'])).toMatchObject({ exitCode: 1 })
    expect(found(await statusOf(wrapped))).toEqual(found(told))
    // What is told to do does it.
    const findings = [...told.findings, ...told.histories.flatMap((each) => each.findings)]
    for (const { hint } of findings) await database.query(hint)
    expect(found(await statusOf(wrapped))).toEqual([])
  } finally {
    await database.query(
      `REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`,
    )
  }
})

test('a sequence behind a history that is retired is found and mended: the model may have it back', async () => {
  const wrapped = await installed()
  const { project, audit, database } = wrapped
  const write = (name: string) =>
    database.query(
      `BEGIN; SELECT set_config('audit.username', 'ann', true); INSERT INTO "Tag" VALUES ('${name}'); COMMIT`,
    )
  await write('a')
  const deploy = async (text: string) => {
    await wrapped.models(text)
    await project.prisma(['generate'])
    await project.prisma(['migrate', 'deploy'])
  }
  await deploy(schema.replace('@audit(enabled, level: row', '@audit(disabled, level: row'))
  await database.query(`ALTER SEQUENCE audit."Tag_audit_audit_id_seq" RESTART`)
  expect(found(await statusOf(wrapped))).toEqual([
    'outdated: sequence of table "audit"."Tag_audit" is at its start, and numbers up to 1 are used: the next writes fail, or count as forged',
  ])
  expect(await audit(['install'])).toMatchObject({ exitCode: 0, stderr: '' })
  await deploy(schema)
  await write('b')
  expect(await database.query(`SELECT audit_id::int AS id FROM audit."Tag_audit" WHERE name = 'b'`)).toEqual([
    { id: 2 },
  ])
})

test('a migration that is not applied yet makes the database outdated, and so does a function that an earlier one made', async () => {
  const wrapped = await installed()
  const { project, audit, database } = wrapped
  const [{ definition = '' } = {}] = await database.query<{ definition: string }>(
    `SELECT pg_get_functiondef('audit."Order_audit_capture"()'::regprocedure) AS definition`,
  )
  await wrapped.models(schema.replace('  note  String?', '  note  String?\n  more  String?'))
  expect(found(await statusOf(wrapped))).toEqual([])
  const dev = await audit(['migrate', 'dev', '--name', 'more', '--create-only'])
  expect([dev.exitCode, dev.stderr]).toEqual([0, expect.anything()])
  const name = (await project.migrationFiles()).at(-1)?.name
  const pending = await statusOf(wrapped)
  expect(found(pending)).toEqual([
    `outdated: migration ${name} is not applied here`,
    'missing: column "more" of table "audit"."Order_audit" is not there',
    'outdated: function "audit"."Order_audit_capture" is as migration 20240101000000_init made it',
    'outdated: function "audit"."Order_audit_key" is as migration 20240101000000_init made it',
    'outdated: function "audit"."Order_audit_truncate" is as migration 20240101000000_init made it',
  ])
  expect(pending.histories[0]?.findings[0]?.hint).toBe('npx prisma migrate deploy')
  // Its functions would name a column that the table does not have yet.
  expect(await audit(['install'])).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: expect.stringContaining(
      `Migrations come first, with npx prisma migrate deploy; these are not applied here:\n${name}`,
    ),
  })
  expect(found(await statusOf(wrapped))).toEqual(found(pending))
  await project.prisma(['migrate', 'deploy'])
  expect(found(await statusOf(wrapped))).toEqual([])
  await database.query(definition)
  expect(found(await statusOf(wrapped))).toEqual([
    'outdated: function "audit"."Order_audit_capture" is as migration 20240101000000_init made it',
  ])
})

test('keys of all types, domains too, are compared by triggers as the migrations make them', async () => {
  const types = {
    code: 'VARCHAR(9)',
    sign: 'CHAR(3)',
    word: 'app.word',
    amount: 'app.amount',
    net: 'INET',
    block: 'CIDR',
    number: 'OID',
    at: 'TIMESTAMP(3)',
    bits: 'BIT(3)',
    more: 'VARBIT(9)',
    price: 'DECIMAL(10,2)',
    mood: 'app."Mood"',
    raw: 'BYTEA',
    uid: 'UUID',
  }
  const prisma = {
    word: 'String @db.Citext',
    amount: 'Decimal',
    net: 'String @db.Inet',
    block: 'String @db.Inet',
    number: 'Int @db.Oid',
    at: 'DateTime',
    bits: 'String @db.Bit(3)',
    more: 'String @db.VarBit(9)',
    price: 'Decimal @db.Decimal(10, 2)',
    mood: 'String',
    raw: 'Bytes',
    uid: 'String @db.Uuid',
  }
  const names = Object.keys(types)
  const wrapped = await installedProject(
    `/// @audit(enabled)
model Keyed {
  ${names.map((name) => `${name} ${Object.entries(prisma).find(([field]) => field === name)?.[1] ?? 'String'}`).join('\n  ')}
  @@id([${names.join(', ')}])
}
`,
    `CREATE EXTENSION citext SCHEMA public;
CREATE SCHEMA app;
CREATE DOMAIN app.word AS public.citext;
CREATE DOMAIN app.amount AS DECIMAL(10,2);
CREATE TYPE app."Mood" AS ENUM ('fine');
CREATE TABLE "Keyed" (${Object.entries(types)
      .map(([name, type]) => `"${name}" ${type} NOT NULL`)
      .join(', ')}, CONSTRAINT "Keyed_pkey" PRIMARY KEY (${names.map((name) => `"${name}"`).join(', ')}));
`,
  )
  expect(found(await statusOf(wrapped))).toEqual([])
})

test('a schema that asks for more than the migrations make is outdated', async () => {
  const wrapped = await installed()
  await wrapped.models(schema.replace('model Plain', '/// @audit(enabled)\nmodel Plain'))
  expect(found(await statusOf(wrapped))).toEqual([
    'outdated: the schema asks for another audit than the migrations make',
  ])
})

test('hashed columns, a waiver and a partitioned table: nothing is found, and what is done to them is', async () => {
  const role = `waiver_${Date.now()}`
  const wrapped = await wrappedProject('', {
    migrations: {
      '20240101000000_init': `CREATE TABLE "Visit" ("id" INTEGER NOT NULL, "ip" TEXT, CONSTRAINT "Visit_pkey" PRIMARY KEY ("id")) PARTITION BY RANGE ("id");
CREATE TABLE "Visit_low" PARTITION OF "Visit" FOR VALUES FROM (0) TO (1000);
`,
    },
  })
  const { project, database } = wrapped
  await project.write(
    'prisma/schema.prisma',
    `generator audit {
  provider          = "prisma-generator-audit"
  output            = "../generated/audit"
  sessionSettings   = ["username String"]
  captureWaiverRole = "${role}"
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Visit {
  id Int     @id
  /// @audit(hash)
  ip String?
}
`,
  )
  await database.query(`CREATE ROLE ${role}`)
  try {
    await project.prisma(['generate'])
    await project.prisma(['migrate', 'deploy'])
    expect([found(await statusOf(wrapped)), (await statusOf(wrapped)).exitCode]).toEqual([[], 0])
    await database.query(`ALTER TABLE "Visit_low" DISABLE TRIGGER audit_insert`)
    expect(found(await statusOf(wrapped))).toEqual([
      'disabled: trigger "audit_insert" on partition "public"."Visit_low" is disabled',
    ])
    expect(await wrapped.audit(['install'])).toMatchObject({ exitCode: 0 })
    await database.query(`DO $$ BEGIN EXECUTE replace(pg_get_functiondef('audit.record_waiver(text, text, bigint)'::regprocedure), 'INSERT', 'INSERT  '); END $$;
      ALTER FUNCTION audit.waive_capture(text) SECURITY INVOKER; GRANT EXECUTE ON FUNCTION audit.hash_value TO PUBLIC;
      DROP PROCEDURE audit.make_hash_key; GRANT SELECT ON audit.hash_key TO ${role};
      ALTER TABLE audit.capture_waiver DISABLE TRIGGER append_only; GRANT INSERT ON audit.capture_waiver TO ${role}`)
    expect(found(await statusOf(wrapped)).toSorted()).toEqual([
      'disabled: trigger "append_only" on "audit"."capture_waiver" is disabled',
      'missing: function "audit"."make_hash_key" is not there',
      'tampered: function "audit"."hash_value" may be called by others than its owner: PUBLIC: EXECUTE',
      'tampered: function "audit"."record_waiver" is as no migration made it',
      'tampered: function "audit"."waive_capture" is as no migration made it',
      `tampered: table "audit"."capture_waiver" may be changed by others than its owner: ${role}: INSERT`,
      `tampered: table "audit"."hash_key" may be read or changed by others than its owner: ${role}: SELECT`,
    ])
    const mended = await wrapped.audit(['install'])
    expect([mended.exitCode, mended.stderr, found(await statusOf(wrapped))]).toEqual([0, '', []])
    await database.query(`ALTER TABLE audit.hash_key DISABLE TRIGGER append_only; DELETE FROM audit.hash_key;
      ALTER TABLE audit.hash_key ENABLE ALWAYS TRIGGER append_only`)
    const unkeyed = await statusOf(wrapped)
    expect(found(unkeyed)).toEqual([
      'missing: key of column "ip" of table "audit"."Visit_audit" is not there: the next hashes match none of those that are recorded',
    ])
    // What would make a new one is left to a person.
    await wrapped.audit(['install'])
    expect(found(await statusOf(wrapped))).toEqual(found(unkeyed))
    const hint = unkeyed.histories.flatMap(({ findings }) => findings)[0]?.hint ?? ''
    await database.query(hint.slice(hint.indexOf('CALL ')))
    expect(found(await statusOf(wrapped))).toEqual([])
    await database.query('DROP TABLE audit.capture_waiver')
    expect(found(await statusOf(wrapped))).toEqual(['missing: table "audit"."capture_waiver" is not there'])
    expect(await wrapped.audit(['install'])).toMatchObject({ exitCode: 0 })
  } finally {
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  }
})

test('who does not own the history is not said to; a role without rights sees the catalog all the same', async () => {
  const wrapped = await installed()
  const role = `status_${Date.now()}`
  await wrapped.database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'; INSERT INTO "Tag" VALUES ('t')`)
  try {
    const serving = await wrapped.audit(['status', '--role', role])
    expect([serving.exitCode, serving.stdout]).toEqual([0, expect.not.stringContaining('tamper')])
    const url = new URL(wrapped.database.url)
    url.username = role
    url.password = 'secret'
    // A reader's SELECT says nothing of the sequence.
    await wrapped.database.query(
      `GRANT USAGE ON SCHEMA audit TO ${role}; GRANT SELECT ON audit."Tag_audit" TO ${role}`,
    )
    const asked = await wrapped.audit(['status', '--url', url.href])
    expect([asked.exitCode, asked.stdout]).toEqual([
      0,
      expect.stringContaining('installed  public.Order  about 0 rows, '),
    ])
    expect(asked.stdout).not.toContain('tamper')
    expect(asked.stdout).not.toContain('can turn')
    // Whoever owns a table needs nothing of the history to have nothing recorded of it.
    await wrapped.database.query(`ALTER TABLE "Order" OWNER TO ${role}`)
    const [one, oneJson] = [
      await wrapped.audit(['status', '--role', role]),
      await wrapped.audit(['status', '--role', role, '--json']),
    ]
    expect([one.exitCode, one.stdout]).toEqual([
      0,
      expect.stringContaining(`\n\n${role} owns public.Order: it can turn its triggers off\n`),
    ])
    expect(JSON.parse(oneJson.stdout)).toMatchObject({
      isInstalled: true,
      ownsHistory: false,
      ownsTables: ['public.Order'],
    })
    await wrapped.database.query(
      `CREATE ROLE ${role}_owner; GRANT ${role}_owner TO ${role}; ALTER TABLE "Tag" OWNER TO ${role}_owner`,
    )
    expect((await wrapped.audit(['status', '--role', role])).stdout).toContain(
      `\n\n${role} owns public.Order, public.Tag: it can turn their triggers off\n`,
    )
    // Who owns the history is told that, which is more.
    expect((await wrapped.audit(['status'])).stdout).not.toContain('can turn')
  } finally {
    await wrapped.database.query(`ALTER TABLE "Order" OWNER TO CURRENT_USER; ALTER TABLE "Tag" OWNER TO CURRENT_USER;
      DROP ROLE IF EXISTS ${role}_owner`)
    await wrapped.database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  }
})

test('where it cannot look it says why, and ends with 2', async () => {
  const { audit, project } = await installed()
  const unreachable = await audit(['status', '--url', 'postgresql://localhost:1/none'])
  expect(unreachable).toMatchObject({ exitCode: 2, stdout: '' })
  expect(unreachable.stderr).toMatch(/^The database cannot be reached: .*ECONNREFUSED/)
  expect(await audit(['status', '--role', 'nobody there'])).toMatchObject({
    exitCode: 2,
    stderr: 'There is no role "nobody there", that --role names.\n',
  })
  expect(await audit(['status', '--jsno'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("unknown option '--jsno'"),
  })
  const help = await audit(['status', '--help'])
  expect([help.exitCode, help.stdout]).toEqual([0, expect.stringContaining('installed, outdated, missing')])
  rmSync(join(project.dir, 'prisma/migrations/20240101000000_init/migration.sql'))
  // Else it would read as an answer: that the history is not what was sealed.
  for (const command of [
    ['status'],
    ['verify'],
    ['verify', '--live'],
    ['prune', '--older-than', '1y', '--dry-run'],
  ])
    expect(await audit(command)).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringMatching(/20240101000000_init.*migration\.sql/s),
    })
})
