import { beforeAll, describe, expect, test } from 'vitest'
import { runAudit } from '../support/audit-command.ts'
import { serverMajor } from '../support/test-database.ts'
import { importAudit } from './main-path/audited-project.ts'
import {
  type Db,
  makeHost,
  quoted,
  type RoleNames,
  type Roles,
  schema,
  useRoles,
} from './roles/three-roles.ts'

const padded = (start: string, id: string) => `${start}${'ü'.repeat(40)}`.slice(0, 20) + id.padEnd(23, 'x')

/** Names that only quotes make names of roles, one of them of 63 bytes. */
const hostile = (id: string): RoleNames => ({
  owner: `Owner's "own" \\ ${id}`,
  application: padded('app $audit$; -- %I ', id),
  reader: `current_user ${id}`,
})

/** All that PostgreSQL keeps of roles and rights in this database. */
const catalog = `SELECT string_agg(line, E'\\n' ORDER BY line) AS text FROM (
  SELECT concat_ws(' ', oid::regclass, relowner::regrole, relacl) FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_|information'
  UNION ALL SELECT concat_ws(' ', oid::regprocedure, proowner::regrole, proacl) FROM pg_proc WHERE pronamespace::regnamespace::text !~ '^pg_|information'
  UNION ALL SELECT concat_ws(' ', oid::regtype, typowner::regrole, typacl) FROM pg_type WHERE typnamespace::regnamespace::text !~ '^pg_|information'
  UNION ALL SELECT concat_ws(' ', nspname, nspowner::regrole, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_'
  UNION ALL SELECT concat_ws(' ', datname, datdba::regrole, datacl) FROM pg_database WHERE datname = current_database()
  UNION ALL SELECT concat_ws(' ', defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, defaclacl) FROM pg_default_acl
  UNION ALL SELECT concat_ws(' ', 'member', roleid::regrole, member::regrole) FROM pg_auth_members
    WHERE roleid::regrole::text ~ current_setting('my.id') OR member::regrole::text ~ current_setting('my.id')
  UNION ALL SELECT concat_ws(' ', rolname, rolsuper, rolinherit, rolcreaterole, rolcanlogin) FROM pg_roles WHERE rolname ~ current_setting('my.id')
) AS all_of (line)`

const idOf = ({ database }: Roles) => database.name.slice(-12)
const catalogOf = async (roles: Roles) => {
  const [row] = await roles.database.query<{ text: string }>(
    `SELECT set_config('my.id', '${idOf(roles)}', false); ${catalog}`,
  )
  return row?.text ?? ''
}

