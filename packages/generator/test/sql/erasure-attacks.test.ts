import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import { renderEraserSetup } from '../../src/sql/eraser-setup.ts'
import { renderSealTables } from '../../src/sql/seal-tables.ts'
import { rolesOf } from './erasing.ts'
import { column, createSource, install, setting, table } from './fixture.ts'
import { HOME } from './sealing.ts'

const database = await useTestDatabase()
const { eraser, by } = rolesOf(database)
const [owner, app] = [`${database.name}_owner`, `${database.name}_app`]
const user = table('User', {
  columns: [column('id', 'integer'), column('email', 'text')],
  settings: [setting('username String?')],
})
const HISTORY = 'audit."User_audit"'

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
const targets = (match: unknown, more: object = { columns: ['email'] }) =>
  JSON.stringify([{ history: '"audit"."User_audit"', match, ...more }]).replaceAll("'", "''")
const id = (value: string) => [{ columns: ['id'], value }]
const ask = (request: string, plan = 'NULL') => `SELECT audit.erase('${request}', 'x', ${plan})`
const all = () => database.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)

beforeAll(async () => {
  await database.query(
    `CREATE ROLE "${owner}" LOGIN; CREATE ROLE "${app}" LOGIN; GRANT CREATE ON DATABASE "${database.name}" TO "${owner}";
    GRANT CREATE, USAGE ON SCHEMA public TO "${owner}"`,
  )
  await as(
    owner,
    createSource(user),
    install(user),
    `GRANT ALL ON "User" TO "${app}"`,
    renderSealTables(HOME),
  )
  await database.query(renderEraserSetup({ eraser, by, home: HOME }))
  await database.query(
    `GRANT CREATE ON SCHEMA public TO "${by}", "${app}"; GRANT TEMPORARY ON DATABASE "${database.name}" TO "${by}"`,
  )
  await as(app, `INSERT INTO "User" SELECT g, 'mail' || g FROM generate_series(1, 5) g`)
})
afterAll(async () => {
  for (const role of [by, app, eraser, owner])
    await database.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`)
})

const update = `UPDATE ${HISTORY} SET email = NULL WHERE id = 1`

describe('nobody erases but by the function, and nobody calls it but who was let in', () => {
  const refused: readonly (readonly [string, string, string, readonly string[]])[] = [
    ['the owner updates', owner, 'AU002', [update]],
    [
      'the owner updates under session_replication_role',
      'superuser',
      'AU002',
      [`SET session_replication_role = replica`, update],
    ],
    ['a superuser updates', 'superuser', 'AU002', [update]],
    [
      'the owner updates after setting what it likes',
      owner,
      'AU002',
      [`SET audit.erasing = 'on'`, `SET audit_eraser.role_before = '${eraser}'`, update],
    ],
    ['the owner deletes', owner, 'AU002', [`DELETE FROM ${HISTORY}`]],
    ['the owner becomes the role', owner, '42501', [`SET ROLE "${eraser}"`]],
    ['the owner calls the function', owner, '42501', [ask(targets(id('1')))]],
    [
      'the owner lets itself in',
      owner,
      '42501',
      [
        `SET client_min_messages = error`,
        `GRANT EXECUTE ON FUNCTION audit.erase(jsonb, text, text) TO "${owner}"`,
        ask(targets(id('1'))),
      ],
    ],
    [
      'the owner replaces the function',
      owner,
      '42501',
      [
        `CREATE OR REPLACE FUNCTION audit.erase(request jsonb, reason text, confirmed text) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb'`,
      ],
    ],
    ['the owner drops a hold', owner, 'AU002', ['DELETE FROM audit.legal_hold']],
    ['the owner changes the record', owner, 'AU002', [`UPDATE audit.erasure SET reason = 'x'`]],
    ['the application calls the function', app, '42501', [ask(targets(id('1')))]],
    ['the officer updates', by, '42501', [update]],
    ['the officer reads the history', by, '42501', [`SELECT * FROM ${HISTORY}`]],
    ['the officer becomes the role', by, '42501', [`SET ROLE "${eraser}"`]],
    [
      'the officer writes a record',
      by,
      '42501',
      [
        `INSERT INTO audit.erasure (audit_operation, audit_current_user, plan, reason, erased) VALUES ('E', 'x', 'x', 'x', '[]')`,
      ],
    ],
    [
      'the officer ends a hold',
      by,
      '42501',
      [`INSERT INTO audit.legal_hold (kind, made_by, released, reason) VALUES ('R', 'x', 1, 'x')`],
    ],
    [
      'the role itself changes a fact',
      'superuser',
      '42501',
      [`SET ROLE "${eraser}"`, `UPDATE ${HISTORY} SET audit_operation = 'I'`],
    ],
    ['the role itself deletes', 'superuser', '42501', [`SET ROLE "${eraser}"`, `DELETE FROM ${HISTORY}`]],
    [
      'a table of his own has the guard',
      by,
      '42501',
      [
        `CREATE TABLE public.mine (id int)`,
        `CREATE TRIGGER append_only BEFORE UPDATE ON public.mine FOR EACH STATEMENT EXECUTE FUNCTION audit.append_only()`,
      ],
    ],
  ]
  it.each(refused)('%s: refused', async (_, role, code, statements) => {
    const before = await all()
    const [me] = await database.query<{ name: string }>('SELECT session_user AS name')
    await expect(as(role === 'superuser' ? (me?.name ?? '') : role, ...statements)).rejects.toMatchObject({
      code,
    })
    expect(await all()).toEqual(before)
  })
})

