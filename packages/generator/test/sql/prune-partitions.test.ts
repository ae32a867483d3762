import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { TestDatabase } from '../../../../test/support/test-database.ts'
import { compare, missed } from './comparing.ts'
import { table } from './fixture.ts'
import { aged, datedBack, filled, HISTORY, monthsAgo } from './old-partitions.ts'
import { partitioned } from './partitioning.ts'
import { as, compact as giveBackSpace, prune, setUpPruning } from './pruning.ts'
import { auditedDatabase, connected, findingsOf, seal, verify } from './sealing.ts'

vi.setConfig({ testTimeout: 180_000 })

const order = partitioned(table('Order'))
const LIMIT = new Date(Date.now() - 400 * 86_400_000).toISOString()

/**
 * Sixteen months ago 600 rows came, fifteen months ago a third of them went, and fourteen months ago the others were changed twice: of the first
 * month and of the second nothing is to stay, of the third half.
 */
const WRITES = [
  `INSERT INTO "Order" SELECT g, repeat('a', 400) FROM generate_series(1, 600) g`,
  aged('16 months'),
  `DELETE FROM "Order" WHERE id > 400`,
  aged('15 months'),
  `UPDATE "Order" SET note = repeat('b', 400); UPDATE "Order" SET note = repeat('c', 400)`,
  aged('14 months'),
  `UPDATE "Order" SET note = 'd' WHERE id < 20`,
]

async function prepared({ isSealed = false } = {}) {
  const database = await auditedDatabase('', order)
  await datedBack(database, 17)
  for (const each of WRITES) await database.query(each)
  const client = await connected(database)
  if (isSealed) await seal(client, { size: 100 })
  const roles = await setUpPruning(database)
  return { database, client, ...roles }
}

/** What is done of each partition that is not left as it is: `2025_01 dropped`. */
async function compact(client: Client, by: string, before = LIMIT) {
  return (await giveBackSpace(client, by, HISTORY, before)).map(
    ({ name, done: what, bytesBefore, bytes }) => {
      // As large as before where an old snapshot still sees what was pruned.
      expect(bytes).toBeLessThanOrEqual(bytesBefore)
      return `${name.slice(-8, -1)} ${what}`
    },
  )
}

/**
 * The same until nothing is left to do, with what was done last of each: for a moment a snapshot, of an autovacuum that analyzes for one, may
 * see what was pruned.
 */
async function compactAll(client: Client, by: string) {
  const done = new Map<string, string>()
  const pass = async () => {
    const now = await compact(client, by)
    for (const [name = '', what = ''] of now.map((each) => each.split(' '))) done.set(name, what)
    return now
  }
  await expect.poll(pass, { timeout: 60_000 }).toEqual([])
  return [...done].map(([name, what]) => `${name} ${what}`)
}

/** The partition of that month, as it is written in SQL. */
const part = (months: number) => `audit."Order_audit_${monthsAgo(months)}"`