describe('a database whose owner may create roles and is no superuser', async () => {
  const roles = await useRoles()
  const { database, project } = roles
  const id = idOf(roles)
  const names = hostile(id)
  const { owner, application, reader } = names
  const host = `host ${id}`
  roles.drop(owner, application, reader)
  let script = ''
  let bare: Db
  let ann: Db

  beforeAll(async () => {
    await makeHost(roles, host)
    await project.prisma(['migrate', 'deploy'], { env: { DATABASE_URL: roles.url(host) } })
    await roles.as(host, `INSERT INTO "Order" DEFAULT VALUES`)
    script = await roles.script(names, '--database', database.name)
    await roles.as(host, script)
    for (const role of [owner, application, reader])
      await database.query(`ALTER ROLE ${quoted(role)} PASSWORD 'x'`)
    bare = await roles.client(application)
    const { auditContext } = await importAudit(roles)
    ann = bare.$extends(auditContext({ username: 'ann' })) as unknown as Db
  })

  const history = (table = 'Order') =>
    database.query(
      `SELECT audit_operation AS op, audit_username AS username, audit_current_user AS by, id FROM audit."${table}_audit" ORDER BY audit_id`,
    )

  test('the script of roles may be run again, and then changes nothing', async () => {
    const before = await catalogOf(roles)
    expect(before).toContain(application)
    await roles.as(host, script)
    expect(await catalogOf(roles)).toBe(before)
    expect(await roles.script(names, '--database', database.name)).toBe(script)
  })

  test('whoever ran it is no member of the owner afterwards', async () => {
    await expect(roles.as(host, `SET ROLE ${quoted(owner)}`)).rejects.toMatchObject({ code: '42501' })
    await expect(roles.as(host, 'SELECT * FROM audit."Order_audit"')).rejects.toMatchObject({ code: '42501' })
  })

  test('everything in the schemas belongs to the owner', async () => {
    const [row] = await database.query(`SELECT
      (SELECT array_agg(DISTINCT relowner::regrole::text) FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'audit'::regnamespace)) AS tables,
      (SELECT array_agg(DISTINCT proowner::regrole::text) FROM pg_proc WHERE pronamespace = 'audit'::regnamespace) AS functions,
      (SELECT typowner::regrole::text FROM pg_type WHERE typname = 'State') AS type,
      (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'audit') AS schema`)
    const is = quoted(owner)
    expect(row).toEqual({ tables: [is], functions: [is], type: is, schema: is })
  })

  test('the application does through Prisma what an application does, with and without a context, and every write is in the history', async () => {
    const start = (await history()).length
    const { id: order } = await ann.order.create({ data: { lines: { create: [{}, {}] } } })
    await bare.order.update({ where: { id: order }, data: { state: 'paid' } })
    await ann.order.delete({ where: { id: order } })
    const { id: note } = await bare.note.create({ data: { text: 'a' } })
    await bare.note.update({ where: { id: note }, data: { text: 'b' } })
    await bare.note.delete({ where: { id: note } })
    await roles.as(
      application,
      `SELECT audit.set_context('{"username": "job"}'); INSERT INTO "Order" DEFAULT VALUES`,
    )
    expect(await bare.order.count()).toBe(2)
    expect((await history()).slice(start)).toMatchObject([
      { op: 'I', username: 'ann', by: application },
      { op: 'U', username: null, by: application },
      { op: 'D', username: 'ann', by: application },
      { op: 'I', by: application },
    ])
    expect((await history('Line')).map(({ op }) => op)).toEqual(['I', 'I', 'D', 'D'])
  })

  const me = quoted(application)
  const attacks: Record<string, string> = {
    'read the history': 'SELECT * FROM audit."Order_audit"',
    'read one column of it': 'SELECT audit_id FROM audit."Order_audit" LIMIT 1',
    'copy it': 'COPY audit."Order_audit" TO STDOUT',
    'forge a row': `INSERT INTO audit."Order_audit" (audit_operation) VALUES ('I')`,
    'change a row': 'UPDATE audit."Order_audit" SET id = 1',
    'delete a row': 'DELETE FROM audit."Order_audit"',
    'empty the history': 'TRUNCATE audit."Order_audit"',
    'lock the history': 'BEGIN; LOCK TABLE audit."Order_audit"',
    'drop the history': 'DROP TABLE audit."Order_audit"',
    'drop its schema': 'DROP SCHEMA audit CASCADE',
    'make something in its schema': 'CREATE TABLE audit.mine (id int)',
    'take a number': `SELECT nextval('audit."Order_audit_audit_id_seq"')`,
    'set back the numbers': `SELECT setval('audit."Order_audit_audit_id_seq"', 1)`,
    'silence the triggers of the table': 'ALTER TABLE "Order" DISABLE TRIGGER ALL',
    'silence one trigger': 'ALTER TABLE "Order" DISABLE TRIGGER audit_insert',
    'silence the guard of the history': 'ALTER TABLE audit."Order_audit" DISABLE TRIGGER append_only',
    'drop a trigger': 'DROP TRIGGER audit_insert ON "Order"',
    'rename a trigger': 'ALTER TRIGGER audit_insert ON "Order" RENAME TO x',
    'add a trigger that undoes writes':
      'CREATE TRIGGER mine BEFORE INSERT ON "Order" FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    'add a rule': 'CREATE RULE mine AS ON INSERT TO "Order" DO INSTEAD NOTHING',
    'silence the history by a rule':
      'CREATE RULE mine AS ON INSERT TO audit."Order_audit" DO INSTEAD NOTHING',
    'silence the history by a trigger':
      'CREATE TRIGGER mine BEFORE INSERT ON audit."Order_audit" FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    'silence the history by row level security': 'ALTER TABLE audit."Order_audit" FORCE ROW LEVEL SECURITY',
    'meddle by an event trigger':
      'CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    'put a view in the place of its table': 'ALTER TABLE "Order" RENAME TO "Order_rows"',
    'hide rows': 'ALTER TABLE "Order" ENABLE ROW LEVEL SECURITY',
    'replace the capture function': `CREATE OR REPLACE FUNCTION audit."Order_audit_capture"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
    'alter the capture function': 'ALTER FUNCTION audit."Order_audit_capture"() SECURITY INVOKER',
    'drop the capture function': 'DROP FUNCTION audit."Order_audit_capture"() CASCADE',
    'call the capture function': 'SELECT audit."Order_audit_capture"()',
    'attach it to a table of its own': `CREATE TEMP TABLE "Order" (id int, state text);
      CREATE TRIGGER t AFTER INSERT ON pg_temp."Order" REFERENCING NEW TABLE AS audit_new FOR EACH STATEMENT EXECUTE FUNCTION audit."Order_audit_capture"()`,
    'call a function of migrations': `CALL audit.keep_private('{}', '{}')`,
    'become the owner': `SET ROLE ${quoted(owner)}`,
    'become the owner for the session': `SET SESSION AUTHORIZATION ${quoted(owner)}`,
    'become the reader': `SET ROLE ${quoted(reader)}`,
    'become the host': `SET ROLE ${quoted(host)}`,
    'be made a member of the owner': `GRANT ${quoted(owner)} TO ${me}`,
    'be made a member of the reader': `GRANT ${quoted(reader)} TO ${me}`,
    'be made a superuser': `ALTER ROLE ${me} SUPERUSER`,
    'give itself rights on the history': `GRANT SELECT ON audit."Order_audit" TO ${me}`,
    'give itself more on its tables': `GRANT TRUNCATE ON "Order" TO ${me}; TRUNCATE "Order" CASCADE`,
    'give itself rights on what comes': `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoted(owner)} GRANT ALL ON TABLES TO ${me}`,
    'write as a replica does': `SET session_replication_role = replica`,
    'write as a replica does, by a function': `SELECT set_config('session_replication_role', 'replica', false)`,
    'empty its table': 'TRUNCATE "Order" CASCADE',
    'take its table': `ALTER TABLE "Order" OWNER TO ${me}`,
    'alter its table': 'ALTER TABLE "Order" ADD COLUMN mine int',
    'drop its table': 'DROP TABLE "Order" CASCADE',
    'alter the type of a column': `ALTER TYPE "State" ADD VALUE 'mine'`,
    'change the numbers of its table': `SELECT setval('"Order_id_seq"', 1)`,
    'hijack an operator': `CREATE FUNCTION public.mine(jsonb, jsonb) RETURNS boolean LANGUAGE sql AS 'SELECT true';
      CREATE OPERATOR public.= (LEFTARG = jsonb, RIGHTARG = jsonb, FUNCTION = public.mine)`,
    'make a table in public': 'CREATE TABLE public.mine (id int)',
    'make a schema': 'CREATE SCHEMA mine',
    'comment on the history': `COMMENT ON TABLE audit."Order_audit" IS 'nothing'`,
    'take the mark off the schema': 'COMMENT ON SCHEMA audit IS NULL',
    'read what Prisma has applied': 'SELECT * FROM _prisma_migrations',
    'change what Prisma has applied': 'DELETE FROM _prisma_migrations',
    'rename the database': `ALTER DATABASE ${quoted(database.name)} RENAME TO mine`,
    'set a default of the database': `ALTER DATABASE ${quoted(database.name)} SET session_replication_role = replica`,
    'subscribe to what others publish': `CREATE PUBLICATION mine FOR TABLE "Order"`,
  }

  describe('the application cannot', () => {
    test.each(Object.entries(attacks))('%s', async (_, sql) => {
      const before = await history()
      await expect(roles.as(application, sql)).rejects.toMatchObject({
        code: expect.stringMatching(/^(42501|AU002)$/),
      })
      expect(await history()).toEqual(before)
    })
  })

  test('after the script of roles the application can neither read nor touch its history, and the owner migrates on', async () => {
    const results = await Promise.all(
      Object.values(attacks).map((sql) =>
        roles.as(application, sql).then(
          () => sql,
          (error) => error.code,
        ),
      ),
    )
    expect(new Set(results)).toEqual(new Set(['42501']))
    const [last] = (await project.migrationFiles()).slice(-1)
    const time = String(Number(last?.name.slice(0, 14)) + 1)
    await project.write(
      `prisma/migrations/${time}_tag/migration.sql`,
      `ALTER TABLE "Order" ADD COLUMN "note" TEXT;
CREATE TABLE "Tag" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "Tag_pkey" PRIMARY KEY ("id"));\n`,
    )
    await project.write(
      'prisma/schema.prisma',
      `${schema.replace('  lines Line[]', '  note  String?\n  lines Line[]')}
/// @audit(enabled)
model Tag {
  id   Int    @id @default(autoincrement())
  name String
}
`,
    )
    await project.prisma(['generate'])
    const asOwner = { env: { DATABASE_URL: roles.url(owner) } }
    await project.prisma(['migrate', 'deploy'], asOwner)
    expect((await project.prisma(['migrate', 'status'], asOwner)).stdout).toContain('up to date')
    // What is new is open and closed as what was there.
    await roles.as(application, `INSERT INTO "Tag" (name) VALUES ('a'); UPDATE "Order" SET note = 'b'`)
    expect(await history('Tag')).toMatchObject([{ op: 'I', by: application }])
    for (const sql of [
      'SELECT * FROM audit."Tag_audit"',
      'TRUNCATE "Tag"',
      'ALTER TABLE "Tag" DISABLE TRIGGER ALL',
    ]) {
      await expect(roles.as(application, sql)).rejects.toMatchObject({ code: '42501' })
    }
    const again = await roles.script(names)
    await roles.as(host, again)
    expect(await roles.as(reader, 'SELECT * FROM audit."Tag_audit"')).toHaveLength(1)
  })

  test('the reader reads the history, and writes nothing', async () => {
    expect(await roles.as(reader, 'SELECT * FROM audit."Order_audit"')).toHaveLength((await history()).length)
    const own = ['read the history', 'read one column of it', 'copy it', 'become the reader']
    // Before PostgreSQL 16 every role may share what it is; a right that cannot be granted on is only warned of.
    const shared = ['be made a member of the reader', 'give itself rights on the history']
    const forbidden = Object.entries(attacks).filter(([attack]) => ![...own, ...shared].includes(attack))
    for (const [attack, sql] of forbidden) {
      await expect(roles.as(reader, sql), attack).rejects.toMatchObject({ code: '42501' })
    }
    for (const sql of ['SELECT * FROM "Order"', 'INSERT INTO "Order" DEFAULT VALUES', 'DELETE FROM "Note"']) {
      await expect(roles.as(reader, sql)).rejects.toMatchObject({ code: '42501' })
    }
  })

  test('rights that came by another way make the script fail, and nothing is changed', async () => {
    const group = await roles.make(`group ${id}`)
    const found: Record<string, string> = {
      [`GRANT SELECT ON audit."Order_audit" TO ${quoted(group)}`]: 'may SELECT audit."Order_audit"',
      [`GRANT SELECT (id) ON audit."Line_audit" TO ${quoted(group)}`]: 'may SELECT audit."Line_audit"',
      'GRANT TRUNCATE ON "Order" TO PUBLIC': 'may TRUNCATE public."Order"',
      [`GRANT CREATE ON SCHEMA audit TO ${quoted(group)}`]: 'may create in schema audit',
      [`GRANT EXECUTE ON FUNCTION audit.append_only() TO ${quoted(group)}`]:
        'may execute audit.append_only()',
      [`ALTER TABLE "Note" OWNER TO ${quoted(group)}`]: 'TABLE public."Note" cannot be given',
      [`GRANT UPDATE ON _prisma_migrations TO ${quoted(group)}`]: 'may UPDATE public._prisma_migrations',
      [`GRANT USAGE ON SEQUENCE audit."Order_audit_audit_id_seq" TO ${quoted(group)}`]:
        'may USAGE audit."Order_audit_audit_id_seq"',
      ...(serverMajor() < 15
        ? {}
        : {
            [`GRANT SET ON PARAMETER session_replication_role TO ${quoted(group)}`]:
              'may SET session_replication_role',
          }),
    }
    await database.query(`GRANT ${quoted(group)} TO ${me}`)
    const undo = script
    for (const [grant, problem] of Object.entries(found)) {
      await database.query(grant)
      const before = await catalogOf(roles)
      await expect(roles.as(host, undo), grant).rejects.toMatchObject({
        code: '42501',
        message: expect.stringContaining(problem),
        hint: expect.stringContaining('Nothing was changed'),
      })
      expect(await catalogOf(roles)).toBe(before)
      await database.query(
        /OWNER/.test(grant)
          ? `ALTER TABLE "Note" OWNER TO ${quoted(owner)}`
          : grant.replace('GRANT', 'REVOKE').replace(/ TO (?=\S+( \S+)?$)/, ' FROM '),
      )
    }
    await database.query(`REVOKE ${quoted(group)} FROM ${me}`)
    await roles.as(host, script)
  })

  test('rights on the history that the application was given itself are taken away, and views that show it are closed', async () => {
    await database.query(`GRANT ALL ON ALL TABLES IN SCHEMA audit TO ${me}; GRANT ALL ON ALL SEQUENCES IN SCHEMA audit TO ${me}, PUBLIC;
      GRANT ALL ON ALL ROUTINES IN SCHEMA audit TO ${me}; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${me}`)
    await roles.as(
      owner,
      `CREATE VIEW panel AS SELECT * FROM audit."Order_audit"; CREATE VIEW panel2 AS SELECT id FROM panel`,
    )
    expect(await roles.as(application, 'SELECT * FROM panel2')).not.toEqual([])
    await roles.as(host, script)
    for (const sql of [...Object.values(attacks), 'SELECT * FROM panel', 'SELECT * FROM panel2']) {
      await expect(roles.as(application, sql), sql).rejects.toMatchObject({ code: '42501' })
    }
    await roles.as(application, 'SELECT * FROM "Order"')
    await roles.as(owner, 'DROP VIEW panel CASCADE')
  })

  test('a role whose powers make it worthless is refused, and nothing is changed', async () => {
    const refused: Record<string, RegExp> = {
      SUPERUSER: /has SUPERUSER/,
      CREATEROLE: /has CREATEROLE/,
      REPLICATION: /has REPLICATION/,
      BYPASSRLS: /has BYPASSRLS/,
      [`IN ROLE ${quoted(owner)}`]: /is a member of "Owner/,
      [`IN ROLE ${quoted(reader)}`]: /is a member of "current_user/,
      'IN ROLE pg_read_all_data': /is a member of pg_read_all_data/,
      'IN ROLE pg_execute_server_program': /is a member of pg_execute_server_program/,
      [`IN ROLE ${quoted(host)}`]: /is a member of "host .*which has CREATEROLE/,
    }
    let number = 0
    for (const [attributes, message] of Object.entries(refused)) {
      const bad = await roles.make(`bad ${++number} ${id}`, attributes)
      const before = await catalogOf(roles)
      for (const given of [
        { ...names, application: bad },
        { ...names, reader: bad },
      ]) {
        if (given.reader === bad && attributes.includes(quoted(reader))) continue
        await expect(roles.as(host, await roles.script(given)), attributes).rejects.toMatchObject({
          message: expect.stringMatching(message),
          hint: expect.stringContaining('Nothing was changed'),
        })
      }
      expect(await catalogOf(roles)).toBe(before)
    }
    const between = await roles.make(`between ${id}`, `IN ROLE ${quoted(owner)}`)
    const far = await roles.make(`far ${id}`, `IN ROLE ${quoted(between)}`)
    await expect(roles.as(host, await roles.script({ ...names, application: far }))).rejects.toThrow(
      /is a member of "Owner/,
    )
  })

  test('the script refuses another database than the one it was printed for', async () => {
    const other = await roles.script(names, '--database', 'an "other" one')
    await expect(roles.as(host, other)).rejects.toMatchObject({
      code: '3D000',
      message: expect.stringContaining('"an ""other"" one"'),
    })
  })

  test('an owner role that nobody here may join is refused in words', async () => {
    if (serverMajor() < 16) return expect(serverMajor()).toBeGreaterThanOrEqual(14)
    const foreign = await roles.make(`foreign ${id}`)
    await expect(roles.as(host, await roles.script({ ...names, owner: foreign }))).rejects.toMatchObject({
      message: expect.stringContaining('may not make itself one'),
      hint: expect.stringContaining('superuser'),
    })
  })
})

describe('a database in which one role migrates, serves and owns', () => {
  test.each(['the application', 'the owner'])(
    'that role becomes %s: its data and its history stay, and both go on',
    async (part) => {
      const roles = await useRoles()
      const { database, project } = roles
      const id = idOf(roles)
      const one = await roles.make(`one ${id}`)
      await database.query(`ALTER DATABASE ${quoted(database.name)} OWNER TO ${quoted(one)}`)
      if (serverMajor() < 15) await database.query(`ALTER SCHEMA public OWNER TO ${quoted(one)}`)
      await project.prisma(['migrate', 'deploy'], { env: { DATABASE_URL: roles.url(one) } })
      await roles.as(
        one,
        `INSERT INTO "Order" DEFAULT VALUES; UPDATE "Order" SET state = 'paid'; INSERT INTO "Note" (text) VALUES ('a')`,
      )
      const names = {
        owner: part === 'the owner' ? one : `owner ${id}`,
        application: part === 'the owner' ? `app ${id}` : one,
        reader: `reader ${id}`,
      }
      roles.drop(names.owner, names.application, names.reader)
      const past = 'SELECT * FROM audit."Order_audit" ORDER BY audit_id'
      const before = await database.query(past)
      expect(before).toHaveLength(2)
      const script = await roles.script(names)
      await database.query(script)
      await database.query(script)
      for (const role of Object.values(names)) await database.query(`ALTER ROLE ${quoted(role)} PASSWORD 'x'`)
      expect(await database.query(past)).toEqual(before)
      const client = await roles.client(names.application)
      expect(await client.note.count()).toBe(1)
      await client.order.update({ where: { id: 1 }, data: { state: 'open' } })
      expect(await roles.as(names.reader, past)).toMatchObject([
        ...before,
        { audit_operation: 'U', audit_current_user: names.application },
      ])
      for (const sql of [
        past,
        'DROP SCHEMA audit CASCADE',
        'DROP TABLE "Order" CASCADE',
        'TRUNCATE "Order"',
        `GRANT CREATE ON SCHEMA public TO ${quoted(names.application)}; CREATE TABLE public.mine ()`,
      ]) {
        await expect(roles.as(names.application, sql)).rejects.toMatchObject({ code: '42501' })
      }
      await project.write(
        'prisma/migrations/29990101000000_note/migration.sql',
        'ALTER TABLE "Note" ADD COLUMN "more" TEXT;',
      )
      await project.prisma(['migrate', 'deploy'], { env: { DATABASE_URL: roles.url(names.owner) } })
    },
  )
})

test('before the first migration: the script warns, the owner deploys, and a second run closes what Prisma made', async () => {
  const roles = await useRoles()
  const id = idOf(roles)
  const host = await makeHost(roles, `host ${id}`)
  const names = { owner: `owner ${id}`, application: `app ${id}`, reader: `reader ${id}` }
  roles.drop(...Object.values(names))
  const script = await roles.script(names)
  if (serverMajor() < 15) {
    await roles.database.query('ALTER SCHEMA public OWNER TO CURRENT_USER')
    await expect(roles.as(host, script)).rejects.toMatchObject({
      message: expect.stringContaining('schema public belongs to'),
      hint: expect.stringContaining(`ALTER SCHEMA public OWNER TO "host`),
    })
    await roles.database.query(`ALTER SCHEMA public OWNER TO ${quoted(host)}`)
  }
  expect(await roles.warnings(host, script)).toEqual([
    'there is no table _prisma_migrations yet, which the application must not write',
  ])
  for (const role of Object.values(names))
    await roles.database.query(`ALTER ROLE ${quoted(role)} PASSWORD 'x'`)
  await roles.project.prisma(['migrate', 'deploy'], { env: { DATABASE_URL: roles.url(names.owner) } })
  await roles.as(names.application, 'INSERT INTO "Order" DEFAULT VALUES')
  await expect(roles.as(names.application, 'SELECT * FROM audit."Order_audit"')).rejects.toMatchObject({
    code: '42501',
  })
  await roles.as(host, script)
  await expect(roles.as(names.application, 'DELETE FROM _prisma_migrations')).rejects.toMatchObject({
    code: '42501',
  })
  expect(await roles.as(names.reader, 'SELECT * FROM audit."Order_audit"')).toHaveLength(1)
})

