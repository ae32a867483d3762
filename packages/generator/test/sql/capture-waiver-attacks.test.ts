import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serverMajor, useTestDatabase } from '../../../../test/support/test-database.ts'
import { createSource, table, up, waivable } from './fixture.ts'

const database = await useTestDatabase()
const [maintenance, member, later, app, other] = ['maintenance', 'member', 'later', 'app', 'other'].map(
  (name) => `${name} ${database.name}`,
) as [string, string, string, string, string]
const order = table('Order')
const item = table('Item', { level: 'row' })
const waive = `SELECT audit.waive_capture('bulk')`
const insert = `INSERT INTO "Order" SELECT coalesce(max(id), 0) + 1, 'a' FROM "Order"`

/** Runs the statements one after the other in a session that `role` has opened. */
async function as(role: string, ...statements: readonly string[]) {
  const client = await database.pool({ max: 1 }).connect()
  try {
    await client.query(`SET SESSION AUTHORIZATION "${role}"`)
    for (const statement of statements) await client.query(statement)
  } finally {
    client.release(true)
  }
}

const count = async (select: string) =>
  (await database.query<{ n: number }>(`SELECT count(*)::int AS n FROM (${select}) AS s`))[0]?.n

/** Live rows that neither the history nor a row of waivers knows of. */
const untold = () =>
  count(`SELECT FROM "Order" AS o WHERE NOT EXISTS (SELECT FROM audit."Order_audit" AS a WHERE a.id = o.id)`)

beforeAll(async () => {
  await database.query(createSource(order) + createSource(item))
  for (const role of [maintenance, member, later, app, other])
    await database.query(`CREATE ROLE "${role}"; GRANT ALL ON "Order", "Item" TO "${role}"`)
  await database.query(`GRANT "${maintenance}" TO "${member}"; GRANT "${other}" TO "${app}";
    ALTER ROLE "${later}" NOINHERIT; GRANT "${maintenance}" TO "${later}"; GRANT "${app}" TO "${member}";
    GRANT CREATE ON SCHEMA public TO "${app}", "${member}"; GRANT TEMPORARY ON DATABASE "${database.name}" TO "${app}"`)
  await database.query(`ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO "${app}"; ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO "${app}";
    ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO "${app}"`)
  await database.query(up(waivable(maintenance, order, item)))
  await database.query(insert)
})
afterAll(async () => {
  for (const role of [member, later, app, other, maintenance]) {
    await database.query(
      `REASSIGN OWNED BY "${role}" TO CURRENT_USER; DROP OWNED BY "${role}"; DROP ROLE "${role}"`,
    )
  }
})

const byHand = `SELECT set_config('audit_capture.waived', pg_current_xact_id()::text, true)`

describe('whoever is no member', () => {
  const refused: readonly (readonly [string, string, readonly string[]])[] = [
    ['asks for a waiver', app, ['BEGIN', waive]],
    ['is a member of another role', app, ['BEGIN', `SET LOCAL ROLE "${other}"`, waive]],
    ['sets the setting by hand', app, ['BEGIN', byHand, insert]],
    ['sets it for the session', app, [`SET audit_capture.waived = 'on'`, insert]],
    ['sets it and changes a key', app, ['BEGIN', byHand, 'UPDATE "Order" SET id = -id']],
    ['sets it and truncates', app, ['BEGIN', byHand, 'TRUNCATE "Order"']],
    ['sets it at level row', app, ['BEGIN', byHand, `INSERT INTO "Item" VALUES (1, 'a')`]],
    [
      'sets it through set_context',
      app,
      [
        'BEGIN',
        `SELECT audit.set_context('{"x": "1"}'), set_config('audit_capture.waived', '1', true)`,
        insert,
      ],
    ],
    ['has given the rights away since', member, ['BEGIN', waive, `SET LOCAL ROLE "${app}"`, insert]],
    ['does not inherit them', later, ['BEGIN', waive]],
    ['finds no waiver in this transaction, though a member', member, ['BEGIN', byHand, insert]],
    [
      'finds that of another transaction',
      member,
      [`BEGIN; ${waive}; COMMIT`, `SET audit_capture.waived = 'on'`, insert],
    ],
    [
      'finds that of a savepoint that is gone',
      member,
      ['BEGIN', 'SAVEPOINT s', waive, 'ROLLBACK TO s', byHand, insert],
    ],
  ]
  it.each(refused)('is refused: %s', async (_, role, statements) => {
    const before = await untold()
    await expect(as(role, ...statements)).rejects.toMatchObject({
      code: 'AU004',
      hint: expect.stringContaining('RESET audit_capture.waived'),
    })
    expect(await untold()).toBe(before)
  })

  it.each([
    ['read what was waived', 'SELECT * FROM audit.capture_waiver'],
    ['write a waiver of its own', `INSERT INTO audit.capture_waiver DEFAULT VALUES`],
    ['write what is called by the capture functions', `SELECT audit.record_waiver('x', 'I', 1)`],
    [
      'replace the function',
      'CREATE OR REPLACE FUNCTION audit.waive_capture(reason text) RETURNS void LANGUAGE sql AS $$ $$',
    ],
  ])('cannot %s, not even with default privileges', async (_, attack) => {
    await expect(as(app, attack)).rejects.toMatchObject({ code: '42501' })
    await expect(as(member, attack)).rejects.toMatchObject({ code: '42501' })
  })

  it('cannot bend the functions by a function or table in pg_temp or in a schema of its own', async () => {
    await expect(
      as(
        app,
        `CREATE FUNCTION public.pg_has_role(name, oid, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
         CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT '${member}' $$;
         CREATE TEMP TABLE pg_roles (rolname name, oid oid); INSERT INTO pg_roles VALUES ('${maintenance}', 10);
         SET search_path = pg_temp, public, pg_catalog`,
        `BEGIN; ${waive}`,
      ),
    ).rejects.toMatchObject({ code: 'AU004' })
    await database.query('DROP FUNCTION public.pg_has_role(name, oid, text), public.current_setting(text)')
  })

  it('does not get a waiver through the SECURITY DEFINER function of a member', async () => {
    await as(
      member,
      `CREATE FUNCTION public.lend() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ ${waive} $$`,
    )
    await expect(as(app, 'SELECT public.lend()')).rejects.toMatchObject({ code: 'AU004' })
  })
})

