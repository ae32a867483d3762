import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { auditContext } from '../src/index.ts'
import { type LedgerTransaction, useLedger } from './fixture/ledger.ts'
import {
  expectApart,
  lingering,
  prepareUnfinished,
  writeAtLength,
  writeOften,
} from './fixture/unfinished-write.ts'

const ledger = await useLedger()
await lingering(ledger)
const base = ledger.client({ max: 1, transactionOptions: { maxWait: 30_000, timeout: 30_000 } })
const [ann, bob] = ['ann', 'bob'].map((username) => base.$extends(auditContext({ username })))
if (ann === undefined || bob === undefined) throw new Error('two clients')

/** A nested write that nobody awaits, and that is under way when the body ends. */
async function leave(tx: LedgerTransaction, label: string): Promise<void> {
  writeAtLength(tx, label).catch(() => undefined)
  await sleep(100)
}

test('a write that is under way when the callback returns is in its transaction, and not in the next one', async () => {
  await prepareUnfinished(ledger, 'returned')
  const outcome = ann.$transaction((tx) => leave(tx, 'returned'))
  const next = writeOften(bob, 'returned')
  await Promise.all([outcome, next])
  const written = await expectApart(ledger, 'returned', 'ann', 'bob')
  expect(new Set(written.map(({ transaction_id }) => transaction_id)).size).toBe(1)
  expect(written).toHaveLength(30)
})

test('a write that is under way when the callback throws is rolled back, and leaves nothing in the next transaction', async () => {
  await prepareUnfinished(ledger, 'thrown')
  const outcome = ann.$transaction(async (tx) => {
    await leave(tx, 'thrown')
    throw new Error('changed my mind')
  })
  const next = writeOften(bob, 'thrown')
  await expect(outcome).rejects.toThrow('changed my mind')
  await next
  expect(await expectApart(ledger, 'thrown', 'ann', 'bob')).toEqual([])
})