test('an audit in public, among the tables of the application, is as closed', async () => {
  const roles = await useRoles({
    schema: schema.replace('["username String?"]', '["username String?"]\n  schema = "public"'),
    config: `import { auditTables } from './prisma/audit-tables'
export default {
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL },
  experimental: { externalTables: true },
  tables: { external: auditTables },
}
`,
    files: { 'prisma/audit-tables.ts': 'export const auditTables: string[] = []\n' },
  })
  const id = idOf(roles)
  const host = await makeHost(roles, `host ${id}`)
  const names = { owner: `owner ${id}`, application: `app ${id}`, reader: `reader ${id}` }
  roles.drop(...Object.values(names))
  await roles.project.prisma(['migrate', 'deploy'], { env: { DATABASE_URL: roles.url(host) } })
  const script = await roles.script(names)
  await roles.as(host, script)
  await roles.as(host, script)
  for (const role of Object.values(names))
    await roles.database.query(`ALTER ROLE ${quoted(role)} PASSWORD 'x'`)
  const client = await roles.client(names.application)
  await client.order.create({ data: { lines: { create: {} } } })
  await roles.as(names.application, `SELECT audit_set_context('{"username": "job"}')`)
  expect(await roles.as(names.reader, 'SELECT * FROM "Order_audit"')).toHaveLength(1)
  for (const sql of [
    'SELECT * FROM "Order_audit"',
    'TRUNCATE "Order_audit"',
    'DROP TABLE "Order_audit"',
    `SELECT nextval('"Order_audit_audit_id_seq"')`,
    'SELECT audit_append_only()',
    'TRUNCATE "Order" CASCADE',
  ]) {
    await expect(roles.as(names.application, sql), sql).rejects.toMatchObject({ code: '42501' })
  }
})

