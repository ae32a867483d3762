import type { SettingsStatement } from '../settings-statement.ts'
import { giveBack, interruptedConnections, isIdle, takeIdleConnection } from './idle-connection.ts'
import { lazyTransaction, type TransactionConnection } from './lazy-transaction.ts'
import type { PgPool, PgQueryConfig, PgResult } from './pg-driver.ts'
import { prefixedQueries } from './prefixed-query.ts'
import { singleStatements } from './single-statement.ts'

/** What adapter-pg uses of a pool. */
export interface AuditedPool {
  query(config: PgQueryConfig | string): Promise<PgResult>
  connect(): Promise<TransactionConnection>
}

const isRead = /^select\b/i

/**
 * Stands between adapter-pg and the pool. The pool itself, which the application may use elsewhere, stays as it is.
 *
 * @param take gives the settings of the operation that is running now; called synchronously in each call
 */
export function auditedPool(pool: PgPool, take: () => SettingsStatement | undefined): AuditedPool {
  const makeQuery = prefixedQueries(pool.Client.Query)
  const interrupted = interruptedConnections(pool)
  const sendBehind = singleStatements(pool, makeQuery)
  return {
    query(config) {
      const statement = typeof config === 'string' ? { text: config } : config
      const settings = take()
      if (settings !== undefined) return sendBehind(statement, settings)
      // Reads go as adapter-pg sends them, unless the connection that they get may still have a name.
      const isSurelyIdle = interrupted.size === 0 && pool.idleCount > 0 && isRead.test(statement.text)
      return isSurelyIdle ? pool.query(statement) : onIdleConnection(pool, statement)
    },
    async connect() {
      const settings = take()
      return lazyTransaction(await takeIdleConnection(pool), makeQuery, settings)
    },
  }
}

/** As pg's own `pool.query`, and a connection that a statement has left in a transaction does not serve again. */
async function onIdleConnection(pool: PgPool, statement: PgQueryConfig): Promise<PgResult> {
  const client = await takeIdleConnection(pool)
  let isDone = false
  try {
    const result = await client.query(statement)
    isDone = isIdle(client)
    return result
  } finally {
    giveBack(client, !isDone)
  }
}
