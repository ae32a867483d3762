import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { type BatchOptions, writeBaseline } from '../../src/cli/baseline-batches.ts'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import { renderBaselineBatch } from '../../src/sql/baseline-batch.ts'
import { type KeyOrder, keyOrder } from '../../src/sql/key-order.ts'
import { column, createSource, install, setting, state, table, up } from './fixture.ts'

const wanted = (wishes: Partial<AuditedTable> = {}) => table('Order', { backfill: 'batches', ...wishes })

async function withRows(audited: AuditedTable, rows: string, source = createSource(audited)) {
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  await database.query(`${source} ${rows}; ${install(audited)}`)
  return database
}

async function run(database: TestDatabase, audited: AuditedTable, options: Partial<BatchOptions> = {}) {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    const [recorded] = state(audited).tables
    if (recorded === undefined) throw new Error('no table')
    return await writeBaseline(client, recorded, {
      size: 2,
      pause: 0,
      signal: new AbortController().signal,
      onProgress: () => {},
      ...options,
    })
  } finally {
    await client.end()
  }
}

const history = async (database: TestDatabase, columns = 'id, note', order = 'id') => {
  const rows = await database.query<{ line: string }>(
    `SELECT concat_ws(' ', audit_operation, ${columns}) AS line FROM audit."Order_audit" ORDER BY ${order}, audit_id`,
  )
  return rows.map(({ line }) => line)
}

const FIVE = `INSERT INTO "Order" VALUES (3, 'c'), (1, 'a'), (5, 'e'), (2, 'b'), (4, 'd')`

