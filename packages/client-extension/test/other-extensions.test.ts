import { describe, expect, test } from 'vitest'
import { auditContext } from '../src/index.ts'
import { type PrismaClientParts, transactionOf } from '../src/prisma-client.ts'
import { type LedgerClient, type LedgerTransaction, type Row, useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const base = ledger.client()
const audit = auditContext({ username: 'ann' })

interface Hook {
  readonly operation: string
  readonly args: { data?: { name?: string } }
  readonly query: (args: object, internalParams?: object) => Promise<unknown>
  readonly __internalParams: object
}

const create = (client: LedgerTransaction, name: string) => client.account.create({ data: { name } })

async function users(label: string): Promise<(string | null)[]> {
  return (await ledger.history(label)).map((row) => row.username)
}

/** One label for each call form, so that a failing one is known by its name. */
async function writeInEveryForm(client: LedgerClient, label: string): Promise<void> {
  await create(client, `${label} single`)
  await client.$executeRaw`INSERT INTO "Account" (name) VALUES (${`${label} raw`})`
  await client.$transaction([create(client, `${label} batch`), client.account.count()])
  await client.$transaction((tx) => create(tx, `${label} interactive`))
  await client.$transaction((tx) => tx.$transaction((inner) => create(inner, `${label} nested`)))
}

const formNames = ['single', 'raw', 'batch', 'interactive', 'nested']

/** Applied before the audit, after it, or around it as a function, as published extensions are. */
const orders = [
  [
    'before',
    (client: LedgerClient, extension: (client: LedgerClient) => object) =>
      client.$extends(extension(client)).$extends(audit),
  ],
  [
    'after',
    (client: LedgerClient, extension: (client: LedgerClient) => object) => {
      const audited = client.$extends(audit)
      return audited.$extends(extension(audited))
    },
  ],
  [
    'after, as a function',
    (client: LedgerClient, extension: (client: LedgerClient) => object) =>
      client.$extends(audit).$extends((given: LedgerClient) => given.$extends(extension(given))),
  ],
] as const

describe.each(orders)('an extension applied %s', (order, apply) => {
  test('with a query hook keeps hook and context in every call form', async () => {
    const seen: string[] = []
    const db = apply(base, () => ({
      query: {
        $allOperations({ operation, args, query }: Hook) {
          seen.push(operation)
          return query(args)
        },
      },
    }))
    await writeInEveryForm(db, `hook ${order}`)
    for (const form of formNames) expect(await users(`hook ${order} ${form}`)).toEqual(['ann'])
    expect(seen.sort()).toEqual(['$executeRaw', 'count', 'create', 'create', 'create', 'create'])
  })

  test('with a hook that changes the arguments records what was written', async () => {
    const db = apply(base, () => ({
      query: {
        account: {
          create: ({ args, query }: Hook) => query({ ...args, data: { name: `${args.data?.name} changed` } }),
        },
      },
    }))
    await create(db, order)
    expect(await users(`${order} changed`)).toEqual(['ann'])
  })

  test('with a hook that itself calls the client records both writes', async () => {
    const db = apply(base, (client) => ({
      query: {
        account: {
          async create({ args, query }: Hook) {
            const result = await query(args)
            await client.$extends(audit).entry.create({ data: { note: `logged ${order}` } })
            return result
          },
        },
      },
    }))
    await create(db, `logging ${order}`)
    expect([await users(`logging ${order}`), await users(`logged ${order}`)]).toEqual([['ann'], ['ann']])
  })

  test('with a hook that wraps each operation in a batch of its own records the context', async () => {
    const db = apply(base, (client) => ({
      query: {
        $allModels: {
          async $allOperations({ args, query }: Hook) {
            const tenant = client.$executeRaw`SELECT set_config('app.tenant', '7', true)`
            const [, result] = await client.$transaction([tenant, query(args)])
            return result
          },
        },
      },
    }))
    const row = await create(db, `tenant ${order}`)
    expect(row.name).toBe(`tenant ${order}`)
    await db.$transaction([create(db, `tenant ${order}`), create(db, `tenant ${order}`)])
    expect(await users(`tenant ${order}`)).toEqual(['ann', 'ann', 'ann'])
    expect(await db.account.count({ where: { name: `tenant ${order}` } })).toBe(3)
  })

  test('with a hook that moves each operation into a transaction of its own records the context', async () => {
    const db = apply(base, (client) => ({
      query: {
        account: {
          create: ({ args, query, __internalParams }: Hook) =>
            client.$transaction(async (tx) => {
              const transaction = transactionOf(tx as unknown as PrismaClientParts)
              return query(args, { ...__internalParams, transaction })
            }),
        },
      },
    }))
    await create(db, `moved ${order}`)
    expect(await users(`moved ${order}`)).toEqual(['ann'])
  })

  test('with result, model and client components works as before', async () => {
    const db = apply(base, () => ({
      result: {
        account: { loud: { needs: { name: true }, compute: ({ name }: Row) => name.toUpperCase() } },
      },
      model: {
        account: {
          async open(this: LedgerClient['account'], name: string) {
            return this.create({ data: { name } })
          },
        },
      },
      client: { $greeting: () => 'hello' },
    })) as LedgerClient & {
      readonly account: { open(name: string): Promise<{ loud: string }> }
      $greeting(): string
    }
    expect((await db.account.open(`component ${order}`)).loud).toBe(`COMPONENT ${order.toUpperCase()}`)
    expect(db.$greeting()).toBe('hello')
    await db.$transaction(async (tx) => {
      expect(await create(tx, `component ${order}`)).toMatchObject({
        loud: `COMPONENT ${order.toUpperCase()}`,
      })
    })
    expect(await users(`component ${order}`)).toEqual(['ann', 'ann'])
  })

  test('with a $transaction of its own is still called, with its arguments', async () => {
    const calls: unknown[] = []
    const db = apply(base, (client) => ({
      client: {
        $transaction(...args: Parameters<LedgerClient['$transaction']>) {
          calls.push(args[1])
          return client.$transaction(...args)
        },
      },
    }))
    await db.$transaction((tx) => create(tx, `own ${order}`), { timeout: 4000 })
    await db.$transaction([create(db, `own ${order}`)], { timeout: 4000 })
    expect(calls).toEqual([{ timeout: 4000 }, { timeout: 4000 }])
    expect(await users(`own ${order}`)).toEqual(['ann', 'ann'])
  })
})

test('no extension sees the statements that the audit adds', async () => {
  const seen: string[] = []
  const watching = {
    query: {
      $allOperations({ operation, args, query }: Hook) {
        seen.push(operation)
        return query(args)
      },
    },
  }
  const db = base.$extends(watching).$extends(audit)
  await writeInEveryForm(db, 'unseen')
  expect(seen.filter((operation) => operation.startsWith('$'))).toEqual(['$executeRaw'])
})

test('extending an audited client again and again keeps one audit', async () => {
  const statements: string[] = []
  // With the adapter the settings are no statement that Prisma sends.
  const client = ledger.client({ layer: 'extension', log: [{ emit: 'event', level: 'query' }] })
  client.$on('query', ({ query }) => statements.push(query))
  let db = client.$extends(audit)
  for (let count = 0; count < 3; count++) db = db.$extends({ name: `extension ${count}` })
  await create(db, 'again and again')
  expect(statements.filter((text) => text.includes('set_config'))).toHaveLength(1)
  expect(await users('again and again')).toEqual(['ann'])
})
