import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { adapterClients } from '../fixture/adapter-clients.ts'
import { type LedgerClient, useLedger } from '../fixture/ledger.ts'
import {
  expectApart,
  lingering,
  prepareUnfinished,
  writeAtLength,
  writeOften,
} from '../fixture/unfinished-write.ts'

const ledger = await useLedger()
const { open, create, names, backends } = adapterClients(ledger)

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

/** An insert that takes its time. */
await ledger.query(`CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(CASE WHEN NEW.name LIKE 'held during%' THEN 1.5 ELSE 0.5 END); RETURN NEW; END $$;
  CREATE TRIGGER hold BEFORE INSERT ON "Account" FOR EACH ROW WHEN (NEW.name LIKE 'held%') EXECUTE FUNCTION hold()`)

test('a transaction whose limit comes during its first statement leaves nothing, and the next one has its own name', async () => {
  const { pool, as } = open()
  const outcome = as('ann').$transaction((tx) => create(tx, 'held'), { timeout: 100 })
  const next = create(as('bob'), 'behind it')
  await expect(outcome).rejects.toMatchObject({ code: 'P2028' })
  await next
  expect([await names('held'), await names('behind it')]).toEqual([[], ['bob']])
  expect([pool.totalCount, pool.idleCount]).toEqual([1, 1])
})

describe('the query_timeout of pg', () => {
  const writes: Readonly<Record<string, (ann: LedgerClient, label: string) => Promise<unknown>>> = {
    'during a single write': (ann, label) => create(ann, label),
    'during the first statement of a transaction': (ann, label) =>
      ann.$transaction(async (tx) => {
        await create(tx, label).catch(() => undefined)
        await create(tx, label)
      }),
    'during a later one': (ann, label) =>
      ann.$transaction(async (tx) => {
        await create(tx, `first ${label}`)
        await create(tx, label)
      }),
  }
  test.each(Object.entries(writes))(
    '%s ends it, and its connection serves nobody again',
    async (when, write) => {
      const label = `held ${when}`
      const { base, as } = open({ query_timeout: 250 })
      const [before] = await backends(base)
      await expect(write(as('ann'), label)).rejects.toThrow(/timeout|aborted/i)
      await create(as('bob'), `after ${when}`)
      expect(await names(`after ${when}`)).toEqual(['bob'])
      expect(await backends(base)).not.toEqual([before])
      // The server may have gone on with a single write, which pg gave up: then it has its name.
      await sleep(1_500)
      expect([[], ['ann']]).toContainEqual(await names(label))
      expect(await names(`first ${label}`)).toEqual([])
    },
  )
})

test('$disconnect while writes are under way: each is there with its name or not at all, and the client connects again', async () => {
  const { base, as } = open({ max: 2 })
  const outcomes = [
    create(as('ann'), 'held single'),
    as('ann').$transaction((tx) => create(tx, 'held interactive')),
  ].map((outcome) =>
    outcome.then(
      () => ['ann'],
      () => [],
    ),
  )
  await sleep(100)
  await base.$disconnect()
  const ended = await Promise.all(outcomes)
  expect([await names('held single'), await names('held interactive')]).toEqual(ended)
  await create(as('bob'), 'connected again')
  expect(await names('connected again')).toEqual(['bob'])
})

test('a batch of nothing does nothing, with an isolation level too', async () => {
  const { as } = open()
  expect(await as('ann').$transaction([])).toEqual([])
  expect(await as('ann').$transaction([], { isolationLevel: 'Serializable' })).toEqual([])
})

test('a savepoint that cannot be released fails its transaction, and nothing of it stays', async () => {
  const { pool, as } = open()
  const outcome = as('ann').$transaction(async (tx) => {
    await create(tx, 'around')
    await tx.$transaction(async (inner) => {
      await create(inner, 'inside')
      await inner.$executeRawUnsafe('ROLLBACK; BEGIN')
    })
  })
  await expect(outcome).rejects.toThrow(/savepoint/i)
  expect([await names('around'), await names('inside')]).toEqual([[], []])
  await create(as('bob'), 'after the savepoint')
  expect(await names('after the savepoint')).toEqual(['bob'])
  expect([pool.totalCount, pool.idleCount]).toEqual([1, 1])
})
