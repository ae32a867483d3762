import { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import type { PgPoolClient, PgQueryClass, PgQueryConfig, PgResult } from '../../src/adapter/pg-driver.ts'
import { prefixedQueries } from '../../src/adapter/prefixed-query.ts'
import { sentQuery } from '../../src/adapter/sent-query.ts'
import { type SettingsStatement, settingsStatement } from '../../src/settings-statement.ts'
import type { LedgerClient } from '../fixture/ledger.ts'

/**
 * The audit as one would write it at first: a query hook puts the context into AsyncLocalStorage, and the adapter reads
 * it whenever it sends a statement. The hazards must find wrong rows with it, or they would prove nothing of the other.
 */
export function naiveAudit(pool: pg.Pool) {
  const storage = new AsyncLocalStorage<SettingsStatement>()
  const makeQuery = prefixedQueries(Reflect.get(pool, 'Client').Query as PgQueryClass)
  const send = (client: pg.PoolClient, config: PgQueryConfig): Promise<PgResult> => {
    const settings = storage.getStore()
    return sentQuery(client as unknown as PgPoolClient, makeQuery(config, settings ? [settings] : []))
  }
  const between = {
    query: (config: PgQueryConfig) =>
      new Promise<PgResult>((resolve, reject) => {
        pool.connect((error, client, release) => {
          if (error || client === undefined) return reject(error)
          send(client, config)
            .then(resolve, reject)
            .finally(() => release())
        })
      }),
    async connect() {
      const client = await pool.connect()
      return {
        query: (config: PgQueryConfig) => send(client, config),
        release: (destroy?: boolean) => client.release(destroy),
        on: client.on.bind(client),
        removeListener: client.removeListener.bind(client),
      }
    },
  }
  const adapter = new PrismaPg(pool)
  const connect = adapter.connect.bind(adapter)
  adapter.connect = async () => Object.assign(await connect(), { client: between })
  return {
    adapter,
    as(base: LedgerClient, username: string): LedgerClient {
      const settings = settingsStatement([['username', username]])
      return base.$extends({
        query: {
          $allOperations: ({ args, query }: { args: unknown; query: (args: unknown) => Promise<unknown> }) =>
            storage.run(settings, async () => await query(args)),
        },
      })
    },
  }
}
