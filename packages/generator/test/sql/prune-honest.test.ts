import fc from 'fast-check'
import type pg from 'pg'
import { describe, expect, it, vi } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { renderPrunerSetup } from '../../src/sql/pruner-setup.ts'
import { compare, missed } from './comparing.ts'
import { column, createSource, facts, install, table } from './fixture.ts'
import { IS_FULL, SEED } from './folding-property.ts'
import { datedBack } from './old-partitions.ts'
import { partitioned } from './partitioning.ts'
import { compact, prune, prunersOf } from './pruning.ts'
import { connected, findingsOf, HOME, seal, verify } from './sealing.ts'

vi.setConfig({ testTimeout: 900_000 })

const HISTORY = 'audit."Order_audit"'
const columns = [
  column('id', 'integer'),
  { ...column('body', 'text'), whenChanged: true as const },
  { ...column('more', 'text'), whenChanged: true as const },
  column('note', 'text'),
]
const MARKING = table('Order', { level: 'row', columns, settings: facts('unchanged_columns') })
const PLAIN = table('Order', { columns })

/** What each key was at a moment: its newest row until then, with the values that it leaves out because they had not changed. */
const asOf = (marks: string) => `SELECT k.id, k.note, body.value AS body, more.value AS more
FROM (
  SELECT DISTINCT ON (h.id) h.* FROM ${HISTORY} AS h WHERE h.audit_operation_timestamp <= $1::timestamptz ORDER BY h.id, h.audit_id DESC
) AS k
${['body', 'more']
  .map(
    (name) => `LEFT JOIN LATERAL (
  SELECT p.${name} AS value FROM ${HISTORY} AS p
  WHERE p.id = k.id AND p.audit_id <= k.audit_id AND ((
    SELECT a.attnum FROM pg_attribute AS a WHERE a.attrelid = '${HISTORY}'::regclass AND a.attname = '${name}'
  ) = ANY (${marks})) IS NOT TRUE
  ORDER BY p.audit_id DESC LIMIT 1
) AS ${name} ON true`,
  )
  .join('\n')}
WHERE k.audit_operation <> 'D' ORDER BY k.id`

async function moments(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ at: string }>(
    `SELECT DISTINCT audit_operation_timestamp::text AS at FROM ${HISTORY} ORDER BY 1`,
  )
  return rows.map(({ at }) => at)
}

function write(kind: number, n: number): string {
  const id = 1 + (n % 5)
  const value = ['NULL', "'a'", "'b'", `'${n}'`][n % 4]
  return (
    [
      `INSERT INTO "Order" VALUES (${id}, ${value}, 'm', 'n') ON CONFLICT DO NOTHING`,
      `UPDATE "Order" SET note = ${value} WHERE id = ${id}`,
      `UPDATE "Order" SET body = ${value} WHERE id >= ${id}`,
      `UPDATE "Order" SET more = ${value}, note = 'x' WHERE id <= ${id}`,
      `DELETE FROM "Order" WHERE id = ${id}`,
      `UPDATE "Order" SET id = id + 5 WHERE id = ${id} AND NOT EXISTS (SELECT FROM "Order" AS o WHERE o.id = ${id} + 5)`,
      `BEGIN; UPDATE "Order" SET note = 'lost'; ROLLBACK`,
      n % 7 === 0 ? 'TRUNCATE "Order"' : `UPDATE "Order" SET note = note || 'x'`,
    ][kind] ?? 'SELECT 1'
  )
}

/** What a round wrote was written so long ago, over three months that no other round has: it lies in four partitions. */
const spread = (round: number) => `ALTER TABLE ${HISTORY} DISABLE TRIGGER append_only;
  UPDATE ${HISTORY} AS h SET audit_operation_timestamp = n.at
  FROM (
    SELECT r.audit_id, now() - interval '1 day' * (${600 - 90 * round} - 80.0 * row_number() OVER (ORDER BY r.audit_id) / count(*) OVER ()) AS at
    FROM ${HISTORY} AS r WHERE r.audit_operation_timestamp > now() - interval '1 day'
  ) AS n WHERE n.audit_id = h.audit_id;
  ALTER TABLE ${HISTORY} ENABLE ALWAYS TRIGGER append_only`