describe('the officer asks for what he must not have', () => {
  const plan = `(SELECT audit.erase('%', NULL, NULL) ->> 'plan')`
  const both = (request: string) => [ask(request, plan.replace('%', request))]
  const refused: readonly (readonly [string, string, string])[] = [
    ['rows are not named', targets([]), 'AU006'],
    ['rows are named by a column that is not there', targets([{ columns: ['nobody'], value: '1' }]), 'AU006'],
    [
      'rows are named by a column that is there and one that is not',
      targets([...id('1'), { columns: ['nobody'], value: '1' }]),
      'AU006',
    ],
    ['nothing is named', targets(id('1'), { columns: [] }), 'AU006'],
    ['a fact', targets(id('1'), { columns: ['audit_operation'] }), 'AU006'],
    ['the time of a version', targets(id('1'), { columns: ['audit_operation_timestamp'] }), 'AU006'],
    ['the key by which the rows are named', targets(id('1'), { columns: ['id'] }), 'AU006'],
    [
      'the key of rows that are named by something else',
      targets([{ columns: ['email'], value: 'mail1' }], { columns: ['id'] }),
      'AU006',
    ],
    ['SQL through a column', targets(id('1'), { columns: ['email" = NULL; --'] }), '42703'],
    ['SQL through a matched column', targets([{ columns: ['id" IS NOT NULL OR "id'], value: '1' }]), 'AU006'],
    ['SQL through a value', targets(id("1' OR '1' = '1")), '22P02'],
    [
      'a path of what is no document',
      targets(id('1'), { paths: [{ column: 'email', path: ["x'] = 'y"] }] }),
      'AU006',
    ],
    [
      'the live table',
      JSON.stringify([{ history: 'public."User"', match: id('1'), columns: ['email'] }]),
      '42P01',
    ],
    [
      'a table of PostgreSQL',
      JSON.stringify([{ history: 'pg_catalog.pg_class', match: id('1'), columns: ['relname'] }]),
      '42P01',
    ],
    [
      'the record of erasures',
      JSON.stringify([
        { history: 'audit.erasure', match: [{ columns: ['plan'], value: 'x' }], columns: ['reason'] },
      ]),
      '42P01',
    ],
    [
      'the holds',
      JSON.stringify([
        { history: 'audit.legal_hold', match: [{ columns: ['reason'], value: 'x' }], columns: ['match'] },
      ]),
      '42P01',
    ],
    [
      'the salts of the seals',
      JSON.stringify([
        { history: 'audit.seal_salt', match: [{ columns: ['seal_number'], value: '1' }], columns: ['salts'] },
      ]),
      '42P01',
    ],
    ['nothing at all', '{}', 'AU006'],
    ['an empty list', '[]', 'AU006'],
  ]
  it.each(refused)('%s: refused', async (_, request, code) => {
    const before = await all()
    await expect(as(by, ...both(request))).rejects.toMatchObject({ code })
    expect(await all()).toEqual(before)
  })

  it('a plan of one thing does not confirm another, and none that is made up', async () => {
    const before = await all()
    const other = plan.replace('%', targets(id('2')))
    for (const confirmed of [other, `'0123456789abcdef'`, `''`]) {
      await expect(as(by, ask(targets(id('1')), confirmed))).rejects.toMatchObject({ code: 'AU006' })
    }
    const without = `SELECT audit.erase('${targets(id('1'))}', ' ', ${plan.replace('%', targets(id('1')))})`
    await expect(as(by, without)).rejects.toMatchObject({
      code: 'AU006',
      message: 'an erasure needs a reason',
    })
    expect(await all()).toEqual(before)
  })

  it('a snapshot from before a hold does not pass it by', async () => {
    const before = await all()
    const client = await database.pool({ max: 1 }).connect()
    await client.query(`SET SESSION AUTHORIZATION "${by}"; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1`)
    await database.query(
      `INSERT INTO audit.legal_hold (kind, made_by, reason) VALUES ('H', 'x', 'everything')`,
    )
    await expect(client.query(both(targets(id('3')))[0] ?? '')).rejects.toMatchObject({ code: 'AU006' })
    client.release(true)
    await expect(as(by, ...both(targets(id('3'))))).rejects.toMatchObject({ code: 'AU005' })
    await database.query(
      `INSERT INTO audit.legal_hold (kind, made_by, released, reason) VALUES ('R', 'x', 1, 'over')`,
    )
    expect(await all()).toEqual(before)
  })

  it('functions, operators and tables that he makes are not called', async () => {
    const before = await all()
    await as(
      by,
      `CREATE FUNCTION public.evil(integer, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER ROLE "${by}" SUPERUSER'; RETURN true; END $$`,
      `CREATE OPERATOR public.= (LEFTARG = integer, RIGHTARG = text, FUNCTION = public.evil)`,
      `CREATE FUNCTION public.to_regclass(text) RETURNS regclass LANGUAGE sql AS $$ SELECT 'public."User"'::regclass $$`,
      `CREATE TEMP TABLE pg_trigger (x int); CREATE TEMP TABLE "User_audit" (audit_id bigint, id int, email text)`,
      `SET search_path = public, pg_temp, pg_catalog`,
      ask(targets(id('99')), plan.replace('%', targets(id('99')))),
    )
    expect(await all()).toEqual(before)
    expect(await database.query(`SELECT rolsuper FROM pg_roles WHERE rolname = '${by}'`)).toEqual([
      { rolsuper: false },
    ])
  })

  it('an erasure that is rolled back is none, and one by the function is recorded with who asked', async () => {
    const before = await all()
    const request = targets(id('5'))
    await as(by, 'BEGIN', ...both(request), 'ROLLBACK')
    expect(await all()).toEqual(before)
    expect(await database.query('SELECT FROM audit.erasure')).toHaveLength(0)
    await as(by, ...both(request))
    expect(await all()).toEqual(before.map((row) => (row.id === 5 ? { ...row, email: null } : row)))
    expect(await database.query('SELECT audit_current_user AS by, reason FROM audit.erasure')).toEqual([
      { by, reason: 'x' },
    ])
  })
})