describe('after a pruning', () => {
  it('partitions of which nothing is left go, others are written anew with what is, and all agrees as before', async () => {
    const { database, client, by } = await prepared({ isSealed: true })
    expect(await filled(database)).toEqual([
      `${monthsAgo(16)} 600`,
      `${monthsAgo(15)} 200`,
      `${monthsAgo(14)} 800`,
      `${monthsAgo(0)} 19`,
    ])
    expect(await prune(client, by, order, LIMIT, { size: 200 })).toMatchObject({ pruned: 1200, kept: 400 })
    const left = await database.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)
    const [before] = await database.query<{ bytes: number }>(
      `SELECT pg_relation_size('${part(14)}')::int AS bytes`,
    )
    const done = await compactAll(client, by)
    expect(done.filter((each) => !each.endsWith('dropped'))).toEqual([`${monthsAgo(14)} rewritten`])
    expect(done).toEqual(expect.arrayContaining([`${monthsAgo(16)} dropped`, `${monthsAgo(15)} dropped`]))
    expect(await filled(database)).toEqual([`${monthsAgo(14)} 400`, `${monthsAgo(0)} 19`])
    expect(await database.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)).toEqual(left)
    const [after] = await database.query<{ bytes: number }>(
      `SELECT pg_relation_size('${part(14)}')::int AS bytes`,
    )
    expect(after?.bytes).toBeLessThan((before?.bytes ?? 0) * 0.6)
    expect(await findingsOf(verify(client))).toEqual([])
    expect(await missed(compare(client, order))).toEqual([])
    await expect(database.query(`DELETE FROM ${part(14)}`)).rejects.toMatchObject({ code: 'AU002' })
    // As it is now it is left alone.
    expect(await compact(client, by)).toEqual([])
    expect(await prune(client, by, order, LIMIT)).toMatchObject({ pruned: 0, kept: 400 })
    expect(
      await database.query(
        `SELECT FROM pg_index WHERE indrelid = '${part(14)}'::regclass AND indisclustered`,
      ),
    ).toEqual([])
  })

  it('what only an old snapshot sees stays for it, and goes with the next run', async () => {
    const { database, client, by } = await prepared()
    const reader = await connected(database)
    // It has a snapshot, and no lock on the history.
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1')
    await prune(client, by, order, LIMIT, { size: 500 })
    const done = await compact(client, by)
    expect(done).not.toContain(`${monthsAgo(16)} dropped`)
    const { rows } = await reader.query(`SELECT count(*)::int AS rows FROM ${HISTORY}`)
    expect(rows).toEqual([{ rows: 1619 }])
    await reader.query('COMMIT')
    expect(await compactAll(client, by)).toEqual([
      `${monthsAgo(16)} dropped`,
      `${monthsAgo(15)} dropped`,
      `${monthsAgo(14)} rewritten`,
    ])
    expect(await database.query(`SELECT FROM ${HISTORY}`)).toHaveLength(419)
  })

  it('while writers write none of them fails or waits long, and one who reads for long makes it give up', async () => {
    const { database, client, by } = await prepared()
    await prune(client, by, order, LIMIT, { size: 500 })
    const waits: number[] = []
    let isStopped = false
    const write = async (id: number) => {
      const writer = await connected(database)
      while (!isStopped) {
        const begun = performance.now()
        await writer.query(`INSERT INTO "Order" VALUES ($1, 'w') ON CONFLICT (id) DO UPDATE SET note = 'x'`, [
          id,
        ])
        waits.push(performance.now() - begun)
        await sleep(5)
      }
    }
    const writers = [write(1001), write(1002)]
    try {
      const reader = await connected(database)
      await reader.query(`BEGIN; SELECT count(*) FROM ${HISTORY}`)
      await as(client, by, async () => {
        await client.query(`BEGIN; SET LOCAL lock_timeout = '1s'`)
        await expect(
          client.query(`SELECT audit.compact_partition('${part(16)}', $1)`, [LIMIT]),
        ).rejects.toMatchObject({ code: '55P03' })
        await client.query('ROLLBACK')
      })
      await reader.query('COMMIT')
      await sleep(100)
      expect(await compact(client, by)).toContain(`${monthsAgo(16)} dropped`)
    } finally {
      isStopped = true
      await Promise.all(writers)
    }
    expect(waits.length).toBeGreaterThan(20)
    expect(Math.max(...waits)).toBeLessThan(1500)
    expect(await missed(compare(client, order))).toEqual([])
  })
})

