import type { SettingsStatement } from '../settings-statement.ts'
import { lazyTransaction, type TransactionConnection } from './lazy-transaction.ts'
import type { PgPool, PgQueryConfig, PgResult } from './pg-driver.ts'
import { prefixedQueries } from './prefixed-query.ts'
import { preparedSettings } from './prepared-settings.ts'

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
  const behind = preparedSettings()
  return {
    query(config) {
      const statement = typeof config === 'string' ? { text: config } : config
      const settings = take()
      if (settings === undefined) return pool.query(statement)
      return behind(settings, (prefix) => pool.query(makeQuery(statement, [prefix])))
    },
    async connect() {
      const settings = take()
      return lazyTransaction(await pool.connect(), makeQuery, settings)
    },
  }
}
