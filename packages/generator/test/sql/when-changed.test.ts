import { describe, expect, it, onTestFinished } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedColumn, AuditedTable } from '../../src/model/audit-model.ts'
import {
  column,
  createSource,
  down,
  facts,
  install,
  migration,
  setting,
  state,
  table,
  type,
  up,
} from './fixture.ts'

const big = (name: string, of: Parameters<typeof column>[1] = 'text'): AuditedColumn => ({
  ...column(name, of),
  whenChanged: true,
})
const doc = (wishes: Partial<AuditedTable> = {}) =>
  table('Doc', {
    level: 'row',
    columns: [column('id', 'integer'), column('title', 'text'), big('body')],
    settings: facts('unchanged_columns'),
    ...wishes,
  })

async function withDoc(wanted = doc()): Promise<TestDatabase> {
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  await database.query(createSource(wanted) + install(wanted))
  return database
}

/** Each row with what is recorded, `=` for what is marked as unchanged, and `-` for NULL. */
async function recorded(
  database: TestDatabase,
  name = 'body',
  history = 'audit."Doc_audit"',
): Promise<string[]> {
  const rows = await database.query<{ line: string }>(
    `SELECT concat_ws(' ', h.audit_operation, h.id,
       CASE WHEN c.attnum = ANY (h.audit_unchanged_columns) THEN '=' ELSE '' END || coalesce(h."${name}"::text, '-')) AS line
     FROM ${history} AS h JOIN pg_attribute AS c ON c.attrelid = h.tableoid AND c.attname = '${name}' ORDER BY audit_id`,
  )
  return rows.map(({ line }) => line)
}

