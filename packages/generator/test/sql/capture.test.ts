import { describe, expect, it } from 'vitest'
import { serverMajor, useTestDatabase } from '../../../../test/support/test-database.ts'
import { column, createSource, install, setting, table, type } from './fixture.ts'

const database = await useTestDatabase()

/** A table of its own for each test, audited. */
let count = 0
async function audited(wishes: Parameters<typeof table>[1] = {}, source?: (name: string) => string) {
  count += 1
  const name = `Item ${count}`
  const wanted = table(name, wishes)
  await database.query(source?.(`"${name}"`) ?? createSource(wanted))
  await database.query(install(wanted))
  const history = async (columns = 'id, note') => {
    const rows = await database.query<{ row: string }>(
      `SELECT audit_operation || ' ' || ROW(${columns})::text AS row FROM audit."${name}_audit" ORDER BY audit_id`,
    )
    return rows.map(({ row }) => row)
  }
  return { name: `"${name}"`, history, auditTable: `audit."${name}_audit"` }
}

describe('an audited table', () => {
  it('records I and U with the new row and D with the old one', async () => {
    const { name, history } = await audited()
    await database.query(
      `INSERT INTO ${name} VALUES (1, 'a'); UPDATE ${name} SET note = 'b'; DELETE FROM ${name}`,
    )
    expect(await history()).toEqual(['I (1,a)', 'U (1,b)', 'D (1,b)'])
  })

  it('keeps the documented order of columns', async () => {
    const { auditTable } = await audited({
      settings: [setting('username String'), setting('reason String?')],
      missingSettings: 'record',
    })
    const rows = await database.query(
      'SELECT array_agg(attname::text ORDER BY attnum) AS columns FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0',
      [auditTable],
    )
    expect(rows[0]?.columns).toEqual([
      'audit_id',
      'audit_operation',
      'audit_operation_timestamp',
      'audit_transaction_timestamp',
      'audit_current_user',
      'audit_transaction_id',
      'audit_username',
      'audit_reason',
      'id',
      'note',
    ])
  })

  it('records nothing for a statement that touches no row, and asks for no setting', async () => {
    const { name, history } = await audited({ settings: [setting('username String')] })
    await database.query(`UPDATE ${name} SET note = 'x'; DELETE FROM ${name}; TRUNCATE ${name}`)
    expect(await history()).toEqual([])
  })

  it('records both halves of an upsert', async () => {
    const { name, history } = await audited()
    await database.query(`INSERT INTO ${name} VALUES (1, 'a')`)
    await database.query(
      `INSERT INTO ${name} VALUES (1, 'x'), (2, 'b') ON CONFLICT (id) DO UPDATE SET note = EXCLUDED.note`,
    )
    expect((await history()).toSorted()).toEqual(['I (1,a)', 'I (2,b)', 'U (1,x)'])
  })

  it.skipIf(serverMajor() < 15)('records a MERGE by what it did to each row', async () => {
    const { name, history } = await audited()
    await database.query(`INSERT INTO ${name} VALUES (1, 'a'), (2, 'b')`)
    await database.query(
      `MERGE INTO ${name} t USING (VALUES (1, 'm'), (2, NULL), (3, 'n')) s (id, note) ON t.id = s.id
       WHEN MATCHED AND s.note IS NULL THEN DELETE
       WHEN MATCHED THEN UPDATE SET note = s.note
       WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.note)`,
    )
    expect((await history()).slice(2).toSorted()).toEqual(['D (2,b)', 'I (3,n)', 'U (1,m)'])
  })

  it('records every statement of a data-modifying CTE', async () => {
    const { name, history } = await audited()
    await database.query(`INSERT INTO ${name} VALUES (1, 'a')`)
    await database.query(
      `WITH gone AS (DELETE FROM ${name} RETURNING *) INSERT INTO ${name} SELECT id, 'again' FROM gone`,
    )
    expect(await history()).toEqual(['I (1,a)', 'D (1,a)', 'I (1,again)'])
  })

  it('records COPY', async () => {
    const { name, history } = await audited()
    await database.query(`COPY ${name} FROM PROGRAM 'printf "1\\ta\\n2\\tb\\n"'`)
    expect(await history()).toEqual(['I (1,a)', 'I (2,b)'])
  })

  it('forgets what a savepoint took back', async () => {
    const { name, history } = await audited()
    await database.query(
      `BEGIN; INSERT INTO ${name} VALUES (1, 'a'); SAVEPOINT s; INSERT INTO ${name} VALUES (2, 'b'); ROLLBACK TO s;
       INSERT INTO ${name} VALUES (3, 'c'); COMMIT`,
    )
    expect(await history()).toEqual(['I (1,a)', 'I (3,c)'])
  })

  it('ends the history of an old key before it begins that of the new one', async () => {
    const { name, history } = await audited()
    await database.query(`INSERT INTO ${name} VALUES (1, 'a'), (2, 'b'); UPDATE ${name} SET id = id + 10`)
    expect((await history()).slice(2)).toEqual(['D (1,a)', 'D (2,b)', 'U (11,a)', 'U (12,b)'])
  })

  it('is recorded without a key', async () => {
    const { name, history } = await audited({ key: [] })
    await database.query(`INSERT INTO ${name} VALUES (1, 'a'); UPDATE ${name} SET id = 2; TRUNCATE ${name}`)
    expect(await history()).toEqual(['I (1,a)', 'U (2,a)', 'D (2,a)'])
  })

  it('knows who wrote, also under SET ROLE', async () => {
    const { name, auditTable } = await audited()
    const role = `writer ${database.name}`
    await database.query(`CREATE ROLE "${role}"; GRANT ALL ON ${name} TO "${role}"`)
    try {
      await database.query(
        `BEGIN; SET LOCAL ROLE "${role}"; INSERT INTO ${name} VALUES (1, 'a'); COMMIT; INSERT INTO ${name} VALUES (2, 'b')`,
      )
      const rows = await database.query(
        `SELECT audit_current_user = $1 AS by_role, audit_current_user = session_user AS by_session FROM ${auditTable} ORDER BY id`,
        [role],
      )
      expect(rows).toEqual([
        { by_role: true, by_session: false },
        { by_role: false, by_session: true },
      ])
    } finally {
      await database.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`)
    }
  })

  it('gives rows of one transaction one id and one transaction time, and times of their own', async () => {
    const { name, auditTable } = await audited()
    await database.query(
      `BEGIN; INSERT INTO ${name} VALUES (1, 'a'); SELECT pg_sleep(0.002); INSERT INTO ${name} VALUES (2, 'b'); COMMIT`,
    )
    const rows = await database.query(
      `SELECT count(DISTINCT audit_transaction_id)::int AS ids, count(DISTINCT audit_transaction_timestamp)::int AS starts,
        count(DISTINCT audit_operation_timestamp)::int AS times FROM ${auditTable}`,
    )
    expect(rows).toEqual([{ ids: 1, starts: 1, times: 2 }])
  })
})

describe('foreign keys', () => {
  const tree = (name: string) =>
    `CREATE TABLE ${name} (id int PRIMARY KEY, note text, parent int REFERENCES ${name} ON DELETE CASCADE ON UPDATE CASCADE)`
  const columns = [column('id', 'integer'), column('note', 'text'), column('parent', 'integer')]

  it('record the rows that ON DELETE CASCADE takes, down a self relation', async () => {
    const { name, history } = await audited({ columns }, tree)
    await database.query(
      `INSERT INTO ${name} VALUES (1, 'a', NULL), (2, 'b', 1), (3, 'c', 2); DELETE FROM ${name} WHERE id = 1`,
    )
    expect((await history()).slice(3).toSorted()).toEqual(['D (1,a)', 'D (2,b)', 'D (3,c)'])
  })

  it('record the rows that ON UPDATE CASCADE changes, down a self relation', async () => {
    const { name, history } = await audited({ columns }, tree)
    await database.query(
      `INSERT INTO ${name} VALUES (1, 'a', NULL), (2, 'b', 1); UPDATE ${name} SET id = 9 WHERE id = 1`,
    )
    expect((await history('id, parent')).slice(2)).toEqual(['D (1,)', 'U (9,)', 'U (2,9)'])
  })

  it('record a composite key whose part cascades', async () => {
    const composite = [column('tenant', 'integer'), column('id', 'integer')]
    const { name, history } = await audited(
      { columns: composite, key: ['tenant', 'id'] },
      (n) =>
        `CREATE TABLE tenant (id int PRIMARY KEY); INSERT INTO tenant VALUES (1);
       CREATE TABLE ${n} (tenant int REFERENCES tenant ON UPDATE CASCADE, id int, PRIMARY KEY (tenant, id))`,
    )
    await database.query(`INSERT INTO ${name} VALUES (1, 5); UPDATE tenant SET id = 2`)
    expect(await history('tenant, id')).toEqual(['I (1,5)', 'D (1,5)', 'U (2,5)'])
  })

  it('record SET NULL', async () => {
    const { name, history } = await audited({ columns }, (n) =>
      tree(n).replace('ON DELETE CASCADE', 'ON DELETE SET NULL'),
    )
    await database.query(
      `INSERT INTO ${name} VALUES (1, 'a', NULL), (2, 'b', 1); DELETE FROM ${name} WHERE id = 1`,
    )
    expect((await history('id, parent')).slice(2).toSorted()).toEqual(['D (1,)', 'U (2,)'])
  })
})

describe('TRUNCATE', () => {
  it('leaves a D for every row', async () => {
    const { name, history } = await audited()
    await database.query(`INSERT INTO ${name} VALUES (1, 'a'), (2, 'b'); TRUNCATE ${name}`)
    expect((await history()).slice(2)).toEqual(['D (1,a)', 'D (2,b)'])
  })

  it('is refused with AU003 where the model says so', async () => {
    const { name } = await audited({ truncate: 'refuse' })
    await expect(database.query(`TRUNCATE ${name}`)).rejects.toMatchObject({
      code: 'AU003',
      message: expect.stringMatching(/TRUNCATE is not allowed/),
    })
  })

  it.each(['REPEATABLE READ', 'SERIALIZABLE'])(
    'is refused with AU003 at %s, where rows could vanish unseen',
    async (level) => {
      const { name } = await audited()
      await expect(
        database.query(`BEGIN ISOLATION LEVEL ${level}; TRUNCATE ${name}; COMMIT`),
      ).rejects.toMatchObject({ code: 'AU003', hint: expect.stringMatching(/READ COMMITTED/) })
      await database.query('ROLLBACK')
    },
  )

  it('fails rather than lose rows that row level security hides', async () => {
    const { name } = await audited()
    const role = `rls ${database.name}`
    await database.query(`CREATE ROLE "${role}"; INSERT INTO ${name} VALUES (1, 'a'); ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
      GRANT ALL ON SCHEMA public TO "${role}"; ALTER TABLE ${name} OWNER TO "${role}"`)
    const definer = name.slice(1, -1)
    await database.query(
      `ALTER FUNCTION audit."${definer}_audit_truncate"() OWNER TO "${role}"; GRANT ALL ON audit."${definer}_audit" TO "${role}"`,
    )
    try {
      await expect(database.query(`TRUNCATE ${name}`)).rejects.toMatchObject({
        message: expect.stringMatching(/row-level security/),
      })
    } finally {
      await database.query(
        `REASSIGN OWNED BY "${role}" TO CURRENT_USER; DROP OWNED BY "${role}"; DROP ROLE "${role}"`,
      )
    }
  })
})

describe('session settings', () => {
  const settings = [setting('username String'), setting('app_uuid Uuid?'), setting('age Int?')]

  it('refuse with AU001 and a hint where a required one is absent', async () => {
    const { name, history } = await audited({ settings })
    await expect(database.query(`INSERT INTO ${name} VALUES (1, 'a')`)).rejects.toMatchObject({
      code: 'AU001',
      message: `a write to "public".${name} needs the setting audit.username, which is not set`,
      detail: expect.stringContaining(name),
      hint: expect.stringMatching(
        /auditContext\(\{ username: \.\.\. \}\).*set_config\('audit\.username'.*set_context/,
      ),
    })
    expect(await history()).toEqual([])
    expect(await database.query(`SELECT FROM ${name}`)).toEqual([])
  })

  it('are recorded with their types, quotes and all', async () => {
    const { name, auditTable } = await audited({ settings })
    const client = await database.pool({ max: 1 }).connect()
    try {
      await client.query('BEGIN')
      for (const [key, value] of [
        ['username', 'o\'brien \\ " $audit$ 🐈'],
        ['app_uuid', '6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b'],
        ['age', '42'],
      ]) {
        await client.query('SELECT set_config($1, $2, true)', [`audit.${key}`, value])
      }
      await client.query(`INSERT INTO ${name} VALUES (1, 'a')`)
      await client.query('COMMIT')
    } finally {
      client.release()
    }
    expect(
      await database.query(`SELECT audit_username, audit_app_uuid, audit_age FROM ${auditTable}`),
    ).toEqual([
      {
        audit_username: 'o\'brien \\ " $audit$ 🐈',
        audit_app_uuid: '6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b',
        audit_age: 42,
      },
    ])
  })

  it('are NULL and not empty when a connection has carried a value before', async () => {
    const { name, auditTable } = await audited({ settings, missingSettings: 'record' })
    const client = await database.pool({ max: 1 }).connect()
    try {
      await client.query(
        `BEGIN; SELECT set_config('audit.app_uuid', gen_random_uuid()::text, true), set_config('audit.username', 'x', true); INSERT INTO ${name} VALUES (1, 'a'); COMMIT`,
      )
      await client.query(`INSERT INTO ${name} VALUES (2, 'b')`)
    } finally {
      client.release()
    }
    expect(
      await database.query(`SELECT audit_app_uuid, audit_username FROM ${auditTable} WHERE id = 2`),
    ).toEqual([{ audit_app_uuid: null, audit_username: null }])
  })

  it('are refused as absent when a required one is left empty by an earlier transaction', async () => {
    const { name } = await audited({ settings })
    const client = await database.pool({ max: 1 }).connect()
    try {
      await client.query(`BEGIN; SELECT set_config('audit.username', 'x', true); COMMIT`)
      await expect(client.query(`INSERT INTO ${name} VALUES (2, 'b')`)).rejects.toMatchObject({
        code: 'AU001',
      })
    } finally {
      client.release()
    }
  })

  it('fall back to their default', async () => {
    const { name, auditTable } = await audited({ settings: [setting('username String', "sys'tem")] })
    await database.query(`INSERT INTO ${name} VALUES (1, 'a')`)
    expect(await database.query(`SELECT audit_username FROM ${auditTable}`)).toEqual([
      { audit_username: "sys'tem" },
    ])
  })

  it('do not break a statement without rows when malformed, and stop one with rows', async () => {
    const { name } = await audited({ settings: [setting('app_uuid Uuid?')] })
    const write = (sql: string) =>
      database.query(`BEGIN; SELECT set_config('audit.app_uuid', 'x', true); ${sql}; COMMIT`)
    await write(`UPDATE ${name} SET note = 'x'`)
    await expect(write(`INSERT INTO ${name} VALUES (1, 'a')`)).rejects.toMatchObject({ code: '22P02' })
    await database.query('ROLLBACK')
  })

  it('are not cut to the length of their column', async () => {
    const { name } = await audited({
      settings: [{ ...setting('username String'), type: type('varchar', [3]) }],
    })
    await expect(
      database.query(
        `BEGIN; SELECT set_config('audit.username', 'long', true); INSERT INTO ${name} VALUES (1, 'a'); COMMIT`,
      ),
    ).rejects.toMatchObject({ code: '22001' })
    await database.query('ROLLBACK')
  })
})

describe('audit.set_context', () => {
  it('sets what it is given until the end of the transaction', async () => {
    const { name, auditTable } = await audited({
      settings: [setting('username String'), setting('age Int?')],
      missingSettings: 'record',
    })
    await database.query(
      `BEGIN; SELECT audit.set_context('{"username": "o''b\\"x", "age": 7}'); INSERT INTO ${name} VALUES (1, 'a'); COMMIT`,
    )
    await database.query(`INSERT INTO ${name} VALUES (2, 'b')`)
    expect(await database.query(`SELECT audit_username, audit_age FROM ${auditTable} ORDER BY id`)).toEqual([
      { audit_username: `o'b"x`, audit_age: 7 },
      { audit_username: null, audit_age: null },
    ])
  })

  it.each(['{"a.b": 1}', '{"x y": 1}', '{"": 1}', '[1]', 'null', '"x"'])('refuses %s', async (context) => {
    await expect(database.query('SELECT audit.set_context($1::jsonb)', [context])).rejects.toMatchObject({
      code: '22023',
    })
  })
})

it('tables of one name in two schemas have histories of their own', async () => {
  const one = table('Twin', {
    source: { schema: 'one', name: 'Twin' },
    names: {
      ...table('Twin').names,
      table: 'one_twin',
      captureFunction: 'one_c',
      keyFunction: 'one_k',
      truncateFunction: 'one_t',
    },
  })
  const two = table('Twin', {
    source: { schema: 'two', name: 'Twin' },
    names: {
      ...table('Twin').names,
      table: 'two_twin',
      captureFunction: 'two_c',
      keyFunction: 'two_k',
      truncateFunction: 'two_t',
    },
  })
  await database.query(createSource(one) + createSource(two))
  await database.query(install(one, two))
  await database.query(`INSERT INTO one."Twin" VALUES (1, 'one'); INSERT INTO two."Twin" VALUES (1, 'two')`)
  expect(
    await database.query('SELECT a.note AS one, b.note AS two FROM audit.one_twin a, audit.two_twin b'),
  ).toEqual([{ one: 'one', two: 'two' }])
})
