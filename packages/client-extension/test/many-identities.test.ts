import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, test } from 'vitest'
import { makeRandom } from '../../../test/support/large-project/random.ts'
import { testedLayer } from '../../../test/support/tested-layer.ts'
import { auditContext } from '../src/index.ts'
import { type LedgerClient, type LedgerTransaction, useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const base = ledger.client({ max: 4, transactionOptions: { maxWait: 600_000, timeout: 600_000 } })

/** The whole number for the layer with the most to go wrong; fewer for the others, so that the sum is no larger. */
const share = { extension: 0.2, adapter: 1, pgbouncer: 0.1 }[testedLayer]
const operations = (process.env.AUDIT_TEST_SIZE === 'full' ? 60_000 : 20_000) * share
const identities = 18
const seed = Number(process.env.AUDIT_TEST_SEED ?? Math.trunc(Math.random() * 2 ** 31))

class Undone extends Error {}

/** Runs one operation; gives how many rows with this label the history must hold. */
type Form = (db: LedgerClient, label: string) => Promise<number>

/** For a form whose outcome does not say how many rows it writes. */
const writes =
  (count: number, call: (db: LedgerClient, label: string) => Promise<unknown>): Form =>
  async (db, label) => {
    await call(db, label)
    return count
  }

const create = (client: LedgerTransaction, name: string) => client.account.create({ data: { name } })

async function undone(outcome: Promise<unknown>): Promise<number> {
  await expect(outcome).rejects.toThrow(/undone|division/)
  return 0
}

const forms: readonly Form[] = [
  writes(1, create),
  writes(2, (db, name) => db.account.createMany({ data: [{ name }, { name }] })),
  writes(2, (db, name) => db.account.create({ data: { name, entries: { create: { note: name } } } })),
  writes(1, (db, name) => db.$executeRaw`INSERT INTO "Account" (name) VALUES (${name})`),
  writes(1, (db, name) => db.$queryRaw`SELECT add_account(${name})`),
  writes(2, (db, name) => db.$transaction([create(db, name), db.account.count(), create(db, name)])),
  async (db, name) => {
    const [, changed] = await db.$transaction([
      create(db, name),
      db.account.updateMany({ where: { name }, data: { balance: 1 } }),
    ])
    return 1 + (changed as { count: number }).count
  },
  (db, name) => undone(db.$transaction([create(db, name), db.$executeRaw`SELECT 1 / 0`])),
  async (db, name) =>
    db.$transaction(async (tx) => {
      const { id } = await create(tx, name)
      await tx.account.update({ where: { id }, data: { balance: 1 } })
      await tx.account.delete({ where: { id } })
      return 3
    }),
  (db, name) =>
    undone(
      db.$transaction(async (tx) => {
        await create(tx, name)
        throw new Undone('undone')
      }),
    ),
  async (db, name) =>
    db.$transaction(async (tx) => {
      await undone(
        tx.$transaction(async (inner) => {
          await create(inner, name)
          throw new Undone('undone')
        }),
      )
      await tx.$transaction((inner) => create(inner, name))
      return 1
    }),
  writes(1, async (db, name) => {
    await Promise.all([1, 2].map((id) => db.account.findUnique({ where: { id } })))
    await db.$transaction((tx) => tx.account.count())
    await create(db, name)
  }),
]

test(`no row of many concurrent operations has a wrong, missing or doubled identity (${operations} by ${identities} on 4 connections)`, {
  timeout: 600_000,
}, async () => {
  const random = makeRandom(seed)
  const reasons = new AsyncLocalStorage<string>()
  const clients = Array.from({ length: identities }, (_, index) =>
    base.$extends(auditContext(() => ({ username: `user ${index}`, reason: reasons.getStore() }))),
  )
  /** The identity's own client, which asks for the reason; or one made for this operation alone. */
  const clientOf = (index: number, label: string): LedgerClient =>
    (random.chance(0.5) ? clients[index] : undefined) ??
    base.$extends(auditContext({ username: `user ${index}`, reason: label }))

  const expected = new Map<string, number>()
  const started = performance.now()
  for (let done = 0; done < operations; ) {
    // A wave is released in one tick.
    const size = Math.min(1 + random.below(400), operations - done)
    const first = done
    const wave = Array.from({ length: size }, (_, index) => {
      const user = random.below(identities)
      const label = `user ${user}|${first + index}`
      const form = random.pick(forms)
      const client = clientOf(user, label)
      return { label, run: () => reasons.run(label, () => form(client, label)) }
    })
    await Promise.all(wave.map(async ({ label, run }) => expected.set(label, await run())))
    done += size
  }
  const seconds = (performance.now() - started) / 1000
  process.stdout.write(`${operations} operations in ${seconds.toFixed(1)} s\n`)

  const wrong = await ledger.query(
    `SELECT * FROM audit.history WHERE username IS DISTINCT FROM split_part(label, '|', 1) OR reason IS DISTINCT FROM label`,
  )
  expect(wrong, `seed ${seed}`).toEqual([])
  const counts = await ledger.query<{ label: string; count: number }>(
    'SELECT label, count(*)::integer AS count FROM audit.history GROUP BY label',
  )
  const recorded = Object.fromEntries(counts.map(({ label, count }) => [label, count]))
  const due = Object.fromEntries([...expected].filter(([, count]) => count > 0))
  expect(recorded, `seed ${seed}`).toEqual(due)
  const split = await ledger.query(
    `SELECT transaction_id FROM audit.history GROUP BY transaction_id HAVING count(DISTINCT label) > 1`,
  )
  expect(split, `seed ${seed}`).toEqual([])
})