describe('a member', () => {
  it('that does not inherit takes the role by SET ROLE', async () => {
    await as(later, 'BEGIN', `SET LOCAL ROLE "${maintenance}"`, waive, insert, 'COMMIT')
    expect(
      await database.query(
        'SELECT audit_current_user AS who, audit_operation AS op FROM audit.capture_waiver ORDER BY audit_id DESC LIMIT 2',
      ),
    ).toEqual([
      { who: maintenance, op: 'I' },
      { who: maintenance, op: 'W' },
    ])
  })

  it.runIf(serverMajor() >= 16)('is none who may only grant the role', async () => {
    await database.query(`GRANT "${maintenance}" TO "${other}" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`)
    await expect(as(other, waive)).rejects.toMatchObject({ code: 'AU004' })
    await database.query(`REVOKE "${maintenance}" FROM "${other}"`)
  })

  it('that others make write, by a trigger of theirs, leaves a row for that write too', async () => {
    await as(
      app,
      `CREATE FUNCTION public.sneak() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF pg_trigger_depth() = 1 THEN DELETE FROM "Item"; END IF; RETURN NULL; END $$`,
    )
    await database.query(`INSERT INTO "Item" VALUES (7, 'a');
      CREATE TRIGGER sneak AFTER INSERT ON "Order" FOR EACH STATEMENT EXECUTE FUNCTION public.sneak()`)
    await as(member, 'BEGIN', waive, insert, 'COMMIT')
    await database.query('DROP FUNCTION public.sneak CASCADE')
    expect(
      await database.query(
        'SELECT audit_operation AS op, source FROM audit.capture_waiver ORDER BY audit_id DESC LIMIT 2',
      ),
    ).toContainEqual({ op: 'D', source: '"public"."Item"' })
  })

  it.each(['origin', 'replica'])('cannot take the trace away, nor its owner: %s', async (replication) => {
    const client = await database.pool({ max: 1 }).connect()
    try {
      await client.query(`SET session_replication_role = ${replication}`)
      for (const attack of [
        `UPDATE audit.capture_waiver SET reason = 'x'`,
        'DELETE FROM audit.capture_waiver',
        'TRUNCATE audit.capture_waiver',
      ])
        await expect(client.query(attack)).rejects.toMatchObject({ code: 'AU002' })
    } finally {
      client.release(true)
    }
  })
})

it('nobody has a right on the objects of the waiver but to ask for one', async () => {
  expect(
    await database.query(
      `SELECT object FROM (
         SELECT c.relname::text AS object, a.grantee, c.relowner AS owner FROM pg_class c, aclexplode(c.relacl) a WHERE relnamespace = 'audit'::regnamespace
         UNION ALL SELECT p.proname, a.grantee, p.proowner FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE pronamespace = 'audit'::regnamespace
       ) x WHERE grantee <> owner ORDER BY object`,
    ),
  ).toEqual([{ object: 'set_context' }, { object: 'waive_capture' }])
})
