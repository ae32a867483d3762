import { describe, expect, it, onTestFinished } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { applySteps } from '../../src/state/apply-steps.ts'
import { EMPTY_STATE } from '../../src/state/database-state.ts'
import { planMigration } from '../../src/state/migration-plan.ts'
import {
  column,
  createSource,
  down,
  install,
  planBetween,
  setting,
  state,
  table,
  type,
  up,
} from './fixture.ts'

const wanted = (wishes: Partial<AuditedTable> = {}) => table('Order', { backfill: true, ...wishes })

async function withRows(audited: AuditedTable, rows: string): Promise<TestDatabase> {
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  await database.query(`${createSource(audited)} ${rows}`)
  return database
}

const THREE = `INSERT INTO "Order" VALUES (1, 'a'), (2, 'b'), (3, NULL)`

/** By key and number, as the index has it: what comes first is what was first. */
const history = async (database: TestDatabase) => {
  const rows = await database.query<{ line: string }>(
    `SELECT concat_ws(' ', id, audit_operation, coalesce(note, '-')) AS line FROM audit."Order_audit" ORDER BY id, audit_id`,
  )
  return rows.map(({ line }) => line)
}

/** The migration in two: all that installs the audit, and the baseline. */
function parts(text: string): readonly [install: string, baseline: string] {
  const sections = text.split(/^COMMIT;$/m)
  return [sections.slice(0, -1).join('COMMIT;'), sections.at(-1) ?? '']
}

