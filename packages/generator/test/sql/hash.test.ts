import { createHmac } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createDatabase, useTestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedColumn, AuditedTable } from '../../src/model/audit-model.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { planMigration } from '../../src/state/migration-plan.ts'
import { column, createSource, down, install, names, setting, state, table, up } from './fixture.ts'

const database = await useTestDatabase()
const run = (sql: string) => database.query(sql)

const hashed = (name: string): AuditedColumn => ({ ...column(name, 'text'), policy: 'hash' })

let count = 0
async function audited(wishes: Partial<AuditedTable> = {}, type = 'text', rest = '') {
  count += 1
  const name = `Account ${count}`
  const wanted = table(name, {
    columns: [column('id', 'integer'), column('note', 'text'), hashed('iban')],
    ...wishes,
  })
  await run(`CREATE TABLE "${name}" (id int PRIMARY KEY, note text, iban ${type}) ${rest}`)
  await run(install(wanted))
  const history = async () => {
    const rows = await database.query<{ op: string; iban: string | null }>(
      `SELECT audit_operation AS op, iban FROM audit."${name}_audit" ORDER BY audit_id`,
    )
    return rows.map(({ op, iban }) => [op, iban])
  }
  const hashes = async () => (await history()).map(([, iban]) => iban)
  return { name: `"${name}"`, table: `audit."${name}_audit"`, wanted, history, hashes }
}

const hmac = async (history: string, value: string) => {
  const [row] = await database.query<{ key: Buffer }>(
    `SELECT key FROM audit.hash_key WHERE history = '${history}'::regclass`,
  )
  return createHmac('sha256', row?.key ?? '')
    .update(value)
    .digest('hex')
}

await run(`CREATE EXTENSION citext; CREATE DOMAIN amount AS numeric; CREATE DOMAIN amounts AS numeric[]; CREATE DOMAIN half AS amount CHECK (VALUE < 2);
  CREATE DOMAIN document AS jsonb; CREATE DOMAIN share AS float8; CREATE TYPE priced AS (price numeric, note text);
  CREATE TYPE shares AS RANGE (subtype = numeric);
  CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`)

/** Two ways to write one value, which hash equal. */
const EQUAL = [
  ['timestamptz', `'2024-02-03T04:05:06.123Z'`, `'2024-02-03T05:05:06.1230+01'`],
  ['timestamp', `'2024-02-03 04:05:06'`, `'2024-02-03T04:05:06.000'`],
  ['date', `'2024-02-03'::date`, `'20240203'`],
  ['interval', `interval '1 year 2 days 3 hours'`, `interval '12 months 2 days 180 minutes'`],
  ['double precision', '(0.1::float8 + 0.2::float8)', `'3.0000000000000004e-1'`],
  ['double precision', `'-0'`, `'0'`],
  ['double precision[]', `'{-0,-0.5,1e-05}'`, `'{0,-0.50,0.00001}'`],
  ['share', `'-0'`, `'0'`],
  ['real', '0.1', '0.10'],
  ['real', `'-0'`, `'0'`],
  ['real[]', `'{{-0},{1}}'`, `'{{0},{1.0}}'`],
  ['bytea', `decode('00ff41', 'hex')`, String.raw`'\000\377A'`],
  ['numeric', '1.0', '1.00'],
  ['numeric', '100', '1e2'],
  ['numeric', '0.00', '0'],
  ['amount', '1.0', '1.00'],
  ['half', '-1.10', '-1.1'],
  ['numeric[]', `'{1.0,NULL,20.50,NaN}'`, `'{1.00,NULL,20.5,NaN}'`],
  ['numeric[]', `'{{1.0},{0.010}}'`, `'{{1},{0.01}}'`],
  ['amounts', `'{1.0}'`, `'{1}'`],
  ['numrange', `'[1.0,2.50)'`, `'[1,2.5)'`],
  ['numrange[]', `'{"[1.0,2.50)","(,)"}'`, `'{"[1,2.5)","(,)"}'`],
  ['nummultirange', `'{[1.0,2.50),[3.0,)}'`, `'{[1,2.5),[3,)}'`],
  [
    'timestamptz[]',
    `ARRAY['2024-02-03T04:05:06Z'::timestamptz]`,
    `ARRAY['2024-02-03T03:05:06-01'::timestamptz]`,
  ],
  ['jsonb', `'{"b": 1, "a": [1.0, -0.50, 1e2]}'`, `'{"a":[1,-0.5,100.00],"b":1.000}'`],
  ['jsonb', `'{"1.0": "2.00", "a": 2.00}'`, `'{"1.0": "2.00", "a": 2.0}'`],
  ['jsonb', `'1.0'`, `'1.00'`],
  ['document', `'[1.0]'`, `'[1.00]'`],
  ['char(6)', `'ab'`, `'ab   '`],
  ['money', '12.5::numeric', '12.50::numeric'],
  ['text', `repeat('é', 100000)`, `repeat('éé', 50000)`],
  ['int[]', `'{1,2}'`, `'{ 01 ,2}'`],
  ['tstzrange', `'[2024-02-03T04:05:06Z,)'`, `'[2024-02-03T05:05:06+01,)'`],
] as const

