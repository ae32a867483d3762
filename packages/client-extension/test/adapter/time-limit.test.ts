import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { adapterClients } from '../fixture/adapter-clients.ts'
import { useLedger } from '../fixture/ledger.ts'
import {
  expectApart,
  lingering,
  prepareUnfinished,
  writeAtLength,
  writeOften,
} from '../fixture/unfinished-write.ts'

const ledger = await useLedger()
const { open, create, names } = adapterClients(ledger)

await lingering(ledger)

test('a nested write whose transaction ends at its time limit sends nothing more: nobody else gets its statements', async () => {
  await prepareUnfinished(ledger, 'expired')
  const { pool, as } = open()
  const outcome = as('ann').$transaction((tx) => writeAtLength(tx, 'expired'), { timeout: 200 })
  const next = writeOften(as('bob'), 'expired')
  await expect(outcome).rejects.toThrow(/the transaction has ended, at its time limit/)
  await next
  // What it would still send comes by now.
  await sleep(500)
  expect(await expectApart(ledger, 'expired', 'ann', 'bob')).toEqual([])
  expect([pool.totalCount, pool.idleCount]).toEqual([1, 1])
})

test('a transaction whose limit comes during its first statement leaves nothing, and the next one has its own name', async () => {
  await ledger.query(`CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END $$;
    CREATE TRIGGER hold BEFORE INSERT ON "Account" FOR EACH ROW WHEN (NEW.name = 'held') EXECUTE FUNCTION hold()`)
  const { pool, as } = open()
  const outcome = as('ann').$transaction((tx) => create(tx, 'held'), { timeout: 100 })
  const next = create(as('bob'), 'behind it')
  await expect(outcome).rejects.toMatchObject({ code: 'P2028' })
  await next
  expect([await names('held'), await names('behind it')]).toEqual([[], ['bob']])
  expect([pool.totalCount, pool.idleCount]).toEqual([1, 1])
})
