import type { LedgerClient, LedgerTransaction } from '../fixture/ledger.ts'

/** Somewhere the async context is not that of the caller. */
export interface Hazard {
  readonly name: string
  /** Connections of the pool. */
  readonly max: number
  /** Writes one row for each label that `labelOf` gives, as that user. */
  write(users: readonly string[], as: As, labelOf: (user: string) => string): Promise<unknown>
}

export type As = (username: string) => LedgerClient

const create = (client: LedgerTransaction, name: string) => client.account.create({ data: { name } })

interface Hook {
  readonly args: unknown
  readonly query: (args: unknown) => Promise<unknown>
}

/** As an extension does that looks at the row before it is changed. */
function looking(client: LedgerClient): LedgerClient {
  return client.$extends({
    query: {
      account: {
        async create({ args, query }: Hook) {
          await client.account.findUnique({ where: { code: 'nobody' } })
          return query(args)
        },
      },
    },
  })
}

export const hazards: readonly Hazard[] = [
  {
    name: 'batches that start in one tick',
    max: 4,
    write: (users, as, labelOf) =>
      Promise.all(users.map((user) => as(user).$transaction([create(as(user), labelOf(user))]))),
  },
  {
    name: 'interactive transactions that write in one tick',
    max: 4,
    async write(users, as, labelOf) {
      let arrived = 0
      let meet: () => void = () => undefined
      const all = new Promise<void>((resolve) => {
        meet = resolve
      })
      await Promise.all(
        users.map((user) =>
          as(user).$transaction(async (tx) => {
            if (++arrived === users.length) meet()
            await all
            await create(tx, labelOf(user))
          }),
        ),
      )
    },
  },
  {
    name: "an inner extension's findUnique in the tick of another one's batch",
    max: 4,
    write: (users, as, labelOf) =>
      Promise.all(
        users.map((user, index) => {
          const db = as(user)
          return index === 0
            ? create(looking(db), labelOf(user))
            : db.$transaction([create(db, labelOf(user))])
        }),
      ),
  },
  {
    name: 'connections that are released in one tick, to those who wait for them',
    max: 1,
    write: (users, as, labelOf) => Promise.all(users.map((user) => create(as(user), labelOf(user)))),
  },
]
