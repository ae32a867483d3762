import type { SettingsStatement } from '../settings-statement.ts'
import { giveBack, isIdle, withIdleConnection } from './idle-connection.ts'
import type { PgPool, PgPoolClient, PgQueryConfig, PgResult } from './pg-driver.ts'
import type { MakePrefixedQuery } from './prefixed-query.ts'
import { preparedSettings } from './prepared-settings.ts'

/** Sends one statement behind its settings, on a connection of the pool. */
export type SendBehind = (statement: PgQueryConfig, settings: SettingsStatement) => Promise<PgResult>

/**
 * The way of a single write, as short as pg's own `pool.query`: one promise, and the connection goes back to the pool in
 * the callback that hears of the result. One that a statement has failed on, or has left in a transaction, is destroyed.
 */
export function singleStatements(pool: PgPool, makeQuery: MakePrefixedQuery): SendBehind {
  const prepared = preparedSettings()

  return (statement, settings) =>
    new Promise((resolve, reject) => {
      const use = (client: PgPoolClient): void => {
        let isDone = false
        const finish = (error: unknown, result?: PgResult): void => {
          if (isDone) return
          isDone = true
          const hasFailed = result === undefined
          giveBack(client, hasFailed || !isIdle(client))
          if (hasFailed) reject(error)
          else resolve(result)
        }
        const send = (prefix: SettingsStatement): void => {
          try {
            const query = makeQuery(statement, [prefix])
            query.callback = (error, result) => {
              if (!error) finish(undefined, result)
              else if (prepared.isToBeSentAgain(prefix, error)) send(settings)
              else finish(error)
            }
            client.query(query)
          } catch (error) {
            finish(error)
          }
        }
        send(prepared.named(settings))
      }
      withIdleConnection(pool, use, reject)
    })
}
