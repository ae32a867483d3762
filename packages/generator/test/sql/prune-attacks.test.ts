import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import { renderPrunerSetup } from '../../src/sql/pruner-setup.ts'
import { renderSealTables } from '../../src/sql/seal-tables.ts'
import { column, createSource, install, table } from './fixture.ts'
import { prunersOf } from './pruning.ts'
import { HOME } from './sealing.ts'

const database = await useTestDatabase()
const { pruner, by } = prunersOf(database)
const [owner, app] = [`${database.name}_owner`, `${database.name}_app`]
const user = table('User', { columns: [column('id', 'integer'), column('email', 'text')] })
const HISTORY = 'audit."User_audit"'
const set = renderPrunerSetup({ pruner, by, atLeast: '30 days', home: HOME })

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

const wish = {
  history: HISTORY,
  before: '2020-01-01',
  key: ['id'],
  marks: null,
  after: '-9223372036854775808',
  size: 1000,
  reason: 'old',
  isDone: true,
  withRows: false,
}
const ask = (less: object = {}) =>
  `SELECT audit.prune('${JSON.stringify({ ...wish, ...less }).replaceAll("'", "''")}')`
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
  await database.query(set)
  await database.query(
    `GRANT CREATE ON SCHEMA public TO "${by}", "${app}"; GRANT TEMPORARY ON DATABASE "${database.name}" TO "${by}"`,
  )
  await as(
    app,
    `INSERT INTO "User" SELECT g, 'mail' || g FROM generate_series(1, 5) g`,
    `UPDATE "User" SET email = 'x'`,
  )
})
afterAll(async () => {
  for (const role of [by, app, pruner, owner])
    await database.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`)
})

const remove = `DELETE FROM ${HISTORY} WHERE id = 1`

describe('nobody removes history but by the function, and nobody calls it but who was let in', () => {
  const refused: readonly (readonly [string, string, string, readonly string[]])[] = [
    ['the owner deletes', owner, 'AU002', [remove]],
    ['the owner truncates', owner, 'AU002', [`TRUNCATE ${HISTORY}`]],
    ['a superuser deletes', 'superuser', 'AU002', [remove]],
    [
      'the owner deletes under session_replication_role',
      'superuser',
      'AU002',
      ['SET session_replication_role = replica', remove],
    ],
    ['the owner deletes after setting what it likes', owner, 'AU002', [`SET audit.pruning = 'on'`, remove]],
    ['the owner becomes the role', owner, '42501', [`SET ROLE "${pruner}"`]],
    ['the owner calls the function', owner, '42501', [ask()]],
    [
      'the owner lets itself in',
      owner,
      '42501',
      [`GRANT EXECUTE ON FUNCTION audit.prune(jsonb) TO "${owner}"`, ask()],
    ],
    [
      'the owner replaces the function',
      owner,
      '42501',
      [
        `CREATE OR REPLACE FUNCTION audit.prune(request jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT '1'::jsonb $$`,
      ],
    ],
    ['the owner forges a record', by, '42501', [`DELETE FROM audit.pruning`]],
    ['the owner changes a record', owner, 'AU002', [`UPDATE audit.pruning SET reason = 'x'`]],
    ['the application calls the function', app, '42501', [ask()]],
    ['the officer deletes', by, '42501', [remove]],
    ['the officer reads the history', by, '42501', [`SELECT * FROM ${HISTORY}`]],
    ['the officer becomes the role', by, '42501', [`SET ROLE "${pruner}"`]],
    ['the officer says that a range is pruned', by, '42501', ['INSERT INTO audit.seal_pruned VALUES (1)']],
    [
      'the role itself updates',
      'superuser',
      '42501',
      [`SET ROLE "${pruner}"`, `UPDATE ${HISTORY} SET id = 1`],
    ],
    ['the role itself truncates', 'superuser', '42501', [`SET ROLE "${pruner}"`, `TRUNCATE ${HISTORY}`]],
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
  const refused: readonly (readonly [string, object, string])[] = [
    ['younger history than the set-up allows', { before: new Date().toISOString() }, 'AU007'],
    ['history of the future', { before: 'infinity' }, 'AU007'],
    ['no limit', { before: null }, 'AU007'],
    ['no reason', { reason: '  ' }, 'AU007'],
    ['another key, which would let the last row of each go', { key: ['email'] }, 'AU007'],
    ['no key where there is one', { key: [] }, 'AU007'],
    ['SQL through a key', { key: ['id" IS NOT NULL OR "id'] }, 'AU007'],
    ['SQL through the marks', { marks: 'id"::text; DROP TABLE x; --' }, '42703'],
    ['SQL through the history', { history: 'audit."User_audit"" WHERE true; --"' }, '42P01'],
    ['the live table', { history: 'public."User"' }, '42P01'],
    ['the record of prunings', { history: 'audit.pruning', key: [] }, 'AU007'],
    ['the holds', { history: 'audit.legal_hold', key: [] }, 'AU007'],
    ['the record of erasures', { history: 'audit.erasure', key: [] }, 'AU007'],
    ['a seal', { history: 'audit.seal', key: [] }, 'AU007'],
    ['a table of PostgreSQL', { history: 'pg_catalog.pg_class' }, '42P01'],
  ]
  it.each(refused)('%s: refused', async (_, less, code) => {
    const before = await all()
    await expect(as(by, ask(less))).rejects.toMatchObject({ code })
    expect(await all()).toEqual(before)
    expect(await database.query('SELECT FROM audit.pruning')).toHaveLength(0)
  })

  it('functions, operators and tables that he makes are not called', async () => {
    const before = await all()
    await as(
      by,
      `CREATE FUNCTION public.evil(bigint, integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER ROLE "${by}" SUPERUSER'; RETURN true; END $$`,
      `CREATE OPERATOR public.> (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = public.evil)`,
      `CREATE FUNCTION public.to_regclass(text) RETURNS regclass LANGUAGE sql AS $$ SELECT 'public."User"'::regclass $$`,
      `CREATE TEMP TABLE pg_index (x int); CREATE TEMP TABLE "User_audit" (audit_id bigint, id int, email text)`,
      `SET search_path = public, pg_temp, pg_catalog`,
      ask(),
    )
    expect(await all()).toEqual(before)
    expect(await database.query(`SELECT rolsuper FROM pg_roles WHERE rolname = '${by}'`)).toEqual([
      { rolsuper: false },
    ])
  })

  it('a pruning that is rolled back is none; one by the function is recorded with who asked, and keeps the last row of each', async () => {
    await database.query(`ALTER TABLE ${HISTORY} DISABLE TRIGGER append_only; UPDATE ${HISTORY} SET audit_operation_timestamp = '2019-01-01' WHERE id < 4;
      ALTER TABLE ${HISTORY} ENABLE ALWAYS TRIGGER append_only`)
    const before = await all()
    await as(by, ask({ isDone: false }))
    await as(by, 'BEGIN', ask(), 'ROLLBACK')
    expect(await all()).toEqual(before)
    await as(by, ask())
    expect((await all()).map((row) => Number(row.audit_id))).toEqual([4, 5, 6, 7, 8, 9, 10])
    expect(
      await database.query(
        'SELECT audit_current_user AS by, reason, rows, first_id::int AS first, last_id::int AS last FROM audit.pruning',
      ),
    ).toEqual([{ by, reason: 'old', rows: 3, first: 1, last: 3 }])
  })

  it('the set-up can be run again, and refuses a role that somebody can be', async () => {
    await database.query(set)
    await database.query(`GRANT "${pruner}" TO "${app}"`)
    await expect(database.query(set)).rejects.toMatchObject({
      message: expect.stringContaining('can become'),
    })
    await database.query(`ROLLBACK; REVOKE "${pruner}" FROM "${app}"`)
    await database.query(set)
  })
})
