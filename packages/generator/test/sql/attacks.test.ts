import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, useTestDatabase } from '../../../../test/support/test-database.ts'
import { createSource, install, setting, table } from './fixture.ts'

const database = await useTestDatabase()
const app = `app ${database.name}`
const order = table('Order', { settings: [setting('username String')] })
const HISTORY = 'audit."Order_audit"'

/** Runs as a role that owns nothing, in one transaction. */
async function asApp(sql: string) {
  const client = await database.pool({ max: 1 }).connect()
  try {
    await client.query(`BEGIN; SET LOCAL ROLE "${app}"`)
    const result = await client.query(sql)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

beforeAll(async () => {
  await database.query(createSource(order))
  await database.query(`CREATE ROLE "${app}"; GRANT ALL ON "Order" TO "${app}"; GRANT CREATE ON SCHEMA public TO "${app}";
    GRANT TEMPORARY ON DATABASE "${database.name}" TO "${app}"`)
  await database.query(`ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO "${app}"; ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO "${app}";
    ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO "${app}"; ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO "${app}" WITH GRANT OPTION`)
  await database.query(install(order))
})
afterAll(async () => {
  await database.query(
    `REASSIGN OWNED BY "${app}" TO CURRENT_USER; DROP OWNED BY "${app}"; DROP ROLE "${app}"`,
  )
})

describe('a role that only writes the source table', () => {
  it('is recorded without any right on the audit schema, and may set its context', async () => {
    await asApp(`SELECT audit.set_context('{"username": "eve"}'); INSERT INTO "Order" VALUES (1, 'a')`)
    expect(
      await database.query(`SELECT audit_username, audit_current_user FROM ${HISTORY} WHERE id = 1`),
    ).toEqual([{ audit_username: 'eve', audit_current_user: app }])
  })

  it.each([
    ['read history', `SELECT * FROM ${HISTORY}`],
    ['forge history', `INSERT INTO ${HISTORY} (audit_operation) VALUES ('I')`],
    ['change history', `UPDATE ${HISTORY} SET note = 'x'`],
    ['delete history', `DELETE FROM ${HISTORY}`],
    ['truncate history', `TRUNCATE ${HISTORY}`],
    ['move the sequence', `SELECT setval('audit."Order_audit_audit_id_seq"', 1)`],
    ['create objects in the schema', 'CREATE TABLE audit.mine ()'],
    ['call the functions of the schema', `SELECT audit.missing_setting('a', 'b')`],
    ['run the procedures of the schema', `CALL audit.keep_private('{}', '{}')`],
    [
      'attach a capture function to a table of its own',
      `CREATE TABLE mine (id int, note text); CREATE TRIGGER forge AFTER INSERT ON mine REFERENCING NEW TABLE AS changed
       FOR EACH STATEMENT EXECUTE FUNCTION audit."Order_audit_capture"()`,
    ],
    [
      'attach the key function to a table of its own',
      `CREATE TABLE mine (id int, note text); CREATE TRIGGER forge AFTER UPDATE ON mine FOR EACH ROW EXECUTE FUNCTION audit."Order_audit_key"()`,
    ],
    ['keep rows from history by a rule', `CREATE RULE nothing AS ON INSERT TO ${HISTORY} DO INSTEAD NOTHING`],
    [
      'keep rows from history by a trigger',
      `CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
       CREATE TRIGGER skip BEFORE INSERT ON ${HISTORY} FOR EACH ROW EXECUTE FUNCTION skip()`,
    ],
    ['let its rows be taken for history', `CREATE TABLE heir () INHERITS (${HISTORY})`],
    [
      'meddle with migrations by an event trigger',
      `CREATE FUNCTION meddle() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
       CREATE EVENT TRIGGER meddle ON ddl_command_end EXECUTE FUNCTION meddle()`,
    ],
    [
      'have rights on tables to come',
      `ALTER DEFAULT PRIVILEGES IN SCHEMA audit GRANT ALL ON TABLES TO PUBLIC; SELECT * FROM ${HISTORY}`,
    ],
    ['close the history to its owner', `ALTER TABLE ${HISTORY} FORCE ROW LEVEL SECURITY`],
  ])('cannot %s, not even with default privileges', async (_, attack) => {
    await expect(asApp(attack)).rejects.toMatchObject({ code: '42501' })
  })

  it('holds no right on any audit object but USAGE and set_context by PUBLIC', async () => {
    const rows = await database.query(
      `SELECT object FROM (
         SELECT c.relname::text AS object, a.grantee, c.relowner AS owner FROM pg_class c, aclexplode(c.relacl) a WHERE relnamespace = 'audit'::regnamespace
         UNION ALL SELECT p.proname, a.grantee, p.proowner FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE pronamespace = 'audit'::regnamespace
         UNION ALL SELECT nspname || ' ' || a.privilege_type, a.grantee, n.nspowner FROM pg_namespace n, aclexplode(n.nspacl) a WHERE nspname = 'audit'
       ) x WHERE grantee <> owner ORDER BY object`,
    )
    expect(rows).toEqual([{ object: 'audit USAGE' }, { object: 'set_context' }])
  })

  it('cannot bend a capture function by an operator, function or table in pg_temp or a schema of its own', async () => {
    await asApp(`
      CREATE FUNCTION public.evil(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'owned by %', current_user; END $$;
      CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.evil);
      CREATE FUNCTION public.left(text, integer) RETURNS text LANGUAGE sql AS $$ SELECT 'I' $$;
      CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '1999-01-01'::timestamptz $$;
      CREATE TEMP TABLE changed (id int, note text); INSERT INTO changed VALUES (666, 'forged');
      CREATE TEMP TABLE pg_class (id int);
      SET LOCAL search_path = public, pg_temp, pg_catalog;
      SELECT audit.set_context('{"username": "eve"}');
      INSERT INTO "Order" VALUES (2, 'b'); DELETE FROM "Order" WHERE id OPERATOR(pg_catalog.=) 2;
    `)
    expect(
      await database.query(
        `SELECT audit_operation AS op, id, note, audit_operation_timestamp > '2000-01-01' AS real FROM ${HISTORY} WHERE id <> 1 ORDER BY audit_id`,
      ),
    ).toEqual([
      { op: 'I', id: 2, note: 'b', real: true },
      { op: 'D', id: 2, note: 'b', real: true },
    ])
  })

  it('cannot put SQL into history through the value of a setting', async () => {
    const value = `'; DROP TABLE "Order"; --$audit$ \\`
    const client = await database.pool({ max: 1 }).connect()
    try {
      await client.query('BEGIN')
      await client.query(`SELECT set_config('audit.username', $1, true)`, [value])
      await client.query(`INSERT INTO "Order" VALUES (3, 'c')`)
      await client.query('COMMIT')
    } finally {
      client.release()
    }
    expect(await database.query(`SELECT audit_username FROM ${HISTORY} WHERE id = 3`)).toEqual([
      { audit_username: value },
    ])
  })
})

describe('history is append-only even for its owner', () => {
  it.each(['origin', 'replica'])('under session_replication_role = %s', async (role) => {
    for (const attack of [
      `UPDATE ${HISTORY} SET note = 'x'`,
      `DELETE FROM ${HISTORY}`,
      `TRUNCATE ${HISTORY}`,
    ]) {
      const client = await database.pool({ max: 1 }).connect()
      try {
        await client.query(`SET session_replication_role = ${role}`)
        await expect(client.query(attack)).rejects.toMatchObject({
          code: 'AU002',
          hint: expect.stringMatching(/History/),
        })
      } finally {
        client.release(true)
      }
    }
  })
})

describe('what an owner does around the guard', () => {
  /** In a transaction that is rolled back: what was written meanwhile, as the history has it. */
  async function recordedAfter(attack: string): Promise<number | undefined> {
    const client = await database.pool({ max: 1 }).connect()
    try {
      await client.query(`BEGIN; SELECT audit.set_context('{"username": "ann"}')`)
      await client.query(attack)
      await client.query(`INSERT INTO "Order" VALUES (777, 'seen')`)
      const { rows } = await client.query<{ rows: number }>(
        `SELECT count(*)::int AS rows FROM ONLY ${HISTORY} WHERE id = 777`,
      )
      return rows[0]?.rows
    } finally {
      await client.query('ROLLBACK')
      client.release()
    }
  }

  it('a view that is put in the place of the table, and replaced, is written through to the table and its triggers', async () => {
    expect(
      await recordedAfter(`ALTER TABLE "Order" RENAME TO "Order_rows"; CREATE VIEW "Order" AS SELECT * FROM "Order_rows";
        CREATE OR REPLACE VIEW "Order" AS SELECT id, note FROM "Order_rows" WHERE true`),
    ).toBe(1)
  })

  it('a rule on the table that writes more is recorded as far as it writes to the table', async () => {
    expect(
      await recordedAfter(`CREATE TABLE copies (id int, note text);
        CREATE RULE more AS ON INSERT TO "Order" DO ALSO INSERT INTO copies VALUES (NEW.id, NEW.note)`),
    ).toBe(1)
  })

  it('an event trigger, rights by default and an heir of the history leave capture as it is', async () => {
    expect(
      await recordedAfter(`CREATE FUNCTION meddle() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER meddle ON ddl_command_end EXECUTE FUNCTION meddle();
        ALTER DEFAULT PRIVILEGES IN SCHEMA audit GRANT ALL ON TABLES TO PUBLIC; CREATE TABLE heir () INHERITS (${HISTORY})`),
    ).toBe(1)
  })

  it('a rule on the history that leaves its rows out is the one that silences it: PostgreSQL lets an owner, and status says so', async () => {
    expect(await recordedAfter(`CREATE RULE nothing AS ON INSERT TO ${HISTORY} DO INSTEAD NOTHING`)).toBe(0)
  })
})

describe('the base migration', () => {
  it('stops at a schema that is not ours, and says what to do', async () => {
    const other = await createDatabase()
    try {
      await other.query(`CREATE SCHEMA audit; ${createSource(order)}`)
      await expect(other.query(install(order))).rejects.toMatchObject({
        code: '42P06',
        message: 'schema audit exists already and does not belong to prisma-generator-audit',
        hint: expect.stringContaining('schema = "audit_trail"'),
      })
    } finally {
      await other.drop()
    }
  })

  const schemas = `SELECT nspname::text AS name FROM pg_namespace WHERE nspname LIKE 'audit%' ORDER BY 1`
  // Prisma makes its table before the first migration runs.
  const reset = 'DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE public._prisma_migrations ();'

  it('drops its own left-over schema when it holds no row', async () => {
    const other = await createDatabase()
    try {
      await other.query(createSource(order) + install(order))
      await other.query(reset + createSource(order))
      await other.query(install(table('Order')))
      expect(await other.query(schemas)).toEqual([{ name: 'audit' }])
      expect(await other.query(`SELECT FROM pg_attribute WHERE attname = 'audit_username'`)).toEqual([])
    } finally {
      await other.drop()
    }
  })

  it('keeps left-over history under another name', async () => {
    const other = await createDatabase()
    try {
      const plain = table('Order')
      await other.query(createSource(plain) + install(plain))
      await other.query(`INSERT INTO "Order" VALUES (1, 'a')`)
      await other.query(reset + createSource(plain))
      await other.query(install(plain))
      const [audit, stale] = await other.query(schemas)
      expect(audit).toEqual({ name: 'audit' })
      expect(stale?.name).toMatch(/^audit_stale_\d{8}T\d{12}$/)
      expect(await other.query(`SELECT note FROM "${stale?.name}"."Order_audit"`)).toEqual([{ note: 'a' }])
      await other.query(`INSERT INTO "Order" VALUES (1, 'b')`)
      expect(await other.query(`SELECT note FROM ${HISTORY}`)).toEqual([{ note: 'b' }])
    } finally {
      await other.drop()
    }
  })

  it('adopts a live schema and keeps its history', async () => {
    const other = await createDatabase()
    try {
      const plain = table('Order')
      await other.query(createSource(plain) + install(plain))
      await other.query(`INSERT INTO "Order" VALUES (1, 'a')`)
      await other.query(install(plain))
      await other.query(`INSERT INTO "Order" VALUES (2, 'b')`)
      expect(await other.query(`SELECT note FROM ${HISTORY} ORDER BY audit_id`)).toEqual([
        { note: 'a' },
        { note: 'b' },
      ])
      expect(await other.query(schemas)).toEqual([{ name: 'audit' }])
    } finally {
      await other.drop()
    }
  })

  it.each([
    ['missing', '', '42P01', /table "public"."Order" is to be audited and does not exist/],
    ['short of a column', 'CREATE TABLE "Order" (id int)', '42703', /lacks the columns note/],
    [
      'partitioned',
      'CREATE TABLE "Order" (id int, note text) PARTITION BY LIST (id)',
      '0A000',
      /is partitioned/,
    ],
    ['a view', 'CREATE VIEW "Order" AS SELECT 1 AS id, NULL::text AS note', '42809', /no ordinary table/],
  ])('says clearly that a source table is %s', async (_, source, code, message) => {
    const other = await createDatabase()
    try {
      await other.query(source)
      await expect(other.query(install(order))).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      })
    } finally {
      await other.drop()
    }
  })
})