test('all that has an owner changes hands, in every schema of the datasource, and the reader is held to its tenant', async () => {
  const model = (name: string) => `
/// @audit(enabled)
model ${name} {
  id       Int    @id @default(autoincrement())
  tenantId String
  @@schema("shop")
}
`
  const roles = await useRoles({
    schema:
      schema
        .slice(0, schema.indexOf('enum State'))
        .replace(
          'provider = "postgresql"',
          'provider = "postgresql"\n  schemas = ["shop", "Its \'own\' 100%s"]',
        ) + model('Order'),
    migrations: {
      '20240101000000_init': `CREATE SCHEMA IF NOT EXISTS "shop";
CREATE TABLE "shop"."Order" ("id" SERIAL NOT NULL, "tenantId" TEXT NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`,
    },
  })
  const { database, project } = roles
  const id = idOf(roles)
  const host = await makeHost(roles, `host ${id}`)
  const names = { owner: `owner ${id}`, application: `app ${id}`, reader: `reader ${id}` }
  roles.drop(...Object.values(names))
  await project.prisma(['migrate', 'deploy'], { env: { DATABASE_URL: roles.url(host) } })
  await roles.as(
    host,
    `SET search_path = shop;
    CREATE SCHEMA "Its 'own' 100%s";
    CREATE TABLE "Its 'own' 100%s"."%I ""x""" (id int GENERATED ALWAYS AS IDENTITY);
    CREATE TABLE parts (id int) PARTITION BY LIST (id);
    CREATE TABLE part PARTITION OF parts DEFAULT;
    CREATE TYPE pair AS (a int, b int);
    CREATE TYPE span AS RANGE (SUBTYPE = int4);
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE SEQUENCE numbers;
    CREATE VIEW shown AS SELECT * FROM "Order";
    CREATE MATERIALIZED VIEW kept AS SELECT * FROM "Order";
    CREATE FUNCTION "odd ""f"""(a text[], VARIADIC b int[]) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
    CREATE PROCEDURE done() LANGUAGE sql AS 'SELECT 1';
    CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
    CREATE TABLE public.of_another (id int);
    INSERT INTO "Order" ("tenantId") VALUES ('a'), ('b')`,
  )
  const script = await roles.script(names, '--tenant', 'tenantId')
  const lent = `"app ${id}" may execute with the rights of "owner ${id}": shop."odd ""f"""(text[],integer[])`
  expect(await roles.warnings(host, script)).toEqual([lent])
  expect(await roles.warnings(host, script)).toEqual([lent])
  const left = await database.query(`SELECT pg_describe_object(classid, objid, 0) AS left FROM pg_shdepend
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND deptype = 'o' AND classid <> 'pg_namespace'::regclass AND refobjid::regrole::text = '"host ${id}"'`)
  // What is not in the schemas of the models stays where it was.
  expect(left).toEqual([{ left: 'table of_another' }])
  for (const role of Object.values(names)) await database.query(`ALTER ROLE ${quoted(role)} PASSWORD 'x'`)
  await roles.as(
    names.application,
    `INSERT INTO shop."Order" ("tenantId") VALUES ('a');
    SELECT nextval('shop.numbers'), * FROM shop.shown, shop.kept, shop.parts, "Its 'own' 100%s"."%I ""x"""`,
  )
  for (const sql of [
    'SELECT * FROM _prisma_migrations',
    'SELECT * FROM public.of_another',
    'TRUNCATE shop.part',
  ]) {
    await expect(roles.as(names.application, sql), sql).rejects.toMatchObject({ code: '42501' })
  }
  const seen = (tenant: string) =>
    roles.as(names.reader, `SET audit."tenantId" = '${tenant}'; SELECT "tenantId" FROM audit."Order_audit"`)
  expect(await seen('a')).toEqual([{ tenantId: 'a' }, { tenantId: 'a' }])
  expect(await seen('b')).toEqual([{ tenantId: 'b' }])
  await project.prisma(['migrate', 'deploy'], { env: { DATABASE_URL: roles.url(names.owner) } })
})

test('names that can be no roles are refused in words', async () => {
  const roles = await useRoles()
  const run = (flags: Partial<RoleNames & { database: string }>) => {
    const all = { owner: 'o', application: 'a', reader: 'r', ...flags }
    return runAudit(roles.project.dir, [
      'roles',
      ...Object.entries(all).flatMap(([flag, name]) => [`--${flag}`, name]),
    ])
  }
  const bad = ['', 'public', 'none', 'pg_monitor', 'x'.repeat(64), 'ü'.repeat(32)]
  for (const [index, name] of bad.entries()) {
    const flag = ['owner', 'application', 'reader'][index % 3]
    expect(await run({ [`${flag}`]: name })).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(new RegExp(`^audit: --${flag} "${name}": .* Name a role`)),
    })
  }
  for (const same of [{ application: 'o' }, { reader: 'o' }, { reader: 'a' }]) {
    expect(await run(same)).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('are both'),
    })
  }
  for (const database of ['', 'x'.repeat(64)]) {
    expect(await run({ database })).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('--database'),
    })
  }
  expect((await run({ database: 'public' })).exitCode).toBe(0)
})