/** Two that are equal to PostgreSQL, and hash otherwise. */
const APART = [
  ['interval', `'1 day'`, `'24:00'`],
  ['interval[]', `'{1 mon}'`, `'{30 days}'`],
  ['priced', `'(1.0,a)'`, `'(1.00,a)'`],
  ['priced[]', `'{"(1.0,a)"}'`, `'{"(1.00,a)"}'`],
  ['jsonb[]', `'{1.0}'`, `'{1.00}'`],
  ['amount[]', `'{1.0}'`, `'{1.00}'`],
  ['shares', `'[1.0,2)'`, `'[1.00,2)'`],
  ['bpchar[]', `'{a}'`, `'{"a "}'`],
  ['citext', `'a'`, `'A'`],
  ['text COLLATE any_case', `'a'`, `'A'`],
  ['box', `'(1,1),(0,0)'`, `'(3,3),(2,2)'`],
] as const

/** Values, and the texts that are hashed of them: what was hashed once goes on to match. */
const AS_WRITTEN = [
  ['numeric', '-120.05', '-120.05'],
  ['amount', '1000', '1000'],
  ['numeric[]', '{10,2.5,NULL,0.001,100.1}', '{10,2.5,NULL,0.001,100.1}'],
  ['numrange', '(,10.5]', '(,10.5]'],
  ['float8', '1e-05', '1e-05'],
  ['float8[]', '{-0.5,1e-05,1e+20}', '{-0.5,1e-05,1e+20}'],
  ['jsonb', '{"a": 1.05, "b": [1.203, 10, "1.0"]}', '{"a": 1.05, "b": [1.203, 10, "1.0"]}'],
  ['jsonb', String.raw`{"a\"1.0": "\\", "b\\\"2.00": 3.0}`, String.raw`{"a\"1.0": "\\", "b\\\"2.00": 3}`],
  ['text', '1.00', '1.00'],
  ['priced', '(1.00,"2.00 -0")', '(1.00,"2.00 -0")'],
  ['interval', '24:00', 'PT24H'],
] as const