describe('backfill: batches', () => {
  it('the migration writes none, the batches each row once, and what has history is passed over', async () => {
    const database = await withRows(wanted({ settings: [setting('username String')] }), FIVE)
    expect(await history(database)).toEqual([])
    await database.query(
      `BEGIN; SET LOCAL audit.username = 'u'; UPDATE "Order" SET note = 'new' WHERE id = 4; COMMIT`,
    )
    const audited = wanted({ settings: [setting('username String')] })
    expect(await run(database, audited)).toMatchObject({ read: 5, written: 4 })
    expect(await history(database)).toEqual(['B 1 a', 'B 2 b', 'B 3 c', 'U 4 new', 'B 5 e'])
    expect(await run(database, audited)).toMatchObject({ read: 5, written: 0 })
    const [ids] = await database.query(
      `SELECT max(audit_id) < 0 AS negative, count(DISTINCT audit_id)::int AS n FROM audit."Order_audit" WHERE audit_operation = 'B'`,
    )
    expect(ids).toEqual({ negative: true, n: 4 })
  })

  it('a run that is ended keeps what it has written, and the next goes on', async () => {
    const database = await withRows(wanted(), FIVE)
    const stop = new AbortController()
    const ended = await run(database, wanted(), {
      signal: stop.signal,
      onProgress: ({ read }) => {
        if (read >= 2) stop.abort()
      },
    })
    expect(ended).toEqual({ total: 5, read: 2, written: 2, isComplete: false })
    expect(await run(database, wanted())).toMatchObject({ read: 5, written: 3, isComplete: true })
    expect(await history(database)).toEqual(['B 1 a', 'B 2 b', 'B 3 c', 'B 4 d', 'B 5 e'])
  })

  it('rows that get another key between two batches, forwards or backwards, have their history', async () => {
    const database = await withRows(wanted(), FIVE)
    const moves = [`UPDATE "Order" SET id = 9 WHERE id = 1`, `UPDATE "Order" SET id = 0 WHERE id = 5`]
    await run(database, wanted(), {
      onProgress: async ({ read }) => {
        if (read > 0) await database.query(moves.shift() ?? 'SELECT')
      },
    })
    expect(moves).toEqual([])
    const live = await database.query<{ id: number }>('SELECT id FROM "Order" ORDER BY id')
    const last = await database.query<{ id: number }>(
      `SELECT id FROM (SELECT DISTINCT ON (id) id, audit_operation FROM audit."Order_audit" ORDER BY id, audit_id DESC) AS l
       WHERE audit_operation <> 'D' ORDER BY id`,
    )
    expect(last).toEqual(live)
  })

  it('writers that never stop: folding the history is the table, and every row begins with what it was', async () => {
    const database = await withRows(
      wanted(),
      `INSERT INTO "Order" SELECT g, 'old' FROM generate_series(1, 400) g`,
    )
    const pool = database.pool({ max: 3 })
    let isDone = false
    const write = async (seed: number) => {
      for (let n = seed; !isDone; n += 7) {
        const id = 1 + (n % 400)
        await pool.query(
          [
            `UPDATE "Order" SET note = 'new' WHERE id = ${id}`,
            `DELETE FROM "Order" WHERE id = ${id}`,
            `INSERT INTO "Order" VALUES (${1000 + n}, 'new')`,
            `UPDATE "Order" SET id = ${100_000 + n * 10 + seed} WHERE id = ${id}`,
          ][n % 4] ?? '',
        )
      }
    }
    const writers = [write(1), write(2), write(3)]
    const { written } = await run(database, wanted(), { size: 7 })
    isDone = true
    await Promise.all(writers)
    expect(written).toBeGreaterThan(0)
    const wrong = await database.query(`
      SELECT id, note FROM "Order" EXCEPT SELECT id, note FROM (
        SELECT DISTINCT ON (id) * FROM audit."Order_audit" ORDER BY id, audit_id DESC) AS l WHERE audit_operation <> 'D'
      UNION ALL
      SELECT id, audit_operation::text FROM (SELECT DISTINCT ON (id) * FROM audit."Order_audit" ORDER BY id, audit_id) AS f
      WHERE id <= 400 AND audit_operation = 'B' AND note <> 'old'`)
    expect(wrong).toEqual([])
    const unknown = await database.query(
      `SELECT id FROM "Order" WHERE NOT EXISTS (SELECT FROM audit."Order_audit" h WHERE h.id = "Order".id)`,
    )
    expect(unknown).toEqual([])
  })

  it.each<[string, AuditedTable, string, string, readonly string[]]>([
    [
      'a key of several columns with odd names, one of them an enum',
      wanted({
        columns: [column('the "key"', 'text', true), column('B', 'bigint'), column('note', 'text')],
        key: ['the "key"', 'B'],
      }),
      `CREATE TYPE kind AS ENUM ('z', 'a'); CREATE TABLE "Order" ("the ""key""" kind, "B" bigint, note text, PRIMARY KEY ("the ""key""", "B"));
       INSERT INTO "Order" VALUES ('a', 1, 'x'), ('z', 9007199254740993, 'y'), ('z', 1, 'w'), ('a', 2, 'v'), ('z', 2, 'u')`,
      `"the ""key""", "B"`,
      ['B a 1', 'B a 2', 'B z 1', 'B z 2', 'B z 9007199254740993'],
    ],
    [
      'a key of text that is compared without case',
      wanted({ columns: [column('id', 'text')] }),
      `CREATE COLLATION odd (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
       CREATE TABLE "Order" (id text COLLATE odd PRIMARY KEY); INSERT INTO "Order" VALUES ('b'), ('A'), ('c'), ('D'), (E'\\\\''')`,
      'id',
      [`B \\'`, 'B A', 'B D', 'B b', 'B c'],
    ],
    [
      'a key whose type compares by operators of its own, and the collation by bytes',
      wanted({ columns: [column('id', 'text')] }),
      `CREATE EXTENSION citext; CREATE TABLE "Order" (id citext COLLATE "C" PRIMARY KEY); INSERT INTO "Order" VALUES ('a'), ('B'), ('c'), ('D'), ('É'), ('é2')`,
      'id',
      ['B B', 'B D', 'B a', 'B c', 'B É', 'B é2'],
    ],
    [
      'a key of a number, a domain over such a type, and another number',
      wanted({
        columns: [column('post_id', 'integer'), column('tag', 'text'), column('n', 'bigint')],
        key: ['post_id', 'tag', 'n'],
      }),
      `CREATE SCHEMA "own ""types"; CREATE EXTENSION citext SCHEMA "own ""types";
       CREATE DOMAIN word AS "own ""types".citext; CREATE DOMAIN tag AS word;
       CREATE TABLE "Order" (post_id int, tag tag COLLATE "C", n bigint, PRIMARY KEY (post_id, tag, n));
       INSERT INTO "Order" VALUES (1, 'a', 2), (1, 'B', 1), (1, 'c', 1), (1, 'D', 1), (1, 'A', 1), (2, 'b', 1), (2, 'A', 1), (2, 'B', 2)`,
      'post_id, tag, n',
      ['B 1 A 1', 'B 1 B 1', 'B 1 D 1', 'B 1 a 2', 'B 1 c 1', 'B 2 A 1', 'B 2 B 2', 'B 2 b 1'],
    ],
    [
      'a key of a composite type, as such and under a domain',
      wanted({
        columns: [
          { ...column('id', 'text'), asText: true },
          { ...column('of', 'text'), asText: true },
        ],
        key: ['id', 'of'],
      }),
      `CREATE SCHEMA "own"; CREATE TYPE "own"."pa ""ir" AS (n int, word text); CREATE DOMAIN two AS "own"."pa ""ir";
       CREATE TABLE "Order" (id "own"."pa ""ir", "of" two, PRIMARY KEY (id, "of"));
       INSERT INTO "Order" VALUES ('(1,a)', '(1,b)'), ('(10,a)', '(1,b)'), ('(2,a)', '(3,b)'), ('(2,a)', '(20,b)')`,
      'id, "of"',
      ['B (1,a) (1,b)', 'B (10,a) (1,b)', 'B (2,a) (20,b)', 'B (2,a) (3,b)'],
    ],
    [
      'times as a key',
      wanted({ columns: [column('id', 'timestamptz')] }),
      `CREATE TABLE "Order" (id timestamptz PRIMARY KEY); INSERT INTO "Order" VALUES ('-infinity'), ('2024-01-01 00:00:00.000001Z'), ('2024-01-01 00:00:00.000002Z')`,
      `extract(epoch FROM id)`,
      ['B -Infinity', 'B 1704067200.000001', 'B 1704067200.000002'],
    ],
    [
      'a partitioned table',
      wanted({ level: 'row' }),
      `CREATE TABLE "Order" (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
       CREATE TABLE one PARTITION OF "Order" FOR VALUES FROM (0) TO (3); CREATE TABLE two PARTITION OF "Order" FOR VALUES FROM (3) TO (9);
       ${FIVE}`,
      'id',
      ['B 1', 'B 2', 'B 3', 'B 4', 'B 5'],
    ],
    [
      'a table that others inherit from: their rows are not its own',
      wanted(),
      `CREATE TABLE "Order" (id int PRIMARY KEY, note text); CREATE TABLE heir () INHERITS ("Order");
       INSERT INTO "Order" VALUES (1, 'a'), (3, 'c'), (5, 'e'); INSERT INTO heir VALUES (2, 'b'), (4, 'd')`,
      'id',
      ['B 1', 'B 3', 'B 5'],
    ],
    [
      'a join table, a column that is left out and called like one of the history, text forms',
      wanted({
        columns: [
          { ...column('post_id', 'integer'), sourceName: 'A' },
          { ...column('tag_id', 'text'), sourceName: 'B' },
          { ...column('when', 'text'), asText: true },
        ],
        key: ['post_id', 'tag_id'],
      }),
      `CREATE TABLE "Order" ("A" int, "B" text, "when" date, audit_operation text, PRIMARY KEY ("A", "B"));
       INSERT INTO "Order" VALUES (1, 'a', '2024-02-01', 'x'), (2, 'a', NULL, 'x'), (1, 'b', NULL, 'x')`,
      'post_id, tag_id, "when"',
      ['B 1 a 2024-02-01', 'B 1 b', 'B 2 a'],
    ],
  ])('%s', async (_, audited, source, columns, expected) => {
    for (const size of [1, 2, 100]) {
      const database = await withRows(audited, '', `${source};`)
      const options = { size, onProgress: () => {} }
      expect(await run(database, audited, options)).toMatchObject({ written: expected.length })
      await database.query(
        `ALTER DATABASE "${new URL(database.url).pathname.slice(1)}" SET DateStyle = 'German'`,
      )
      expect(await run(database, audited, options)).toMatchObject({ written: 0 })
      expect((await history(database, columns, '1')).toSorted()).toEqual([...expected].toSorted())
    }
  })

  it.each([
    ['citext', 'citext', ''],
    ['a domain over citext', 'mail', 'CREATE DOMAIN mail AS citext'],
    ['varchar', 'varchar(9)', ''],
    ['an enum', 'word', `CREATE TYPE word AS ENUM ('d', 'B', 'c', 'a')`],
    [
      'a collation that ignores case',
      'text COLLATE any_case',
      `CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
    ],
    ['hstore, known by its text form only', 'hstore', 'CREATE EXTENSION hstore'],
  ])(
    'no row is passed over between two pages, whatever the order of the key: %s',
    async (_, type, before) => {
      const database = await createDatabase()
      onTestFinished(() => database.drop())
      await database.query(`CREATE EXTENSION citext; ${before}`)
      const isForm = type === 'hstore'
      const audited = wanted({
        columns: [
          { ...column('id', 'text', type === 'word'), ...(isForm ? { asText: true as const } : {}) },
          column('note', 'text'),
        ],
      })
      const ids = isForm ? ['"a"=>1', '"B"=>1', '"c"=>1', '"D"=>1'] : ['a', 'B', 'c', 'd']
      await database.query(`CREATE TABLE "Order" (id ${type} PRIMARY KEY, note text);
      INSERT INTO "Order" VALUES ${ids.map((id) => `('${id}', NULL)`).join(', ')}; ${install(audited)}`)
      for (const size of [1, 2, 3]) {
        expect(await run(database, audited, { size })).toMatchObject({ read: 4, isComplete: true })
      }
      const told = await database.query('SELECT id FROM audit."Order_audit"')
      expect(told).toHaveLength(4)
    },
  )

  it('a key is read back as it was written, and names are found in pg_catalog, whatever the role has set', async () => {
    const audited = wanted({ columns: [column('id', 'double precision'), column('note', 'text')] })
    const database = await withRows(
      audited,
      'INSERT INTO "Order" SELECT 0.1 + n * 1e-16::float8, n FROM generate_series(1, 9) n',
    )
    const name = new URL(database.url).pathname.slice(1)
    await database.query(`CREATE SCHEMA evil; CREATE FUNCTION evil.array_agg_one(text[], text) RETURNS text[] LANGUAGE sql AS 'SELECT NULL::text[]';
      CREATE AGGREGATE evil.array_agg(text) (SFUNC = evil.array_agg_one, STYPE = text[]);
      ALTER DATABASE "${name}" SET extra_float_digits = -10; ALTER DATABASE "${name}" SET search_path = evil, pg_catalog;
      ALTER TABLE "Order" DISABLE TRIGGER audit_insert`)
    await expect(run(database, audited)).rejects.toThrow(/audit_insert missing or disabled/)
    await database.query('ALTER TABLE "Order" ENABLE TRIGGER audit_insert')
    expect(await run(database, audited)).toMatchObject({ read: 9, written: 9 })
  })

  it('what is redacted or hashed is so in the batches', async () => {
    const audited = wanted({
      level: 'row',
      columns: [
        column('id', 'integer'),
        { ...column('note', 'text'), policy: 'redact' },
        { ...column('mail', 'text'), policy: 'hash' },
      ],
    })
    const database = await withRows(
      audited,
      `INSERT INTO "Order" VALUES (1, 'secret', 'a@b'), (2, NULL, NULL)`,
    )
    await run(database, audited)
    await database.query(`INSERT INTO "Order" VALUES (3, NULL, 'a@b')`)
    const [first, second, third] = await history(database, 'note, mail')
    expect([first, second, third]).toEqual([
      expect.stringMatching(/^B \[redacted\] [0-9a-f]{64}$/),
      'B',
      `I ${first?.split(' ').at(-1)}`,
    ])
  })

  it('a table that is not captured, or whose history has another key, is refused, and nothing is written', async () => {
    const database = await withRows(wanted(), FIVE)
    await database.query('ALTER TABLE "Order" DISABLE TRIGGER audit_update')
    await expect(run(database, wanted())).rejects.toThrow(
      /public\.Order is not captured in this database.*audit_update missing or disabled[\s\S]*migrate deploy/,
    )
    await database.query(
      'ALTER TABLE "Order" ENABLE TRIGGER audit_update; INSERT INTO "Order" VALUES (6, NULL)',
    )
    await database.query(up(state(wanted({ key: ['id', 'note'] })), state(wanted())))
    await expect(run(database, wanted({ key: ['id', 'note'] }))).rejects.toThrow(
      /has rows from before its key was what it is/,
    )
    expect(await history(database)).toEqual(['I 6'])
  })

  it.each([
    ['int', 'integer', 'g', undefined],
    ['uuid', 'uuid', 'md5(g::text)::uuid', undefined],
    ['text', 'text', 'md5(g::text)', undefined],
    ['varchar(40)', 'varchar', 'md5(g::text)', undefined],
    ['timestamptz', 'timestamptz', `timestamptz '2024-01-01Z' + g * interval '1 hour'`, undefined],
    ['citext', 'text', 'md5(g::text)', { schema: 'public', above: '>', from: '>=' }],
  ] as const)(
    'the index of the primary key finds where a page begins: %s',
    async (type, known, value, own) => {
      const audited = wanted({ columns: [column('id', known), column('n', 'integer')], key: ['id', 'n'] })
      const database = await withRows(
        audited,
        '',
        `CREATE EXTENSION citext; CREATE TABLE "Order" (id ${type}, n int, PRIMARY KEY (id, n));
       INSERT INTO "Order" SELECT ${value}, g FROM generate_series(1, 20000) AS g; ANALYZE "Order";`,
      )
      const [recorded] = state(audited).tables
      if (recorded === undefined) throw new Error('no table')
      const order = await database.query<{ own: KeyOrder[number] }>(keyOrder(recorded))
      expect(order.map((each) => each.own)).toEqual([own ?? null, null])
      const [last] = await database.query<{ id: string }>(
        'SELECT id::text FROM "Order" ORDER BY "Order".id OFFSET 10000 LIMIT 1',
      )
      const page = renderBaselineBatch(
        recorded,
        10,
        order.map((each) => each.own),
      )
      const plan = await database.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${page}`, [last?.id, 1])
      const [read = ''] = plan
        .map((row) => row['QUERY PLAN'])
        .join('\n')
        .split('CTE written')
      expect(read).toMatch(/Scan using "Order_pkey" on "Order" s[^\n]*\n *Index Cond: [^\n]*\bid\b/)
      expect(read).not.toMatch(/Sort/)
    },
  )

  it('a trigger of another function counts for none, whatever its name', async () => {
    const database = await withRows(wanted(), FIVE)
    await database.query(`CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
      CREATE OR REPLACE TRIGGER audit_delete AFTER DELETE ON "Order" FOR EACH STATEMENT EXECUTE FUNCTION other()`)
    await expect(run(database, wanted())).rejects.toThrow(/audit_delete missing or disabled/)
    await database.query('DROP FUNCTION audit."Order_audit_capture"() CASCADE')
    await expect(run(database, wanted())).rejects.toThrow(/audit_insert, audit_update, audit_delete missing/)
  })

  it('row level security that would hide rows ends it with an error of its own', async () => {
    const database = await withRows(wanted(), FIVE)
    const owner = `audit_test_owner_${process.pid}`
    await database.query(`CREATE ROLE ${owner}`)
    onTestFinished(async () => {
      await database.query(`DROP OWNED BY ${owner}; DROP ROLE ${owner}`)
    })
    await database.query(`ALTER TABLE "Order" ENABLE ROW LEVEL SECURITY; GRANT SELECT ON "Order" TO ${owner};
      GRANT USAGE ON SCHEMA audit TO ${owner}; GRANT INSERT, SELECT ON audit."Order_audit" TO ${owner};
      GRANT USAGE ON SEQUENCE audit."Order_audit_audit_id_seq" TO ${owner};
      ALTER DATABASE "${new URL(database.url).pathname.slice(1)}" SET ROLE = ${owner}`)
    await expect(run(database, wanted())).rejects.toMatchObject({ code: '42501' })
  })
})