const rounds = fc.array(
  fc.record({
    writes: fc.array(fc.tuple(fc.nat(7), fc.nat(999)), { minLength: 10, maxLength: 30 }),
    limit: fc.nat(999),
    seals: fc.option(fc.integer({ min: 2, max: 9 }), { nil: undefined }),
    page: fc.integer({ min: 1, max: 20 }),
    /** The run is ended after so many pages, and another one goes on. */
    ends: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  }),
  { minLength: 2, maxLength: 5 },
)

const UNCHANGED = 'p.audit_unchanged_columns'
const ALL = `'{}'::smallint[]`

describe.each([
  ['with values that are left out because they had not changed', MARKING, UNCHANGED],
  ['with all values', PLAIN, ALL],
  [
    'in partitions, with values that are left out because they had not changed',
    partitioned(MARKING),
    UNCHANGED,
  ],
  ['in partitions, with all values', partitioned(PLAIN), ALL],
] as const)('%s', (_, wanted, marks) => {
  it('as of any moment from the limit on, rows are what they were before the pruning; seals and live tables agree', async () => {
    let pruned = 0
    let dropped = 0
    const isPartitioned = wanted.partitionBy !== undefined
    await fc.assert(
      fc.asyncProperty(rounds, async (chosen) => {
        const database = await createDatabase()
        const client = await connected(database)
        const roles = prunersOf(database)
        try {
          await client.query(`${createSource(wanted)} ${install(wanted)}`)
          if (isPartitioned) await datedBack(database, 21)
          await seal(client, { wait: 0 })
          await client.query(renderPrunerSetup({ ...roles, atLeast: '0 days', home: HOME }))
          for (const [round, { writes, limit, seals, page, ends }] of chosen.entries()) {
            for (const [kind, n] of writes) await client.query(write(kind, n))
            if (isPartitioned) await client.query(spread(round))
            if (seals !== undefined) await seal(client, { size: seals, wait: limit % 2 === 0 ? 0 : 50 })
            const all = await moments(client)
            // The later half, so that something goes.
            const at = all[all.length - 1 - (limit % Math.max(Math.ceil(all.length / 2), 1))]
            if (at === undefined) continue
            const since = [...all.filter((each) => each >= at), 'infinity']
            const states = async () => {
              const found = []
              for (const moment of since) found.push((await client.query(asOf(marks), [moment])).rows)
              return found
            }
            const before = await states()
            if (ends !== undefined) {
              const run = new AbortController()
              let pages = 0
              const onProgress = () => {
                pages += 1
                if (pages >= ends) run.abort()
              }
              pruned += (
                await prune(client, roles.by, wanted, at, { size: page, signal: run.signal, onProgress })
              ).pruned
              expect(await states()).toEqual(before)
            }
            pruned += (await prune(client, roles.by, wanted, at, { size: page })).pruned
            expect((await prune(client, roles.by, wanted, at)).pruned).toBe(0)
            expect(await states()).toEqual(before)
            const compacted = await compact(client, roles.by, HISTORY, at)
            dropped += compacted.filter(({ done }) => done === 'dropped').length
            expect(await states()).toEqual(before)
            expect(await findingsOf(verify(client))).toEqual([])
            expect(await missed(compare(client, wanted))).toEqual([])
          }
          // With the newest moment as the limit each live key has one row, and one for each value that it leaves out; no other has any.
          const [end] = (await client.query<{ at: string }>('SELECT clock_timestamp()::text AS at')).rows
          await prune(client, roles.by, wanted, end?.at ?? '')
          const { rows } = await client.query(
            `SELECT h.id FROM ${HISTORY} AS h GROUP BY h.id HAVING count(*) > 3 OR NOT EXISTS (SELECT FROM "Order" AS o WHERE o.id = h.id)`,
          )
          expect(rows).toEqual([])
          expect(await findingsOf(verify(client))).toEqual([])
        } finally {
          await client.end()
          for (const role of Object.values(roles)) {
            await database
              .query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE IF EXISTS "${role}"`)
              .catch(() => {})
          }
          await database.drop()
        }
      }),
      { numRuns: IS_FULL ? 60 : isPartitioned ? 3 : 6, seed: SEED, endOnFailure: true },
    )
    expect(pruned).toBeGreaterThan(10)
    if (isPartitioned) expect(dropped).toBeGreaterThan(0)
    else expect(dropped).toBe(0)
  })
})
