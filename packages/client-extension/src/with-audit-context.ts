import { toAuditContextError } from './database-error.ts'
import { isPool, type PgClient, type PgPool, type PgPoolClient } from './pg-client.ts'
import { runOnClient, runOnPool } from './pg-transaction.ts'
import { type AuditContext, assertNames, type SettingDefinition, settingsOf } from './settings.ts'

export interface WithAuditContextOptions {
  /** The project's fixed list of settings; without it, the keys of the context are the settings. */
  readonly settings?: readonly SettingDefinition[]
}

/**
 * Runs `work` on a bare `pg` client in a transaction that carries the audit context:
 *
 *     BEGIN; SELECT 1 WHERE pg_catalog.set_config('audit.username', $1, true) IS NULL OR …; <work>; COMMIT
 *
 * Rolls back when `work` throws. On a client whose transaction is already open nothing is committed: a savepoint takes
 * the place of BEGIN, and afterwards the context that was there before is there again. Of a pool one client is taken,
 * and destroyed when the end of its transaction is not certain.
 *
 * @param work gets the client; it must leave the transaction open, and must be awaited to its end
 * @throws AuditContextError for a context that cannot be used, for what the audit's SQL refuses, and
 *   `TRANSACTION_ABORTED` when `work` has swallowed an error after which PostgreSQL commits nothing
 */
export async function withAuditContext<Client extends PgPoolClient, T>(
  pool: PgPool<Client>,
  context: AuditContext,
  work: (client: Client) => Promise<T>,
  options?: WithAuditContextOptions,
): Promise<T>
export async function withAuditContext<Client extends PgClient, T>(
  client: Client,
  context: AuditContext,
  work: (client: Client) => Promise<T>,
  options?: WithAuditContextOptions,
): Promise<T>
export async function withAuditContext<T>(
  given: PgPool | PgClient,
  context: AuditContext,
  work: (client: never) => Promise<T>,
  options: WithAuditContextOptions = {},
): Promise<T> {
  if (options.settings !== undefined) assertNames(options.settings.map(({ name }) => name))
  const settings = settingsOf(context, options.settings)
  const run = work as (client: PgClient) => Promise<T>
  try {
    return await (isPool(given) ? runOnPool(given, settings, run) : runOnClient(given, settings, run))
  } catch (error) {
    throw toAuditContextError(error)
  }
}
