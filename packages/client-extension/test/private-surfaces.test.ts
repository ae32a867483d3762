import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { property } from '../src/adapter/pg-driver.ts'
import type { PrismaClientParts, QueryHookCall } from '../src/prisma-client.ts'
import { useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const pool = ledger.pool({ max: 2 })
const base = ledger.client({ adapter: new PrismaPg(pool), parameters: '' })
const parts = base as unknown as PrismaClientParts
await ledger.query(`ALTER TABLE "Account" DISABLE TRIGGER USER`)

/** What the query hook of a plain extension is given by each call. */
const calls: QueryHookCall[] = []
const hooked = base.$extends({
  query: {
    $allOperations(call: QueryHookCall) {
      calls.push(call)
      return call.query(call.args)
    },
  },
})
const transactionsOf = async (run: () => Promise<unknown>) => {
  calls.length = 0
  await run()
  return calls.map((call) => property(call.__internalParams, 'transaction'))
}

/** The statements that adapter-pg hands to its pool and to the connections it takes. */
const sent: { readonly at: 'pool' | 'connection'; readonly config: Record<string, unknown> }[] = []
const factory = new PrismaPg(ledger.pool({ max: 2 }))
const adapter = await factory.connect()
const adapterPool = property(adapter, 'client') as pg.Pool
Object.assign(adapter, {
  client: {
    query(config: Record<string, unknown>) {
      sent.push({ at: 'pool', config })
      return adapterPool.query(config as unknown as pg.QueryConfig)
    },
    async connect() {
      const client = await adapterPool.connect()
      return {
        query(config: Record<string, unknown>) {
          sent.push({ at: 'connection', config })
          return client.query(config as unknown as pg.QueryConfig)
        },
        on: client.on.bind(client),
        removeListener: client.removeListener.bind(client),
        release: client.release,
      }
    },
  },
})
const withConnect = Object.create(factory, { connect: { value: async () => adapter } })
const watched = ledger.client({ adapter: withConnect })
const textsOf = async (run: () => Promise<unknown>) => {
  sent.length = 0
  await run()
  return sent.map(
    ({ at, config }) =>
      `${at}: ${String(config.text)
        .split(/[\s"]+/, 5)
        .join(' ')}`,
  )
}

/** A part that no documentation promises, the file that stands on it, and what shows that it is there. */
type Surface = readonly [what: string, file: string, check: () => unknown]

function versionOf(name: string): string {
  let folder = dirname(createRequire(import.meta.url).resolve(name))
  for (;;) {
    try {
      const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      if (found.name === name && found.version) return found.version
    } catch {
      // No package.json here.
    }
    if (folder === dirname(folder)) return 'of an unknown version'
    folder = dirname(folder)
  }
}

function hold(name: string, surfaces: readonly Surface[]): void {
  describe(`${name} still offers`, () => {
    test.each(surfaces)('%s', async (what, file, check) => {
      const version = `${name} ${versionOf(name)}`
      const message = `${version} has changed: ${what}. Look at packages/client-extension/src/${file}`
      expect(await check(), message).toBe(true)
    })
  })
}

const create = (client: Pick<typeof base, 'account'>) => client.account.create({ data: { name: 'surface' } })
const kinds = (transactions: unknown[]) => transactions.map((each) => property(each, 'kind'))

hold('@prisma/client', [
  [
    '_originalClient, the client below all extensions',
    'prisma-client.ts',
    () => property(base.$extends({}).$extends({}), '_originalClient') === property(base, '_originalClient'),
  ],
  [
    '_engineConfig.adapter, the adapter that was given',
    'fast-path.ts',
    () =>
      property(property(property(watched, '_originalClient'), '_engineConfig'), 'adapter') === withConnect,
  ],
  [
    '_engineConfig.transactionOptions, read at each $transaction',
    'own-transaction.ts',
    async () => {
      const config = {
        ...parts._originalClient._engineConfig,
        transactionOptions: { timeout: 50, maxWait: 5000 },
      }
      const limited = Object.create(parts._originalClient, { _engineConfig: { value: config } })
      const late = limited.$transaction((tx: typeof base) => tx.$executeRaw`SELECT pg_sleep(0.2)`)
      return late.then(
        () => false,
        (error: unknown) => property(error, 'code') === 'P2028',
      )
    },
  ],
  [
    '_createPrismaPromise, whose callback is told the transaction as soon as it is awaited',
    'prisma-client.ts',
    () =>
      base.$transaction(async (tx) => {
        let bound: unknown
        const asked = (tx as unknown as PrismaClientParts)._createPrismaPromise((transaction) => {
          bound = transaction
          return Promise.resolve()
        })
        void asked.then(() => undefined)
        return property(bound, 'kind') === 'itx' && typeof property(bound, 'id') === 'string'
      }),
  ],
  [
    'one id for a transaction and those nested in it',
    'transaction-scope.ts',
    async () => {
      const [outer, inner] = await transactionsOf(() =>
        hooked.$transaction(async (tx) => [await create(tx), await tx.$transaction(create)]),
      )
      return typeof property(outer, 'id') === 'string' && property(outer, 'id') === property(inner, 'id')
    },
  ],
  [
    '__internalParams in query hooks, without a transaction outside of one',
    'prisma-client.ts',
    async () => {
      const [transaction] = await transactionsOf(() => create(hooked))
      return typeof calls[0]?.__internalParams === 'object' && transaction === undefined
    },
  ],
  [
    "__internalParams.transaction of kind 'itx' in an interactive transaction",
    'prisma-client.ts',
    async () => kinds(await transactionsOf(() => hooked.$transaction(create))).join() === 'itx',
  ],
  [
    "__internalParams.transaction of kind 'batch', with index and lock, in a batch",
    'batch.ts',
    async () => {
      const found = await transactionsOf(() => hooked.$transaction([create(hooked), create(hooked)]))
      return (
        kinds(found).join() === 'batch,batch' &&
        found.map((each) => property(each, 'index')).join() === '0,1' &&
        property(found[0], 'lock') === property(found[1], 'lock') &&
        typeof property(property(found[0], 'lock'), 'then') === 'function'
      )
    },
  ],
  [
    'the second argument of query(), which moves an operation into a transaction',
    'operation.ts',
    async () => {
      const moving = base.$extends({
        query: {
          account: {
            create: ({ args, query, __internalParams }: QueryHookCall) =>
              base.$transaction(async (tx) => {
                let transaction: unknown
                const asked = (tx as unknown as PrismaClientParts)._createPrismaPromise((own) => {
                  transaction = own
                  return Promise.resolve()
                })
                void asked.then(() => undefined)
                await query(args, { ...__internalParams, transaction })
                throw new Error('undone')
              }),
          },
        },
      })
      await moving.account.create({ data: { name: 'moved' } }).catch(() => undefined)
      return (await base.account.count({ where: { name: 'moved' } })) === 0
    },
  ],
  [
    'requestTransaction of a call that has not run',
    'audit.ts',
    () => typeof property(base.$executeRaw`SELECT 1`, 'requestTransaction') === 'function',
  ],
  [
    'spec.action of a call that has not run',
    'transaction.ts',
    () => property(property(base.account.count(), 'spec'), 'action') === 'count',
  ],
  [
    'meta.driverAdapterError.cause.originalCode on an error',
    'database-error.ts',
    () =>
      base.$executeRaw`SELECT 1 / 0`.then(
        () => false,
        (error: unknown) =>
          property(
            property(property(property(error, 'meta'), 'driverAdapterError'), 'cause'),
            'originalCode',
          ) === '22012',
      ),
  ],
  [
    'the text and the values of a raw call, in the arguments that a query hook is given',
    'raw-statement.ts',
    async () => {
      calls.length = 0
      await hooked.$executeRawUnsafe('SELECT $1::integer', 5)
      await hooked.$executeRaw`SELECT ${5}::integer`
      const [unsafe, template] = calls.map(({ args }) => args)
      return (
        JSON.stringify(unsafe) === '["SELECT $1::integer",5]' &&
        property(template, 'sql') === 'SELECT ?::integer' &&
        JSON.stringify(property(template, 'values')) === '[5]'
      )
    },
  ],
  [
    'the models of the schema, and their operations as own functions',
    'hooked-operations.ts',
    () => {
      const models = Object.keys(parts._runtimeDataModel?.models ?? {})
      const operations = Object.keys(base.account)
      return (
        models.join() === 'Account,Entry' && ['create', 'findMany'].every((name) => operations.includes(name))
      )
    },
  ],
  [
    '_engineConfig.logEmitter, which tells the listeners of $on',
    'log-listeners.ts',
    async () => {
      const logged = ledger.client({ log: [{ emit: 'event', level: 'query' }] })
      const emitter = (logged as unknown as PrismaClientParts)._originalClient._engineConfig.logEmitter
      if (emitter === undefined) return false
      const told: unknown[] = []
      emitter.emit = (...event) => told.push(event[0])
      await logged.account.count()
      return told.includes('query')
    },
  ],
  [
    'its SQL comments behind the statement',
    'settings-statement.ts',
    async () => {
      const comments = [() => ({ application: 'shop' })]
      const commented = ledger.client({ adapter: withConnect, comments })
      await textsOf(() => commented.$executeRaw`SELECT 1`)
      return sent[0]?.config.text === "SELECT 1 /*application='shop'*/"
    },
  ],
  [
    'a single write that is not gathered with others of its tick',
    'adapter/context-slot.ts',
    async () => {
      const texts = await textsOf(() => Promise.all([create(watched), create(watched)]))
      return texts.length === 2 && texts.every((text) => text.startsWith('pool: INSERT'))
    },
  ],
  [
    'COMMIT and ROLLBACK as statements of the adapter, before it gives the connection back',
    'adapter/lazy-transaction.ts',
    async () => {
      const committed = await textsOf(() => watched.$transaction((tx) => tx.account.count()))
      const rolledBack = await textsOf(() =>
        watched.$transaction(() => Promise.reject(new Error('no'))).catch(() => undefined),
      )
      return committed.at(-1) === 'connection: COMMIT' && rolledBack.at(-1) === 'connection: ROLLBACK'
    },
  ],
])

hold('@prisma/adapter-pg', [
  [
    "provider 'postgres' and its own name",
    'adapter/adapter-pg.ts',
    () => factory.provider === 'postgres' && factory.adapterName === '@prisma/adapter-pg',
  ],
  [
    'its pool in the field client, and from underlyingDriver()',
    'adapter/adapter-pg.ts',
    async () => {
      const fresh = await new PrismaPg(pool).connect()
      return property(fresh, 'client') === pool && fresh.underlyingDriver() === pool
    },
  ],
  [
    'a statement outside a transaction as one object with text and values to pool.query',
    'adapter/audited-pool.ts',
    async () => {
      const texts = await textsOf(() => watched.$executeRaw`SELECT ${1}::integer`)
      return texts.join() === 'pool: SELECT $1::integer' && Array.isArray(sent[0]?.config.values)
    },
  ],
  [
    'BEGIN as the first statement on a connection of its own',
    'adapter/lazy-transaction.ts',
    async () =>
      (await textsOf(() => watched.$transaction((tx) => tx.account.count())))[0] === 'connection: BEGIN',
  ],
  [
    'the isolation level as a statement of its own after BEGIN',
    'adapter/lazy-transaction.ts',
    async () => {
      await textsOf(() =>
        watched.$transaction((tx) => tx.account.count(), { isolationLevel: 'Serializable' }),
      )
      return sent[1]?.config.text === 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE'
    },
  ],
])

hold('pg-pool', [
  [
    "its events 'release' and 'remove', which name the connection",
    'adapter/idle-connection.ts',
    async () => {
      const own = ledger.pool({ max: 1 })
      const told: unknown[] = []
      own.on('release', (_, client) => told.push(client))
      own.on('remove', (client) => told.push(client))
      const client = await own.connect()
      const removed = once(own, 'remove')
      client.release(true)
      await removed
      return told.length === 2 && told.every((each) => each === client)
    },
  ],
  [
    'idleCount, and options.max',
    'adapter/audited-pool.ts',
    async () => {
      const own = ledger.pool({ max: 3 })
      const before = own.idleCount
      await own.query('SELECT 1')
      return before === 0 && own.idleCount === 1 && property(property(own, 'options'), 'max') === 3
    },
  ],
])

const Query = property(pg.Client, 'Query') as new (config: object) => object
const connection = async () => {
  const client = await pool.connect()
  try {
    return property(client, 'connection')
  } finally {
    client.release()
  }
}
const isMethod = (owner: unknown, name: string) => typeof property(owner, name) === 'function'

hold('pg', [
  [
    'Pool.Client.Query, the class of its queries',
    'adapter/pg-driver.ts',
    () => property(property(pool, 'Client'), 'Query') === Query,
  ],
  ...[
    'submit',
    'requiresPreparation',
    'prepare',
    'handleRowDescription',
    'handleDataRow',
    'handleCommandComplete',
    'handleError',
  ].map(
    (name): Surface => [
      `Query.${name}()`,
      'adapter/prefixed-query.ts',
      () => isMethod(Query.prototype, name),
    ],
  ),
  [
    'the fields name and callback of a query',
    'adapter/prefixed-query.ts',
    () => {
      const query = new Query({ text: 'SELECT 1', name: 'one' })
      return property(query, 'name') === 'one' && 'callback' in query
    },
  ],
  ...['parse', 'bind', 'execute'].map(
    (name): Surface => [
      `Connection.${name}()`,
      'adapter/prefixed-query.ts',
      async () => isMethod(await connection(), name),
    ],
  ),
  [
    'Connection.submittedNamedStatements, which a skipped Parse must leave',
    'adapter/prefixed-query.ts',
    async () => typeof property(await connection(), 'submittedNamedStatements') === 'object',
  ],
  [
    'getTransactionStatus(), known when the answer to a statement arrives',
    'adapter/idle-connection.ts',
    async () => {
      const client = await pool.connect()
      const seen = [client.getTransactionStatus()]
      for (const text of ['BEGIN', 'COMMIT']) {
        await client.query(text)
        seen.push(client.getTransactionStatus())
      }
      client.release()
      return seen.join() === 'I,T,I'
    },
  ],
])