describe('whenChanged', () => {
  it('records a value once, and tells unchanged from NULL', async () => {
    const database = await withDoc()
    await database.query(`INSERT INTO "Doc" VALUES (1, 't', 'long'), (2, 't', NULL);
      UPDATE "Doc" SET title = 'u'; UPDATE "Doc" SET body = 'longer' WHERE id = 1; UPDATE "Doc" SET body = 'x', title = 'v' WHERE id = 2;
      UPDATE "Doc" SET title = 'w' WHERE id = 2; UPDATE "Doc" SET body = NULL WHERE id = 2; UPDATE "Doc" SET title = 'z' WHERE id = 2;
      DELETE FROM "Doc"; INSERT INTO "Doc" VALUES (1, 't', 'longer')`)
    expect(await recorded(database)).toEqual([
      'I 1 long',
      'I 2 -',
      'U 1 =-',
      'U 2 =-',
      'U 1 longer',
      'U 2 x',
      'U 2 =-',
      'U 2 -',
      'U 2 =-',
      'D 1 =-',
      'D 2 =-',
      'I 1 longer',
    ])
  })

  it('a row that the history does not hold as it is, is recorded in full the next time', async () => {
    const wanted = doc({ backfill: true })
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    const { backfill: _, ...later } = wanted
    await database.query(
      `${createSource(wanted)} INSERT INTO "Doc" VALUES (1, 't', 'from before'), (2, 't', 'b'); ${install(later)}`,
    )
    await database.query(
      `UPDATE "Doc" SET title = 'u' WHERE id = 1; UPDATE "Doc" SET title = 'v' WHERE id = 1`,
    )
    // A baseline is in full, and what follows it is not.
    await database.query(up(state(wanted), state(later)))
    await database.query(`UPDATE "Doc" SET title = 'w' WHERE id = 2`)
    // Nobody watches.
    await database.query(`ALTER TABLE "Doc" DISABLE TRIGGER USER; UPDATE "Doc" SET body = 'unseen' WHERE id = 1;
      ALTER TABLE "Doc" ENABLE TRIGGER USER; UPDATE "Doc" SET title = 'x' WHERE id = 1; UPDATE "Doc" SET title = 'y' WHERE id = 1`)
    // Another key.
    await database.query(
      `UPDATE "Doc" SET id = 3 WHERE id = 1; UPDATE "Doc" SET title = 'z' WHERE id = 3; TRUNCATE "Doc"`,
    )
    // A baseline's number is below all others.
    expect(await recorded(database)).toEqual([
      'B 2 b',
      'U 1 from before',
      'U 1 =-',
      'U 2 =-',
      'U 1 unseen',
      'U 1 =-',
      'D 1 unseen',
      'U 3 unseen',
      'U 3 =-',
      'D 2 b',
      'D 3 unseen',
    ])
  })

  it('a row that comes under the key of a deleted one is recorded in full: what that one held may be pruned', async () => {
    const database = await withDoc()
    await database.query(`INSERT INTO "Doc" VALUES (1, 't', 'same'), (2, 't', 'same'), (3, 't', 'same');
      DELETE FROM "Doc" WHERE id = 1; UPDATE "Doc" SET id = 1 WHERE id = 2; UPDATE "Doc" SET title = 'u' WHERE id = 1;
      UPDATE "Doc" SET id = 2 WHERE id = 3; DELETE FROM "Doc" WHERE id = 2`)
    // Nobody watches how it comes back.
    await database.query(`ALTER TABLE "Doc" DISABLE TRIGGER USER; INSERT INTO "Doc" VALUES (2, 't', 'same');
      ALTER TABLE "Doc" ENABLE TRIGGER USER; UPDATE "Doc" SET title = 'v' WHERE id = 2; DELETE FROM "Doc" WHERE id = 2`)
    expect((await recorded(database)).slice(3)).toEqual([
      'D 1 =-',
      'D 2 same',
      'U 1 same',
      'U 1 =-',
      'D 3 same',
      'U 2 same',
      'D 2 =-',
      'U 2 same',
      'D 2 =-',
    ])
  })

  it('at the latest every fiftieth row of a key holds the value again', async () => {
    const database = await withDoc()
    await database.query(`INSERT INTO "Doc" VALUES (1, 't', 'long');
      DO $$ BEGIN FOR n IN 1..120 LOOP UPDATE "Doc" SET title = n::text; END LOOP; END $$`)
    const full = (await recorded(database)).flatMap((line, index) => (line.includes('=') ? [] : [index]))
    expect(full).toEqual([0, 50, 100])
  })

  it('what is unchanged is so by its bytes, for every type, enums, lists and text forms', async () => {
    const wanted = doc({
      columns: [
        column('id', 'integer'),
        column('title', 'text'),
        big('n', 'numeric'),
        big('j', 'json'),
        big('v', type('varchar', [20])),
        big('l', type('text', [], true)),
        { ...big('e'), isEnum: true },
        { ...big('range'), asText: true },
        { ...big('cased'), asText: true },
      ],
    })
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    await database.query(`CREATE TYPE mood AS ENUM ('a', 'b');
      CREATE COLLATION odd (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE TABLE "Doc" (id int PRIMARY KEY, title text, n numeric, j json, v varchar(10), l text[], e mood, range int4range, cased text COLLATE odd);
      ${install(wanted)}`)
    await database.query(`INSERT INTO "Doc" VALUES (1, 't', 1.0, '{"a":1}', 'v', '{x,NULL}', 'a', '[1,3)', 'A'); UPDATE "Doc" SET title = 'u';
      UPDATE "Doc" SET n = 1.00; UPDATE "Doc" SET j = '{"a": 1}'; UPDATE "Doc" SET v = 'V', l = '{x}', e = 'b', range = '[1,4)', cased = 'a'`)
    const marks = await database.query<{ marks: string[] | null }>(
      `SELECT (SELECT array_agg(c.attname::text ORDER BY c.attnum) FROM pg_attribute c
               WHERE c.attrelid = h.tableoid AND c.attnum = ANY (h.audit_unchanged_columns)) AS marks
       FROM audit."Doc_audit" h ORDER BY audit_id`,
    )
    expect(marks.map((row) => row.marks?.join(' '))).toEqual([
      undefined,
      'n j v l e range cased',
      'j v l e range cased',
      'n v l e range cased',
      'n j',
    ])
  })

  it('keys of several columns, text that is compared without case, partitions', async () => {
    const wanted = doc({
      columns: [column('id', 'text'), column('b', 'integer'), column('title', 'text'), big('body')],
      key: ['id', 'b'],
    })
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    await database.query(`CREATE COLLATION odd (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE TABLE "Doc" (id text COLLATE odd, b int, title text, body text, PRIMARY KEY (id, b)) PARTITION BY LIST (b);
      CREATE TABLE one PARTITION OF "Doc" FOR VALUES IN (1); CREATE TABLE two PARTITION OF "Doc" FOR VALUES IN (2); ${install(wanted)}`)
    await database.query(`INSERT INTO "Doc" VALUES ('x', 1, 't', 'one'), ('x', 2, 't', 'two'); UPDATE one SET title = 'u'; UPDATE "Doc" SET title = 'v';
      UPDATE "Doc" SET id = 'X' WHERE b = 1`)
    expect(await recorded(database)).toEqual([
      'I x one',
      'I x two',
      'U x =-',
      'U x =-',
      'U x =-',
      'D x one',
      'U X one',
    ])
  })

  it('with redaction, changed_columns and updates: changed beside it', async () => {
    const wanted = doc({
      updates: 'changed',
      columns: [column('id', 'integer'), { ...column('title', 'text'), policy: 'redact' }, big('body')],
      settings: [setting('username String'), ...facts('changed_columns', 'unchanged_columns')],
    })
    const database = await withDoc(wanted)
    await database.query(`SELECT set_config('audit.username', 'u', false); INSERT INTO "Doc" VALUES (1, 't', 'b');
      UPDATE "Doc" SET title = 'u'; UPDATE "Doc" SET title = title; UPDATE "Doc" SET body = 'c'`)
    expect(await recorded(database)).toEqual(['I 1 b', 'U 1 =-', 'U 1 c'])
    expect(
      await database.query(
        'SELECT title, audit_changed_columns AS changed FROM audit."Doc_audit" ORDER BY audit_id',
      ),
    ).toEqual([
      { title: '[redacted]', changed: null },
      { title: '[redacted, changed]', changed: ['title'] },
      { title: '[redacted]', changed: ['body'] },
    ])
  })

  it('two writers of one row: who comes second compares with what the first one recorded', async () => {
    const database = await withDoc()
    await database.query(`INSERT INTO "Doc" VALUES (1, 't', 'a')`)
    const pool = database.pool({ max: 2 })
    const [first, second] = [await pool.connect(), await pool.connect()]
    await first.query(`BEGIN; UPDATE "Doc" SET body = 'b'`)
    const waiting = second.query(`UPDATE "Doc" SET title = 'u'`)
    await first.query('COMMIT')
    await waiting
    await second.query(`UPDATE "Doc" SET body = 'a'`)
    first.release()
    second.release()
    expect(await recorded(database)).toEqual(['I 1 a', 'U 1 b', 'U 1 =-', 'U 1 a'])
  })

  it('a column that gets another name, another policy or another type keeps what its marks say', async () => {
    const database = await withDoc()
    await database.query(`INSERT INTO "Doc" VALUES (1, 't', 'b'); UPDATE "Doc" SET title = 'u'`)
    const from = state(doc())
    const [recordedTable] = from.tables
    if (recordedTable === undefined) throw new Error('no table')
    const renamed = doc({ columns: [column('id', 'integer'), column('title', 'text'), big('text')] })
    const plan = migration(from, state(renamed))
    // Retired and added: the diff alone knows nothing of names. What is recorded stays readable by its marks all the same.
    await database.query(`ALTER TABLE "Doc" RENAME COLUMN body TO text; ${plan.up}`)
    await database.query(`UPDATE "Doc" SET title = 'v'; UPDATE "Doc" SET title = 'w'`)
    expect(await recorded(database, 'text')).toEqual(['I 1 -', 'U 1 -', 'U 1 b', 'U 1 =-'])
    expect((await recorded(database)).slice(0, 2)).toEqual(['I 1 b', 'U 1 =-'])
    const again = doc({ columns: [column('id', 'integer'), column('title', 'text'), big('text', 'integer')] })
    await database.query(
      `ALTER TABLE "Doc" ALTER text TYPE int USING 7; ${migration(plan.after, state(again)).up}`,
    )
    await database.query(`UPDATE "Doc" SET title = 'x'; UPDATE "Doc" SET title = 'y'`)
    expect((await recorded(database, 'text')).slice(-2)).toEqual(['U 1 7', 'U 1 =-'])
    expect((await recorded(database, 'text__2')).slice(0, 4)).toEqual(['I 1 -', 'U 1 -', 'U 1 b', 'U 1 =-'])
  })

  it('asked for later, and no more, it changes functions and no row', async () => {
    const plain = doc({
      columns: [column('id', 'integer'), column('title', 'text'), column('body', 'text')],
      settings: [],
    })
    const database = await withDoc(plain)
    await database.query(`INSERT INTO "Doc" VALUES (1, 't', 'b')`)
    const [on, off] = [migration(state(plain), state(doc())), migration(state(doc()), state(plain))]
    expect([...on.steps, ...off.steps].map(({ kind }) => kind)).toEqual([
      'changeColumn',
      'addSetting',
      'retireSetting',
      'changeColumn',
    ])
    await database.query(on.up)
    await database.query(`UPDATE "Doc" SET title = 'u'`)
    await database.query(down(state(doc()), state(plain)))
    await database.query(`UPDATE "Doc" SET title = 'v'`)
    await database.query(on.up)
    await database.query(`UPDATE "Doc" SET title = 'w'`)
    await database.query(off.up)
    await database.query(`UPDATE "Doc" SET title = 'x'`)
    expect(await recorded(database)).toEqual(['I 1 b', 'U 1 =-', 'U 1 b', 'U 1 =-', 'U 1 b'])
  })

  it('a reader finds every value by the statement of docs/sql.md', async () => {
    const database = await withDoc()
    await database.query(`INSERT INTO "Doc" VALUES (7, 'a', 'one'); UPDATE "Doc" SET title = 'b'; UPDATE "Doc" SET body = NULL;
      UPDATE "Doc" SET title = 'c'; DELETE FROM "Doc"`)
    const rows = await database.query(`SELECT a.audit_operation AS op, a.title, held.body
      FROM audit."Doc_audit" AS a
      CROSS JOIN LATERAL (
        SELECT h.body FROM audit."Doc_audit" AS h
        JOIN pg_attribute AS c ON c.attrelid = h.tableoid AND c.attname = 'body'
        WHERE h.id = a.id AND h.audit_id <= a.audit_id AND (c.attnum = ANY (h.audit_unchanged_columns)) IS NOT TRUE
        ORDER BY h.audit_id DESC LIMIT 1
      ) AS held
      WHERE a.id = 7
      ORDER BY a.audit_id`)
    expect(rows).toEqual([
      { op: 'I', title: 'a', body: 'one' },
      { op: 'U', title: 'b', body: 'one' },
      { op: 'U', title: 'b', body: null },
      { op: 'U', title: 'c', body: null },
      { op: 'D', title: 'c', body: null },
    ])
  })

  it('a big value takes its room once', async () => {
    const size = async (wanted: AuditedTable) => {
      const database = await withDoc(wanted)
      await database.query(`INSERT INTO "Doc" SELECT 1, 't', string_agg(md5(n::text), '') FROM generate_series(1, 4000) n;
        DO $$ BEGIN FOR n IN 1..20 LOOP UPDATE "Doc" SET title = n::text; END LOOP; END $$`)
      const [{ bytes } = { bytes: 0 }] = await database.query<{ bytes: number }>(
        `SELECT pg_total_relation_size('audit."Doc_audit"')::int AS bytes`,
      )
      return bytes
    }
    const whole = doc({
      columns: [column('id', 'integer'), column('title', 'text'), column('body', 'text')],
      settings: [],
    })
    expect((await size(whole)) / (await size(doc()))).toBeGreaterThan(8)
  })
})

it('a transaction whose snapshot is older than a rename marks the columns as they are called now', async () => {
  const wanted = doc({ columns: [column('id', 'integer'), big('a'), big('b')] })
  const database = await withDoc(wanted)
  await database.query(`INSERT INTO "Doc" VALUES (1, 'x', 'y')`)
  const old = await database.pool({ max: 1 }).connect()
  try {
    await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await old.query('SELECT count(*) FROM pg_class')
    for (const name of ['"Doc"', 'audit."Doc_audit"']) {
      await database.query(
        `ALTER TABLE ${name} RENAME a TO c; ALTER TABLE ${name} RENAME b TO a; ALTER TABLE ${name} RENAME c TO b`,
      )
    }
    await old.query(`UPDATE "Doc" SET b = 'new'`)
    await old.query('COMMIT')
  } finally {
    old.release()
  }
  expect([(await recorded(database, 'a')).at(-1), (await recorded(database, 'b')).at(-1)]).toEqual([
    'U 1 =-',
    'U 1 new',
  ])
})
