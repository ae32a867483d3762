import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../../../test/support/large-project/random.ts'
import type { LedgerClient, LedgerTransaction } from '../fixture/ledger-client.ts'

/** The clients of one identity: on the common pool, and on two that are made to fail. */
export interface Clients {
  readonly db: LedgerClient
  /** Its server ends each statement after 50 ms. */
  readonly hasty: LedgerClient
  /** Its pool has one connection and waits 100 ms for it. */
  readonly crowded: LedgerClient
}

/** One kind of operation, and how many rows of history it leaves under its label when it succeeds. */
export interface Operation {
  readonly name: string
  readonly rows: number
  /** Prisma itself sends the statements of a nested write on after the end of its transaction: only the adapter stops them. */
  readonly needsAdapter?: boolean
  run(clients: Clients, label: string, random: Random): Promise<unknown>
}

/** What the application throws to undo its transaction. */
export class Undone extends Error {}

/** Rows that many write at once, so that serializable transactions fail. */
export const hotRows = 4

const create = (client: LedgerTransaction, name: string) => client.account.create({ data: { name } })

/** Its statements go one after the other. */
const createWithEntries = (client: LedgerTransaction, name: string) =>
  client.account.create({
    data: { name, entries: { create: Array.from({ length: 6 }, () => ({ note: name })) } },
  })

async function undoneWithin(tx: LedgerTransaction, name: string): Promise<void> {
  const nested = tx.$transaction(async (inner) => {
    await create(inner, name)
    throw new Undone('undone')
  })
  await nested.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error
  })
}

export const operations: readonly Operation[] = [
  { name: 'create', rows: 1, run: ({ db }, name) => create(db, name) },
  {
    name: 'createMany',
    rows: 2,
    run: ({ db }, name) => db.account.createMany({ data: [{ name }, { name }] }),
  },
  {
    name: 'nested create',
    rows: 3,
    run: ({ db }, name) =>
      db.account.create({ data: { name, entries: { create: [{ note: name }, { note: name }] } } }),
  },
  {
    name: '$executeRaw',
    rows: 1,
    run: ({ db }, name) => db.$executeRaw`INSERT INTO "Account" (name) VALUES (${name})`,
  },
  {
    name: '$queryRaw of a function',
    rows: 1,
    run: ({ db }, name) => db.$queryRaw`SELECT add_account(${name})`,
  },
  {
    name: 'two statements in one text',
    rows: 2,
    run: ({ db }, name) =>
      db.$executeRawUnsafe(
        `INSERT INTO "Account" (name) VALUES ('${name}'); INSERT INTO "Entry" (note) VALUES ('${name}')`,
      ),
  },
  {
    name: 'batch',
    rows: 2,
    run: ({ db }, name) => db.$transaction([create(db, name), db.account.count(), create(db, name)]),
  },
  {
    name: 'batch that fails',
    rows: 0,
    run: async ({ db }, name) => {
      try {
        await db.$transaction([create(db, name), db.$executeRaw`SELECT 1 / 0`])
      } catch (error) {
        if (!String(error).includes('division by zero')) throw error
      }
    },
  },
  {
    name: 'interactive transaction',
    rows: 3,
    run: ({ db }, name) =>
      db.$transaction(async (tx) => {
        const { id } = await create(tx, name)
        await tx.account.update({ where: { id }, data: { balance: 1 } })
        await tx.account.delete({ where: { id } })
      }),
  },
  {
    name: 'writes side by side in a transaction',
    rows: 4,
    run: ({ db }, name) => db.$transaction((tx) => Promise.all([1, 2, 3, 4].map(() => create(tx, name)))),
  },
  {
    name: 'interactive transaction that is undone',
    rows: 0,
    run: ({ db }, name) =>
      db.$transaction(async (tx) => {
        await create(tx, name)
        throw new Undone('undone')
      }),
  },
  {
    name: 'nested transactions, the first one undone',
    rows: 1,
    run: ({ db }, name) =>
      db.$transaction(async (tx) => {
        await undoneWithin(tx, name)
        await tx.$transaction((inner) => create(inner, name))
      }),
  },
  {
    name: 'reads before a write',
    rows: 1,
    run: async ({ db }, name) => {
      await Promise.all([1, 2].map((id) => db.account.findUnique({ where: { id } })))
      await db.$transaction((tx) => tx.account.count())
      await create(db, name)
    },
  },
  {
    name: 'serializable transaction on a row of many',
    rows: 1,
    run: ({ db }, name, random) => {
      const where = { code: `hot ${random.below(hotRows)}` }
      return db.$transaction(
        async (tx) => {
          const row = await tx.account.findUnique({ where })
          await tx.account.update({ where, data: { name, balance: (row?.balance ?? 0) + 1 } })
        },
        { isolationLevel: 'Serializable' },
      )
    },
  },
  {
    name: 'transaction that waits too long for a connection',
    rows: 1,
    run: ({ db }, name, random) =>
      db.$transaction((tx) => create(tx, name), { maxWait: 1 + random.below(50) }),
  },
  {
    name: 'transaction that is open too long',
    rows: 2,
    run: ({ db }, name, random) =>
      db.$transaction(
        async (tx) => {
          await create(tx, name)
          await sleep(random.below(30))
          await create(tx, name)
        },
        { timeout: 20 },
      ),
  },
  {
    name: 'nested write in a transaction that is open too long',
    rows: 7,
    needsAdapter: true,
    run: ({ db }, name, random) =>
      db.$transaction((tx) => createWithEntries(tx, name), { timeout: 1 + random.below(20) }),
  },
  {
    name: 'nested write that nobody awaits',
    rows: 8,
    run: ({ db }, name) =>
      db.$transaction(async (tx) => {
        await create(tx, name)
        createWithEntries(tx, name).catch(() => undefined)
      }),
  },
  {
    name: 'statement that takes too long',
    rows: 1,
    run: ({ hasty }, name, random) =>
      hasty.$executeRaw`
        INSERT INTO "Account" (name) SELECT ${name} FROM pg_sleep(${random.chance(0.2) ? 0.2 : 0})`,
  },
  {
    name: 'transaction whose first statement takes too long',
    rows: 2,
    run: ({ hasty }, name, random) =>
      hasty.$transaction(async (tx) => {
        await tx.$executeRaw`
          INSERT INTO "Account" (name) SELECT ${name} FROM pg_sleep(${random.chance(0.2) ? 0.2 : 0})`
        await create(tx, name)
      }),
  },
  {
    name: 'write on a pool that is full',
    rows: 1,
    run: ({ crowded }, name) => create(crowded, name),
  },
  {
    name: 'transaction on a pool that is full',
    rows: 1,
    run: ({ crowded }, name) => crowded.$transaction((tx) => create(tx, name)),
  },
]
