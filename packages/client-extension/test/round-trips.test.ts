import { expect, test } from 'vitest'
import { auditContext } from '../src/index.ts'
import { type LedgerClient, useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const statements: string[] = []
// What the extension alone sends; with the adapter: adapter/round-trips.test.ts.
const base = ledger.client({ layer: 'extension', log: [{ emit: 'event', level: 'query' }] })
base.$on('query', ({ query }) => statements.push(query.split(/[\s.]/, 1)[0] ?? ''))
const ann = base.$extends(auditContext({ username: 'ann' }))

/** The first words of the statements that `call` sends; Prisma reports all but BEGIN. */
async function sent(call: () => Promise<unknown>): Promise<string[]> {
  await new Promise((resolve) => setTimeout(resolve, 20)) // events of the call before
  statements.length = 0
  await call()
  await new Promise((resolve) => setTimeout(resolve, 20))
  return [...statements]
}

await sent(() =>
  ann.account.createMany({
    data: [
      { name: 'a', code: 'a' },
      { name: 'b', code: 'b' },
    ],
  }),
)

const reads: readonly [string, (client: LedgerClient) => Promise<unknown>][] = [
  ['findUnique', (client) => client.account.findUnique({ where: { code: 'a' } })],
  ['findFirstOrThrow', (client) => client.account.findFirstOrThrow()],
  ['findMany with a relation', (client) => client.account.findMany({ include: { entries: true } })],
  ['count', (client) => client.account.count()],
  ['aggregate', (client) => client.account.aggregate({ _sum: { balance: true } })],
  ['groupBy', (client) => client.account.groupBy({ by: ['balance'] })],
  [
    'findUnique calls of one tick',
    (client) => Promise.all(['a', 'b', 'c'].map((code) => client.account.findUnique({ where: { code } }))),
  ],
  ['a batch of reads', (client) => client.$transaction([client.account.findMany(), client.account.count()])],
  ['an interactive transaction that reads', (client) => client.$transaction((tx) => tx.account.count())],
]

test.each(reads)('%s sends exactly what the bare client sends', async (_, read) => {
  const bare = await sent(() => read(base))
  expect(bare.length).toBeGreaterThan(0)
  expect(await sent(() => read(ann))).toEqual(bare)
})

test('findUnique calls of one tick are one statement', async () => {
  const calls = () => Promise.all(['a', 'b', 'c'].map((code) => ann.account.findUnique({ where: { code } })))
  expect(await sent(calls)).toHaveLength(1)
})

test('a single write is one transaction with one statement more', async () => {
  expect(await sent(() => ann.account.create({ data: { name: 'c' } }))).toEqual([
    'SELECT',
    'INSERT',
    'COMMIT',
  ])
})

test('a transaction sends the settings once', async () => {
  const call = () =>
    ann.$transaction(async (tx) => {
      await tx.account.create({ data: { name: 'd' } })
      await tx.$transaction((inner) => inner.account.create({ data: { name: 'd' } }))
      await tx.$executeRaw`INSERT INTO "Account" (name) VALUES ('d')`
    })
  const texts = await sent(call)
  expect(texts.filter((word) => word === 'SELECT')).toHaveLength(1)
})

test('a raw read runs in a transaction with the context, because it may call a function that writes', async () => {
  expect(await sent(() => ann.$queryRaw`SELECT 1`)).toEqual(['SELECT', 'SELECT', 'COMMIT'])
})

test("with raw: 'execute' a raw read is sent as it is, and $executeRaw has the context", async () => {
  const db = base.$extends(auditContext({ username: 'ann' }, { raw: 'execute' }))
  expect(await sent(() => db.$queryRaw`SELECT 1`)).toEqual(['SELECT'])
  expect(await sent(() => db.$queryRawUnsafe('SELECT 1'))).toEqual(['SELECT'])
  await db.$executeRaw`INSERT INTO "Account" (name) VALUES ('raw execute')`
  expect(await ledger.history('raw execute')).toMatchObject([{ username: 'ann' }])
})

test.each([
  'VACUUM "Entry"',
  '  -- all of it\n /* and /* nested */ */ vacuum analyze "Entry"',
  'CREATE INDEX CONCURRENTLY entry_note ON "Entry" (note)',
  'REINDEX INDEX CONCURRENTLY entry_note',
  'DROP INDEX CONCURRENTLY entry_note',
  'CREATE DATABASE "of_ann" TEMPLATE template0',
  'DROP DATABASE "of_ann";',
])('%s runs, although it refuses a transaction', async (statement) => {
  const unique = statement.replace('of_ann', `of_ann_${process.pid}`)
  expect(await sent(() => ann.$executeRawUnsafe(unique))).toHaveLength(1)
})
