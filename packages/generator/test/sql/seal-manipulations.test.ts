import fc from 'fast-check'
import type pg from 'pg'
import { describe, expect, it, vi } from 'vitest'
import { SEED } from './folding-property.ts'
import {
  everyType,
  honestWrites,
  inMonths,
  type Manipulation,
  MONTHS,
  manipulations,
  partitionManipulations,
  ROWS,
  SIZE,
  UNGUARDED,
} from './manipulations.ts'
import { datedBack } from './old-partitions.ts'
import { partitioned } from './partitioning.ts'
import { auditedDatabase, connected, findingsOf, seal, verify, verifyHere } from './sealing.ts'

vi.setConfig({ testTimeout: 900_000 })

/** A thousand on the run's own server, a hundred on each other one, whose project sets the size. */
const RUNS = process.env.AUDIT_TEST_SIZE === '' ? 100 : 1000

/** A range of the history by its place. */
const rangeOf = (id: number | bigint) => Math.max(1, Math.ceil(Number(id) / SIZE))

async function assertFound(client: pg.Client, { says, sql, ids, seal: number, isOfAll }: Manipulation) {
  await client.query('BEGIN')
  try {
    await client.query(`SET LOCAL search_path = public; ${UNGUARDED}; ${sql}`)
    const { findings } = await verifyHere(client)
    const named = findings.flatMap(({ firstId, lastId }) => {
      if (firstId === undefined || lastId === undefined) return []
      const first = rangeOf(firstId)
      return Array.from({ length: rangeOf(lastId) - first + 1 }, (_, at) => first + at)
    })
    const touched = [...new Set((ids ?? []).map(rangeOf))].sort((a, b) => a - b)
    if (isOfAll) expect(named, `${says}: ${sql}`).toEqual(expect.arrayContaining(touched))
    // Nothing is said of ranges that nobody touched; where the chain itself is touched the next seal is, too.
    else if (ids !== undefined)
      expect(
        [...new Set(named)].sort((a, b) => a - b),
        `${says}: ${sql}`,
      ).toEqual(touched)
    if (number !== undefined) {
      const ofSeal = findings.filter(({ firstSeal, lastSeal }) => firstSeal <= number && number <= lastSeal)
      expect(ofSeal, `${says}: ${sql}`).not.toEqual([])
    }
  } finally {
    await client.query('ROLLBACK')
  }
}

const LAYOUTS = [
  ['a history in one table', RUNS * 0.7, manipulations, () => auditedDatabase(honestWrites, everyType)],
  [
    'a history in partitions',
    RUNS * 0.3,
    partitionManipulations,
    async () => {
      const database = await auditedDatabase('', partitioned(everyType))
      await datedBack(database, MONTHS)
      await database.query(honestWrites + inMonths)
      return database
    },
  ],
] as const

describe.each(LAYOUTS)('%s', (_, numRuns, drawn, audited) => {
  it('any row that is changed, removed or inserted is found with its range, and so is a seal that is', async () => {
    const client = await connected(await audited())
    expect(await seal(client, { size: SIZE })).toMatchObject([{ rows: ROWS, ranges: ROWS / SIZE }])
    expect(await findingsOf(verify(client))).toEqual([])
    const found = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(drawn, async (manipulation) => {
        await assertFound(client, manipulation)
        const [kind = ''] = manipulation.says.split(':')
        found.set(kind, (found.get(kind) ?? 0) + 1)
      }),
      { numRuns, seed: SEED, endOnFailure: true },
    )
    console.info([...found].map(([kind, count]) => `${count} × ${kind}`).join('\n'))
    expect(await findingsOf(verify(client))).toEqual([])
  })
})
