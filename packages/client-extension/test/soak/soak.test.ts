import { expect, test } from 'vitest'
import { testedLayer } from '../../../../test/support/tested-layer.ts'
import { throughPgBouncer } from '../../../../test/support/through-pgbouncer.ts'
import { useLedger } from '../fixture/ledger.ts'
import { faults } from './expectation.ts'
import { allowedGrowth, growth } from './growth.ts'
import { soak } from './soak.ts'

const ledger = await useLedger()
const operations = process.env.AUDIT_TEST_SIZE === 'full' ? 10_000 : 1_000
const seed = Number(process.env.AUDIT_TEST_SEED ?? Math.trunc(Math.random() * 2 ** 31))

test(`${operations} random operations with killed connections, time-outs, serialization failures and full pools: no wrong, missing or double row, no connection lost, memory flat`, {
  timeout: 600_000,
}, async () => {
  const report = await soak({
    url: ledger.url,
    through: testedLayer === 'pgbouncer' ? throughPgBouncer(ledger.url) : undefined,
    PrismaClient: ledger.PrismaClient,
    withAdapter: testedLayer !== 'extension',
    operations,
    seed,
  })
  process.stdout.write(
    `${testedLayer}: ${JSON.stringify(report.outcomes)}, ${report.killed} killed, ${report.seconds.toFixed(1)} s\n`,
  )
  expect(report.faults, `seed ${seed}`).toEqual([])
  expect(growth(report.heap), `seed ${seed}`).toBeLessThan(allowedGrowth)
  // A killed session is that of one operation, and of the next one where nobody has heard of its end by then.
  expect(report.outcomes.lost ?? 0, `seed ${seed}`).toBeLessThanOrEqual(2 * report.killed)
  // The faults did happen.
  expect(report.killed).toBeGreaterThan(0)
  for (const outcome of [
    'committed',
    'undone',
    'statement timeout',
    'too long open',
    'no connection',
    // Too rare for a run of 1,000 to be sure of it.
    ...(operations < 10_000 ? [] : (['serialization'] as const)),
  ] as const) {
    expect(report.outcomes[outcome] ?? 0, `${outcome}, seed ${seed}`).toBeGreaterThan(0)
  }
})

test('the check of the soak sees each kind of wrong row', () => {
  const row = { label: 'a', count: 2, wrong: 0, transactions: 1 }
  const expectation = { operation: 'createMany', rows: 2, outcome: 'committed' } as const
  const check = (outcome: typeof expectation | { outcome: 'lost' | 'undone' }, recorded: object[]) =>
    faults(
      new Map([['a', { ...expectation, ...outcome }]]),
      recorded.map((each) => ({ ...row, ...each })),
    ).join()
  expect(check(expectation, [{}])).toBe('')
  expect(check(expectation, [{ wrong: 1 }])).toContain('1 of 2 rows have another name')
  expect(check(expectation, [{ count: 1 }])).toContain('1 rows after createMany, committed')
  expect(check(expectation, [{ count: 4 }])).toContain('4 rows after createMany, committed')
  expect(check(expectation, [{ transactions: 2 }])).toContain('committed by 2 transactions')
  expect(check(expectation, [])).toContain('none of 2 rows')
  expect(check(expectation, [{}, { label: 'b' }])).toContain(
    'b: 2 rows of an operation that had ended before',
  )
  expect(check({ outcome: 'undone' }, [{}])).toContain('2 rows after createMany, undone')
  expect(check({ outcome: 'lost' }, [])).toBe('')
  expect(check({ outcome: 'lost' }, [{}])).toBe('')
  expect(check({ outcome: 'lost' }, [{ count: 1 }])).toContain('1 rows after createMany, lost')
})
