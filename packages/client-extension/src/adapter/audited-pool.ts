import type { SettingsStatement } from '../settings-statement.ts'
import { giveBack, interruptedConnections, isIdle, takeIdleConnection } from './idle-connection.ts'
import { lazyTransaction, type TransactionConnection } from './lazy-transaction.ts'
import type { PgPool, PgPoolClient, PgQueryConfig, PgResult } from './pg-driver.ts'
import { prefixedQueries } from './prefixed-query.ts'
import { preparedSettings } from './prepared-settings.ts'
import { sentQuery } from './sent-query.ts'

/** What adapter-pg uses of a pool. */
export interface AuditedPool {
  query(config: PgQueryConfig | string): Promise<PgResult>
  connect(): Promise<TransactionConnection>
}

/**
 * Stands between adapter-pg and the pool. The pool itself, which the application may use elsewhere, stays as it is.
 *
 * @param take gives the settings of the operation that is running now; called synchronously in each call
 */
export function auditedPool(pool: PgPool, take: () => SettingsStatement | undefined): AuditedPool {
  const makeQuery = prefixedQueries(pool.Client.Query)
  const interrupted = interruptedConnections(pool)
  const behind = preparedSettings()
  return {
    query(config) {
      const statement = typeof config === 'string' ? { text: config } : config
      const settings = take()
      // Reads and the bare client's statements go as adapter-pg sends them, unless a connection may still have a name.
      if (settings === undefined) {
        return interrupted.size > 0
          ? onConnection(pool, (client) => client.query(statement))
          : pool.query(statement)
      }
      return onConnection(pool, (client) =>
        behind(settings, (prefix) => sentQuery(client, makeQuery(statement, [prefix]))),
      )
    },
    async connect() {
      const settings = take()
      return lazyTransaction(await takeIdleConnection(pool), makeQuery, settings)
    },
  }
}

/** As pg's own `pool.query`, and a connection that a statement has left in a transaction does not serve again. */
async function onConnection(
  pool: PgPool,
  run: (client: PgPoolClient) => Promise<PgResult>,
): Promise<PgResult> {
  const client = await takeIdleConnection(pool)
  let isDone = false
  try {
    const result = await run(client)
    isDone = isIdle(client)
    return result
  } finally {
    giveBack(client, !isDone)
  }
}