describe('the role that prunes cannot make a row vanish', () => {
  it('nor touch what is no old partition of a history, nor what is on its way to be one', async () => {
    const { database, client, by, pruner } = await prepared()
    const app = `${by}_app`
    await database.query(
      `CREATE ROLE "${app}" LOGIN; GRANT USAGE, CREATE ON SCHEMA public TO "${by}"; GRANT USAGE ON SCHEMA audit TO "${app}"`,
    )
    onTestFinished(() => database.query(`DROP OWNED BY "${app}"; DROP ROLE "${app}"`).then(() => {}))
    const all = () =>
      database.query(`SELECT tableoid::regclass::text AS at, h.* FROM ${HISTORY} AS h ORDER BY audit_id`)
    const before = await all()
    const ask = (name: string, limit = `'${LIMIT}'`) => `SELECT audit.compact_partition('${name}', ${limit})`
    await as(client, by, () =>
      client.query(`CREATE TABLE public.forged (audit_operation_timestamp timestamptz) PARTITION BY RANGE (audit_operation_timestamp);
        CREATE TABLE public.forged_1 PARTITION OF public.forged FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
        CREATE TABLE public."x; DROP TABLE audit.pruning; --" (id int)`),
    )
    const refused: readonly (readonly [string, string])[] = [
      ['the history', ask(HISTORY)],
      ['DEFAULT', ask('audit."Order_audit_default"')],
      ['the partition of this month', ask(part(0))],
      ['one that ends after the limit', ask(part(13))],
      ['one of the future', ask(`audit."Order_audit_${monthsAgo(-6)}"`)],
      ['a limit younger than the set-up allows', ask(part(16), `now() + interval '1 day'`)],
      ['no limit', ask(part(16), 'NULL')],
      ['the live table', ask('public."Order"')],
      ['the record of prunings', ask('audit.pruning')],
      ['a partition that he forged', ask('public.forged_1')],
      ['a name with SQL in it', ask('public."x; DROP TABLE audit.pruning; --"')],
      ['a table of PostgreSQL', ask('pg_catalog.pg_class')],
      ['nothing', `SELECT audit.compact_partition(NULL, '${LIMIT}')`],
    ]
    for (const [what, statement] of refused) {
      await expect(
        as(client, by, () => client.query(statement)),
        what,
      ).rejects.toMatchObject({ code: 'AU007' })
    }
    await as(client, by, async () => {
      for (const level of ['REPEATABLE READ', 'SERIALIZABLE']) {
        await client.query(`BEGIN ISOLATION LEVEL ${level}`)
        await expect(client.query(ask(part(16)))).rejects.toMatchObject({ code: 'AU007' })
        await client.query('ROLLBACK')
      }
      // With rows nothing is dropped, whatever he sets, and however often he asks.
      for (const setting of [
        `search_path = public`,
        `row_security = off`,
        `lock_timeout = 0`,
        `enable_seqscan = off`,
      ])
        await client.query(`SET ${setting}`)
      for (const months of [16, 15, 14, 16]) await client.query(ask(part(months)))
      await expect(client.query(`DROP TABLE ${part(16)}`)).rejects.toMatchObject({ code: '42501' })
      await expect(client.query(`SELECT FROM ${part(16)}`)).rejects.toMatchObject({ code: '42501' })
    })
    for (const role of [app, pruner])
      await expect(as(client, role, () => client.query(ask(part(16))))).rejects.toMatchObject({
        code: '42501',
      })
    expect(await all()).toEqual(before)
    expect(await database.query('SELECT FROM audit.pruning')).toEqual([])
  })

  it('not even rows that row level security hides from their owner', async () => {
    const { database, client, by, pruner } = await prepared()
    await database.query(`ALTER ROLE "${pruner}" NOLOGIN`)
    const owner = `${by}_owner`
    await database.query(`CREATE ROLE "${owner}"; GRANT USAGE, CREATE ON SCHEMA audit TO "${owner}"`)
    onTestFinished(async () => {
      await database.query(
        `REASSIGN OWNED BY "${owner}" TO CURRENT_USER; DROP OWNED BY "${owner}"; DROP ROLE "${owner}"`,
      )
    })
    await hideFromOwner(database, owner)
    await expect(
      as(client, by, () => client.query(`SELECT audit.compact_partition('${part(16)}', '${LIMIT}')`)),
    ).rejects.toMatchObject({ code: '42501' })
    expect(await database.query(`SELECT FROM ${HISTORY}`)).toHaveLength(1619)
  })
})

/** The history belongs to a role that is no superuser, and a policy shows it no row of one partition. */
const hideFromOwner = (database: TestDatabase, owner: string) =>
  database.query(`ALTER TABLE ${HISTORY} OWNER TO "${owner}"; ALTER TABLE ${part(16)} OWNER TO "${owner}";
    ALTER FUNCTION audit.compact_partition OWNER TO "${owner}";
    ALTER TABLE ${part(16)} ENABLE ROW LEVEL SECURITY; ALTER TABLE ${part(16)} FORCE ROW LEVEL SECURITY`)
