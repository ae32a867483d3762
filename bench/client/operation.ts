import type { LedgerClient } from '../../packages/client-extension/test/fixture/ledger-client.ts'

/** The client of one variant, as its operations use it. */
export interface Subject {
  readonly client: LedgerClient
  /** The client that a server would make for one request. */
  forRequest(): LedgerClient
  /** Rows of its own, so that no variant changes what another one writes. */
  readonly own: { readonly id: number; readonly code: string }
}

export interface Operation {
  /** What must be there first; not timed. */
  readonly prepare?: (subject: Subject) => Promise<{ readonly id: number }>
  readonly run: (subject: Subject, prepared: { readonly id: number }) => Promise<unknown>
  /** Whether the caller's name is to be in the history afterwards. */
  readonly isRead?: true
}

let count = 0
const data = () => ({ name: `name ${++count}` })

const ledgerOperations = {
  create: { run: ({ client }) => client.account.create({ data: data() }) },
  update: {
    run: ({ client, own: { id } }) => client.account.update({ where: { id }, data: { balance: ++count } }),
  },
  upsert: {
    run: ({ client, own: { code } }) =>
      client.account.upsert({ where: { code }, create: { code, ...data() }, update: { balance: ++count } }),
  },
  'createMany of 10': {
    run: ({ client }) => client.account.createMany({ data: Array.from({ length: 10 }, data) }),
  },
  delete: {
    prepare: ({ client }) => client.account.create({ data: data() }),
    run: ({ client }, { id }) => client.account.delete({ where: { id } }),
  },
  'nested create': {
    run: ({ client }) =>
      client.account.create({ data: { ...data(), entries: { create: { note: 'nested' } } } }),
  },
  'batch of 2': {
    run: ({ client }) =>
      client.$transaction([client.account.create({ data: data() }), client.account.create({ data: data() })]),
  },
  'interactive, 2 writes': {
    run: ({ client }) =>
      client.$transaction(async (tx) => {
        await tx.account.create({ data: data() })
        await tx.account.create({ data: data() })
      }),
  },
  'interactive, nested': {
    run: ({ client }) =>
      client.$transaction(async (tx) => {
        await tx.account.create({ data: data() })
        await tx.$transaction((inner) => inner.account.create({ data: data() }))
      }),
  },
  $executeRaw: {
    run: ({ client, own }) => client.$executeRaw`UPDATE "Account" SET balance = 1 WHERE id = ${own.id}`,
  },
  '$queryRaw, a read': {
    run: ({ client, own }) => client.$queryRaw`SELECT * FROM "Account" WHERE id = ${own.id}`,
    isRead: true,
  },
  findUnique: {
    run: ({ client, own: { id } }) => client.account.findUnique({ where: { id } }),
    isRead: true,
  },
  'findMany of 20': {
    run: ({ client }) => client.account.findMany({ take: 20, orderBy: { id: 'asc' } }),
    isRead: true,
  },
  '10 findUnique in one tick': {
    run: ({ client }) =>
      Promise.all(
        Array.from({ length: 10 }, (_, at) => client.account.findUnique({ where: { id: at + 1 } })),
      ),
    isRead: true,
  },
  '$extends and create': { run: (subject) => subject.forRequest().account.create({ data: data() }) },
} satisfies Readonly<Record<string, Operation>>

export type OperationName = keyof typeof ledgerOperations

export const operations: Readonly<Record<OperationName, Operation>> = ledgerOperations

export const operationNames = Object.keys(ledgerOperations) as readonly OperationName[]