describe('backfill: true', () => {
  it('gives every row from before the audit a row B, which sorts before all others of its key', async () => {
    const database = await withRows(wanted(), THREE)
    await database.query(install(wanted()))
    await database.query(
      `UPDATE "Order" SET note = 'c' WHERE id = 1; INSERT INTO "Order" VALUES (4, 'd'); DELETE FROM "Order" WHERE id = 2`,
    )
    expect(await history(database)).toEqual(['1 B a', '1 U c', '2 B b', '2 D b', '3 B -', '4 I d'])
    const [row] = await database.query<{ max: string; users: number; ids: number }>(
      `SELECT max(audit_id) AS max, count(DISTINCT audit_id)::int AS ids, count(audit_current_user)::int AS users
       FROM audit."Order_audit" WHERE audit_operation = 'B'`,
    )
    expect(row).toEqual({ max: expect.stringMatching(/^-\d+$/), ids: 3, users: 3 })
  })

  it('run twice, or half-way and again, writes each row once', async () => {
    const database = await withRows(wanted(), THREE)
    const [first, baseline] = parts(install(wanted()))
    await database.query(first)
    await database.query(baseline)
    await database.query(install(wanted()))
    expect(await history(database)).toEqual(['1 B a', '2 B b', '3 B -'])
    await Promise.all([
      database.query(`DELETE FROM "Order"`),
      ...[1, 2, 3].map(() => database.query(baseline)),
    ])
    const [{ n } = {}] = await database.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM audit."Order_audit" WHERE audit_operation = 'B'`,
    )
    expect(n).toBe(3)
  })

  it.each([
    ['an update', `UPDATE "Order" SET note = 'new' WHERE id = 1`, ['1 B a', '1 U new', '2 B b', '3 B -']],
    ['a delete', `DELETE FROM "Order" WHERE id = 1`, ['1 B a', '1 D a', '2 B b', '3 B -']],
    ['an insert', `INSERT INTO "Order" VALUES (0, 'new')`, ['0 I new', '1 B a', '2 B b', '3 B -']],
    [
      'a changed key',
      `UPDATE "Order" SET id = 9 WHERE id = 1`,
      ['1 B a', '1 D a', '2 B b', '3 B -', '9 U a'],
    ],
  ])('%s that commits while it runs comes after it, and waits for nothing', async (_, write, expected) => {
    const database = await withRows(wanted(), THREE)
    const [first, baseline] = parts(install(wanted()))
    await database.query(first)
    const writer = await database.pool({ max: 1 }).connect()
    onTestFinished(() => writer.release(true))
    await writer.query(`BEGIN; SET LOCAL lock_timeout = '10ms'; ${write}`)
    await database.query(baseline)
    await writer.query('COMMIT')
    expect(await history(database)).toEqual(expected)
  })

  it('a write that ends before it leaves no baseline: the history of its key begins there', async () => {
    const database = await withRows(wanted(), THREE)
    const [first, baseline] = parts(install(wanted()))
    await database.query(first)
    await database.query(
      `UPDATE "Order" SET note = 'new' WHERE id = 1; UPDATE "Order" SET id = 9 WHERE id = 2; DELETE FROM "Order" WHERE id = 3`,
    )
    await database.query(baseline)
    expect(await history(database)).toEqual(['1 U new', '2 D b', '3 D -', '9 U b'])
  })

  it('a TRUNCATE that began before it leaves no baseline, one that comes later ends every row', async () => {
    for (const [isFirst, expected] of [
      [true, ['1 D a', '2 D b', '3 D -']],
      [false, ['1 B a', '1 D a', '2 B b', '2 D b', '3 B -', '3 D -']],
    ] as const) {
      const database = await withRows(wanted(), THREE)
      const [first, baseline] = parts(install(wanted()))
      await database.query(first)
      const holder = await database.pool({ max: 1 }).connect()
      onTestFinished(() => holder.release(true))
      await holder.query(`BEGIN; ${isFirst ? 'TRUNCATE "Order"' : baseline}`)
      const other = database.query(isFirst ? baseline : 'TRUNCATE "Order"')
      await expect
        .poll(() =>
          database.query(`SELECT FROM pg_locks WHERE NOT granted AND relation = '"Order"'::regclass`),
        )
        .toHaveLength(1)
      await holder.query('COMMIT')
      await other
      expect(await history(database)).toEqual(expected)
    }
  })

  it('is written for a history that is adopted, whose checks knew of no baseline', async () => {
    const audited = wanted({ settings: [setting('username String')] })
    const { backfill: _, ...before } = audited
    const database = await withRows(audited, THREE)
    await database.query(install(before))
    await database.query(install(audited))
    expect(await history(database)).toEqual(['1 B a', '2 B b', '3 B -'])
  })

  it('is written for what came while capture had stopped', async () => {
    const database = await withRows(wanted(), THREE)
    await database.query(install(wanted()))
    const stopped = planMigration(state(wanted()), [{ kind: 'retireTable', source: wanted().source }])
    await database.query(renderMigration(stopped, { from: state(wanted()) }))
    await database.query(`INSERT INTO "Order" VALUES (4, 'meanwhile')`)
    const from = applySteps(state(wanted()), stopped.steps)
    await database.query(up(state(wanted()), from))
    expect(await history(database)).toEqual(['1 B a', '2 B b', '3 B -', '4 B meanwhile'])
  })

  it('is not written over a history whose rows are from before the key was what it is', async () => {
    const { backfill: _, ...small } = wanted()
    const retyped = { ...small, columns: [column('id', 'bigint'), column('note', 'text')] }
    const database = await withRows(wanted(), THREE)
    await database.query(install(small))
    await database.query(`UPDATE "Order" SET note = 'first'`)
    await database.query(`DROP TRIGGER audit_key ON "Order"; ALTER TABLE "Order" ALTER COLUMN id TYPE bigint`)
    await database.query(up(state(retyped), state(small)))
    await database.query(up(state({ ...retyped, backfill: true }), state(retyped)))
    const [{ n } = {}] = await database.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM audit."Order_audit" WHERE audit_operation = 'B'`,
    )
    expect(n).toBe(0)
  })

  it('in a draft, beside its triggers, is refused above READ COMMITTED', async () => {
    const plan = planBetween(EMPTY_STATE, state(wanted()))
    const draft = renderMigration(plan, { from: EMPTY_STATE, appended: true })
    const database = await withRows(wanted(), THREE)
    await expect(
      database.query(`BEGIN ISOLATION LEVEL REPEATABLE READ; ${draft}; COMMIT`),
    ).rejects.toMatchObject({ code: 'AU003' })
    const other = await withRows(wanted(), THREE)
    await other.query(`BEGIN; ${draft}; COMMIT`)
    expect(await history(other)).toEqual(['1 B a', '2 B b', '3 B -'])
  })

  it('makes no writer wait while it runs: it holds no lock that a writer could meet', async () => {
    const database = await withRows(wanted(), THREE)
    const [first, baseline] = parts(install(wanted()))
    await database.query(first)
    const runner = await database.pool({ max: 1 }).connect()
    onTestFinished(() => runner.release(true))
    await runner.query(`BEGIN; ${baseline}`)
    const locks = await runner.query<{ name: string; mode: string }>(
      `SELECT format('%s.%I', c.relnamespace::regnamespace, c.relname) AS name, l.mode FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation
       WHERE l.pid = pg_backend_pid() AND c.relkind = 'r' AND c.relnamespace <> 'pg_catalog'::regnamespace ORDER BY 1, 2`,
    )
    expect(locks.rows).toEqual([
      { name: 'audit."Order_audit"', mode: 'AccessShareLock' },
      { name: 'audit."Order_audit"', mode: 'RowExclusiveLock' },
      { name: 'public."Order"', mode: 'AccessShareLock' },
    ])
    await database.query(`SET lock_timeout = '10ms'; UPDATE "Order" SET note = 'free'; RESET lock_timeout`)
    await runner.query('COMMIT')
    expect(await history(database)).toEqual(['1 B a', '1 U free', '2 B b', '2 U free', '3 B -', '3 U free'])
  })

  it('needs no context, also where a setting is required, before and after it became so', async () => {
    const audited = wanted({ settings: [setting('username String')] })
    const database = await withRows(audited, THREE)
    await database.query(install(audited))
    expect(await history(database)).toEqual(['1 B a', '2 B b', '3 B -'])
    await expect(database.query(`DELETE FROM "Order"`)).rejects.toMatchObject({ code: 'AU001' })
    // No row but a baseline's may lack it.
    await expect(
      database.query(`INSERT INTO audit."Order_audit" (audit_operation, audit_operation_timestamp, audit_transaction_timestamp,
        audit_current_user, audit_transaction_id) VALUES ('I', now(), now(), 'me', 1)`),
    ).rejects.toMatchObject({ code: '23514' })
  })

  it('asked for later, writes what has no history yet; taken back and made again, it keeps it', async () => {
    const audited = wanted({ settings: [setting('username String')] })
    const { backfill: _, ...before } = audited
    const database = await withRows(audited, THREE)
    await database.query(install(before))
    await database.query(
      `BEGIN; SET LOCAL audit.username = 'ann'; UPDATE "Order" SET note = 'x' WHERE id = 2; COMMIT`,
    )
    const [from, to] = [state(before), state(audited)]
    await database.query(up(to, from))
    const expected = ['1 B a', '2 U x', '3 B -']
    expect(await history(database)).toEqual(expected)
    await database.query(down(to, from))
    expect(await history(database)).toEqual(expected)
    await database.query(up(to, from))
    expect(await history(database)).toEqual(expected)
    await expect(database.query(`DELETE FROM "Order"`)).rejects.toMatchObject({ code: 'AU001' })
  })

  it('holds no value that is redacted, hashes what is hashed, and leaves out what is excluded', async () => {
    const audited = wanted({
      columns: [
        column('id', 'integer'),
        { ...column('note', 'text'), policy: 'redact' },
        { ...column('iban', 'text'), policy: 'hash' },
      ],
      level: 'row',
    })
    const database = await withRows(
      audited,
      `INSERT INTO "Order" VALUES (1, 'hunter2', 'DE89'), (2, NULL, NULL)`,
    )
    await database.query(install(audited))
    await database.query(`UPDATE "Order" SET id = id`)
    const rows = await database.query<{ op: string; note: string; iban: string }>(
      `SELECT audit_operation AS op, note, iban FROM audit."Order_audit" ORDER BY id, audit_id`,
    )
    const hash = rows[0]?.iban
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(rows).toEqual([
      { op: 'B', note: '[redacted]', iban: hash },
      { op: 'U', note: '[redacted]', iban: hash },
      { op: 'B', note: null, iban: null },
      { op: 'U', note: null, iban: null },
    ])
  })

  it('tells keys apart that a collation holds for one, and finds those of several columns, of enums and of char(n)', async () => {
    const audited = wanted({
      columns: [
        column('id', 'text'),
        column('kind', 'text', true),
        column('code', type('char', [4])),
        column('note', 'text'),
      ],
      key: ['id', 'kind', 'code'],
    })
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    await database.query(`CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE TYPE kind AS ENUM ('x', 'y');
      CREATE TABLE "Order" (id text COLLATE folded, kind kind, code char(4), note text, PRIMARY KEY (id, kind, code));
      INSERT INTO "Order" VALUES ('a', 'x', 'c', '1'), ('a', 'y', 'c', '2'), ('b', 'x', 'c', '3')`)
    const [first, baseline] = parts(install(audited))
    await database.query(first)
    await database.query(
      `UPDATE "Order" SET note = '4' WHERE id = 'a' AND kind = 'y'; UPDATE "Order" SET id = 'B' WHERE id = 'b'`,
    )
    await database.query(baseline)
    expect(
      await database.query(
        `SELECT concat_ws(' ', id, kind, audit_operation, note) AS line FROM audit."Order_audit" ORDER BY id COLLATE "C", kind, audit_id`,
      ),
    ).toEqual(['B x U 3', 'a x B 1', 'a y U 4', 'b x D 3'].map((line) => ({ line })))
  })

  it('reads every partition, and of a table that others inherit from its own rows only', async () => {
    const partitioned = wanted({ level: 'row' })
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    await database.query(`CREATE TABLE "Order" (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
      CREATE TABLE first PARTITION OF "Order" FOR VALUES FROM (0) TO (10);
      CREATE TABLE second PARTITION OF "Order" FOR VALUES FROM (10) TO (20);
      INSERT INTO "Order" VALUES (1, 'a'), (11, 'b')`)
    await database.query(install(partitioned))
    expect(await history(database)).toEqual(['1 B a', '11 B b'])
    const parent = await withRows(
      wanted(),
      `${THREE}; CREATE TABLE child () INHERITS ("Order"); INSERT INTO child VALUES (7, 'child')`,
    )
    await parent.query(install(wanted()))
    expect(await history(parent)).toEqual(['1 B a', '2 B b', '3 B -'])
  })

  it('fails where row level security would hide rows from the role that migrates, and leaves nothing half done', async () => {
    const database = await withRows(wanted(), THREE)
    const role = `migrator_${process.pid}`
    await database.query(`CREATE ROLE ${role}; ALTER TABLE "Order" OWNER TO ${role}; GRANT CREATE ON DATABASE ${database.name} TO ${role};
      ALTER TABLE "Order" ENABLE ROW LEVEL SECURITY; ALTER TABLE "Order" FORCE ROW LEVEL SECURITY`)
    onTestFinished(async () => {
      await database.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`)
    })
    const client = await database.pool({ max: 1 }).connect()
    try {
      await client.query(`SET ROLE ${role}`)
      await expect(client.query(install(wanted()))).rejects.toMatchObject({ code: '42501' })
    } finally {
      client.release(true)
    }
    expect(await database.query(`SELECT FROM audit."Order_audit"`)).toEqual([])
  })
})

it('under writers who never stop, history folds to the table, and every row that was there before has a past', async () => {
  const audited = wanted()
  const database = await withRows(
    audited,
    `INSERT INTO "Order" SELECT g, 'n' || g FROM generate_series(1, 3000) AS g`,
  )
  const [first, baseline] = parts(install(audited))
  await database.query(first)
  let isOver = false
  const pool = database.pool({ max: 4 })
  const writers = [0, 1, 2, 3].map(async (own) => {
    for (let n = 0; !isOver; n += 1) {
      const id = ((n * 37) % 750) * 4 + own + 1
      const write = [
        `UPDATE "Order" SET note = 'w${n}' WHERE id = ${id}`,
        `DELETE FROM "Order" WHERE id = ${id}`,
        `INSERT INTO "Order" VALUES (${id}, 'i${n}') ON CONFLICT (id) DO UPDATE SET note = EXCLUDED.note`,
        `UPDATE "Order" SET id = ${id + 100_000} WHERE id = ${id}`,
      ][(n * 7 + own) % 4]
      await pool.query(`BEGIN; ${write}; COMMIT`)
    }
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  await database.query(baseline)
  await new Promise((resolve) => setTimeout(resolve, 50))
  isOver = true
  await Promise.all(writers)
  const folded = await database.query(`SELECT id, note FROM (
      SELECT DISTINCT ON (id) * FROM audit."Order_audit" ORDER BY id, audit_id DESC
    ) AS latest WHERE audit_operation <> 'D' ORDER BY id`)
  expect(folded).toEqual(await database.query('SELECT id, note FROM "Order" ORDER BY id'))
  const [counts] = await database.query<{ misplaced: number; without: number; baselines: number }>(`SELECT
      count(*) FILTER (WHERE audit_operation = 'B' AND place > 1)::int AS misplaced,
      count(*) FILTER (WHERE audit_operation = 'B')::int AS baselines,
      (SELECT count(*)::int FROM generate_series(1, 3000) AS g
       WHERE NOT EXISTS (SELECT FROM audit."Order_audit" AS h WHERE h.id = g)) AS without
    FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER BY audit_id) AS place FROM audit."Order_audit") AS h`)
  expect(counts).toMatchObject({ misplaced: 0, without: 0 })
  expect(counts?.baselines).toBeGreaterThan(500)
})