describe('a hashed column', () => {
  it.each(['statement', 'row'] as const)(
    'at level %s is HMAC-SHA-256 of the value with the key of its column, and NULL where it is NULL',
    async (level) => {
      const account = await audited({ level })
      const { name } = account
      await run(`INSERT INTO ${name} VALUES (1, 'a', 'DE89 é'), (2, 'b', NULL)`)
      await run(`UPDATE ${name} SET note = 'c' WHERE id = 1`)
      await run(`UPDATE ${name} SET iban = 'FR76' WHERE id = 1`)
      await run(`UPDATE ${name} SET id = 9 WHERE id = 1`)
      await run(`DELETE FROM ${name} WHERE id = 2`)
      await run(`TRUNCATE ${name}`)
      const [first, other] = [await hmac(account.table, 'DE89 é'), await hmac(account.table, 'FR76')]
      expect(first).toMatch(/^[0-9a-f]{64}$/)
      expect(await account.history()).toEqual([
        ['I', first],
        ['I', null],
        ['U', first],
        ['U', other],
        ['D', other],
        ['U', other],
        ['D', null],
        ['D', other],
      ])
    },
  )

  it('has a key of its own: the same value is another hash in another column and table', async () => {
    const [one, two] = [
      await audited(),
      await audited({ columns: [column('id', 'integer'), hashed('note'), hashed('iban')] }),
    ]
    await run(
      `INSERT INTO ${one.name} VALUES (1, 'same', 'same'); INSERT INTO ${two.name} VALUES (1, 'same', 'same')`,
    )
    const [row] = await database.query<{ note: string; iban: string }>(`SELECT note, iban FROM ${two.table}`)
    expect(new Set([...(await one.hashes()), row?.note, row?.iban]).size).toBe(3)
  })

  it('hashes equal values equal, whatever the writer has set for dates, floats, bytes and time zones', async () => {
    const writers = [
      `SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL TimeZone = 'UTC'`,
      `SET LOCAL DateStyle = 'German, DMY'; SET LOCAL TimeZone = 'Pacific/Chatham'; SET LOCAL IntervalStyle = 'sql_standard';
       SET LOCAL extra_float_digits = -15; SET LOCAL bytea_output = 'escape'`,
    ]
    for (const [type, first, second] of EQUAL) {
      expect(await run(`SELECT ${first}::${type} = ${second}::${type} AS equal`)).toEqual([{ equal: true }])
      const { name, hashes } = await audited({}, type)
      for (const [at, settings] of writers.entries()) {
        await run(
          `BEGIN; ${settings}; INSERT INTO ${name} VALUES (${at}, 'n', ${at === 0 ? first : second}::${type}); COMMIT`,
        )
      }
      const [one, two] = await hashes()
      expect([type, one]).toEqual([type, two])
      expect(one).toMatch(/^[0-9a-f]{64}$/)
    }
  })

  it('tells values apart that PostgreSQL calls equal and writes otherwise, of the types that docs/sql.md names', async () => {
    for (const [type, first, second] of APART) {
      expect(await run(`SELECT ${first}::${type} = ${second}::${type} AS equal`)).toEqual([{ equal: true }])
      const { name, hashes } = await audited({}, type)
      await run(`INSERT INTO ${name} VALUES (1, 'n', ${first}::${type}), (2, 'n', ${second}::${type})`)
      const [one, two] = await hashes()
      expect([type, one === two]).toEqual([type, false])
    }
  })

  it('is of the text as PostgreSQL writes it, where that has no zero too many; letters stay as they are', async () => {
    for (const [type, value, written] of AS_WRITTEN) {
      const { name, table: history, hashes } = await audited({}, type)
      await run(`INSERT INTO ${name} VALUES (1, 'n', '${value}'::${type})`)
      expect([value, ...(await hashes())]).toEqual([value, await hmac(history, written)])
    }
  })

  it('may be an enum, a domain or of a composite type, and other values hash otherwise', async () => {
    await run(`CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
      CREATE TYPE pair AS (a int, b text)`)
    for (const [type, first, second] of [
      ['mood', `'glad'`, `'sad'`],
      ['mood[]', `'{glad,sad}'`, `'{sad,glad}'`],
      ['mail', `'a@b'`, `'a@c'`],
      ['pair', `ROW(1, 'x')::pair`, `ROW(1, 'y')::pair`],
      ['uuid', `'6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b'`, `'6ec0bd7f-11c0-43da-975e-2a8ad9ebae0c'`],
    ]) {
      const { name, hashes } = await audited({}, type)
      await run(`INSERT INTO ${name} VALUES (1, 'n', ${first}), (2, 'n', ${first}), (3, 'n', ${second})`)
      const [one, same, other] = await hashes()
      expect(same).toBe(one)
      expect(other).not.toBe(one)
    }
  })

  it('is found by its owner with the value', async () => {
    const { name, table: history } = await audited()
    await run(`INSERT INTO ${name} VALUES (1, 'n', 'DE89'), (2, 'n', 'FR76')`)
    expect(
      await database.query(
        `SELECT id FROM ${history} WHERE iban = audit.hash_value('FR76'::text, '${history}', 'iban')`,
      ),
    ).toEqual([{ id: 2 }])
  })

  it('is no column that is misspelled', async () => {
    const { table: history } = await audited()
    await expect(run(`SELECT audit.hash_value('x'::text, '${history}', 'ibn')`)).rejects.toMatchObject({
      code: '42703',
      message: expect.stringContaining('column "ibn" of relation'),
    })
  })

  it('keeps its key when its table and column get other names', async () => {
    const { name, wanted } = await audited()
    await run(`INSERT INTO ${name} VALUES (1, 'n', 'DE89')`)
    const from = state(wanted)
    const purse = { schema: 'public', name: 'Purse' }
    const plan = planMigration(from, [
      { kind: 'renameTable', source: wanted.source, to: purse },
      { kind: 'renameObjects', source: purse, schema: 'audit', names: names('Purse') },
      { kind: 'renameColumn', source: purse, column: 'iban', to: 'number' },
    ])
    await run(`ALTER TABLE ${name} RENAME TO "Purse"; ALTER TABLE "Purse" RENAME iban TO number`)
    await run(renderMigration(plan, { from }))
    await run(`INSERT INTO "Purse" VALUES (2, 'n', 'DE89')`)
    const rows = await database.query<{ number: string }>('SELECT number FROM audit."Purse_audit"')
    expect(rows).toEqual([rows[0], rows[0]])
    expect(rows[0]?.number).toMatch(/^[0-9a-f]{64}$/)
  })

  it('is written on with another key where its key is gone: no write fails, and nothing is recorded in clear', async () => {
    const { name, table: history, hashes } = await audited()
    await run(`INSERT INTO ${name} VALUES (1, 'n', 'DE89')`)
    await run(`ALTER TABLE audit.hash_key DISABLE TRIGGER append_only;
      DELETE FROM audit.hash_key WHERE history = '${history}'::regclass;
      ALTER TABLE audit.hash_key ENABLE ALWAYS TRIGGER append_only`)
    await run(`INSERT INTO ${name} VALUES (2, 'n', 'DE89'), (3, 'n', 'DE89')`)
    const [old, second, third] = await hashes()
    expect(second).toBe(third)
    expect(second).toMatch(/^[0-9a-f]{64}$/)
    expect(second).not.toBe(old)
  })

  it('fails no write of a role that has no rights in the audit, and that role can neither hash nor read a key', async () => {
    const { name, table: history, hashes } = await audited()
    const role = `clerk_${process.pid}_${count}`
    // What shadows a function of PostgreSQL's is not called.
    await run(`CREATE ROLE ${role}; GRANT INSERT ON ${name} TO ${role}; CREATE SCHEMA trap; GRANT USAGE ON SCHEMA trap TO ${role};
      CREATE FUNCTION trap.convert_to(text, name) RETURNS bytea LANGUAGE sql AS $$ SELECT ''::bytea $$;
      CREATE FUNCTION trap.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT $1 $$`)
    const client = await database.pool({ max: 1 }).connect()
    try {
      await client.query(`SET ROLE ${role}`)
      await client.query(`INSERT INTO ${name} VALUES (1, 'n', 'DE89')`)
      for (const attack of [
        'SELECT key FROM audit.hash_key',
        `SELECT audit.hash_value('DE89'::text, '${history}', 'iban')`,
        `CALL audit.make_hash_key('${history}', 'note')`,
        'DELETE FROM audit.hash_key',
      ]) {
        await expect(client.query(attack)).rejects.toMatchObject({ code: '42501' })
      }
      await client.query('SET search_path = trap, pg_catalog, public')
      await client.query(`INSERT INTO ${name} VALUES (2, 'n', 'DE89')`)
    } finally {
      client.release(true)
      await run(`DROP SCHEMA trap CASCADE; DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
    const [one, two] = await hashes()
    expect(two).toBe(one)
  })

  it('needs no context of a statement that changes nothing, and says no value when it refuses', async () => {
    const { name } = await audited({ settings: [setting('username String')] })
    await run(`UPDATE ${name} SET iban = 'DE89'`)
    const error = await run(`INSERT INTO ${name} VALUES (1, 'n', 'DE89')`).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'AU001' })
    const { where, detail, hint, message } = error as Record<string, string>
    expect([where, detail, hint, message].join()).not.toContain('DE89')
  })
})

describe('the keys', () => {
  it('stand in no migration and differ from one database to the next', async () => {
    const { wanted, table: history } = await audited()
    const [row] = await database.query<{ key: Buffer; inner_key: Buffer; outer_key: Buffer }>(
      `SELECT key, inner_key, outer_key FROM audit.hash_key WHERE history = '${history}'::regclass`,
    )
    if (row === undefined) throw new Error('there is no key')
    expect(row.key).toHaveLength(32)
    const block = Buffer.concat([row.key, Buffer.alloc(32)])
    expect(row.inner_key).toEqual(block.map((byte) => byte ^ 0x36))
    expect(row.outer_key).toEqual(block.map((byte) => byte ^ 0x5c))
    const text = install(wanted)
    for (const key of Object.values(row)) expect(text).not.toContain(key.toString('hex'))
    const keys = await database.query<{ n: number; d: number }>(
      'SELECT count(*)::int AS n, count(DISTINCT key)::int AS d FROM audit.hash_key',
    )
    expect(keys[0]?.n).toBe(keys[0]?.d)
    await expect(run('DELETE FROM audit.hash_key')).rejects.toMatchObject({ code: 'AU002' })
  })

  it('are kept when the migration runs again, is taken back, and goes up once more', async () => {
    const before = table('Vault', { columns: [column('id', 'integer'), column('iban', 'text')] })
    const after = { ...before, columns: [column('id', 'integer'), hashed('iban')] }
    const rows = () =>
      database.query<{ iban: string; former: string | null }>(
        `SELECT v.iban, to_jsonb(v) ->> 'iban__2' AS former FROM audit."Vault_audit" AS v ORDER BY audit_id`,
      )
    await run(`CREATE TABLE "Vault" (id int PRIMARY KEY, iban text); ${install(before)}`)
    await run(`INSERT INTO "Vault" VALUES (1, 'DE89')`)
    const migration = up(state(after), state(before))
    await run(migration)
    await run(migration)
    await run(`INSERT INTO "Vault" VALUES (2, 'DE89')`)
    await run(down(state(after), state(before)))
    expect(
      await database.query(`SELECT count(*)::int AS n FROM audit."Vault_audit" WHERE iban = 'DE89'`),
    ).toEqual([{ n: 1 }])
    await run(`INSERT INTO "Vault" VALUES (3, 'DE89')`)
    await run(migration)
    await run(`INSERT INTO "Vault" VALUES (4, 'DE89')`)
    const [recorded, hash, between, again] = await rows()
    expect(recorded).toMatchObject({ iban: null, former: 'DE89' })
    expect(between).toMatchObject({ iban: null, former: 'DE89' })
    expect(again?.iban).toMatch(/^[0-9a-f]{64}$/)
    expect(hash).toBeDefined()
  })
})

it('a transaction whose snapshot is older than the migration takes the key of its column, or is run again', async () => {
  const columns = ['a', 'b'].map((name) => ({ ...column(name, 'text'), policy: 'hash' as const }))
  const wanted = table('Order', { columns: [column('id', 'integer'), ...columns] })
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  await database.query(createSource(wanted))
  const old = await database.pool({ max: 1 }).connect()
  const begin = async () => {
    await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await old.query('SELECT count(*) FROM pg_class')
  }
  try {
    await begin()
    await database.query(install(wanted))
    await expect(old.query(`INSERT INTO "Order" VALUES (1, 'x', 'x')`)).rejects.toMatchObject({
      code: '40001',
    })
    await old.query('ROLLBACK')
    await begin()
    for (const name of ['"Order"', 'audit."Order_audit"']) {
      await database.query(
        `ALTER TABLE ${name} RENAME a TO c; ALTER TABLE ${name} RENAME b TO a; ALTER TABLE ${name} RENAME c TO b`,
      )
    }
    await old.query(`INSERT INTO "Order" VALUES (1, 'x', 'x')`)
    await old.query('COMMIT')
  } finally {
    old.release()
  }
  await database.query(`INSERT INTO "Order" VALUES (2, 'x', 'x')`)
  const [first, second] = await database.query('SELECT a, b FROM audit."Order_audit" ORDER BY id')
  expect(first).toEqual(second)
  expect(first?.a).not.toBe(first?.b)
})
