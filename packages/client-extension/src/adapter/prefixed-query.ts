import type { SettingsStatement } from '../settings-statement.ts'
import type { PgConnection, PgQuery, PgQueryClass, PgQueryConfig } from './pg-driver.ts'

/** Is told how many of the prefix statements have been done, each time one is. */
export type OnProgress = (done: number) => void

/**
 * Makes a query that goes out in one network flush behind other statements:
 *
 *     Parse Bind Execute (each prefix)   Parse Bind Describe Execute (the query)   Sync
 *
 * PostgreSQL runs all that stands before a Sync as one implicit transaction, so settings local to the transaction
 * reach this query and nothing else (documentation, "Message Flow", "Extended Query" and "Pipelining"); behind a BEGIN
 * the transaction simply stays open. The first error skips the rest.
 */
export type MakePrefixedQuery = (
  config: PgQueryConfig,
  prefix: readonly SettingsStatement[],
  onProgress?: OnProgress,
) => PgQuery

export function prefixedQueries(Query: PgQueryClass): MakePrefixedQuery {
  class Prefixed extends Query {
    #prefix: readonly SettingsStatement[] = []
    #done = 0
    #isSent = false
    #ownName: string | undefined
    #onProgress: OnProgress | undefined

    static make(
      config: PgQueryConfig,
      prefix: readonly SettingsStatement[],
      onProgress?: OnProgress,
    ): Prefixed {
      const query = new Prefixed(config)
      query.#prefix = prefix
      query.#onProgress = onProgress
      query.#ownName = query.name
      // pg marks the statement named so as parsed when a ParseComplete arrives: not at one of the prefix.
      Object.defineProperty(query, 'name', {
        get: () => (query.#isSent && query.#inPrefix() ? undefined : query.#ownName),
      })
      return query
    }

    #inPrefix(): boolean {
      return this.#done < this.#prefix.length
    }

    override requiresPreparation(): boolean {
      return true
    }

    override prepare(connection: PgConnection): void {
      for (const { text, values } of this.#prefix) {
        connection.parse({ text, name: '', types: undefined })
        connection.bind({ portal: '', statement: '', values })
        connection.execute({ portal: '', rows: 0 })
      }
      super.prepare(connection)
      this.#isSent = true
    }

    override handleRowDescription(message: unknown): void {
      if (!this.#inPrefix()) super.handleRowDescription(message)
    }

    override handleDataRow(message: unknown): void {
      if (!this.#inPrefix()) super.handleDataRow(message)
    }

    override handleCommandComplete(message: unknown, connection: PgConnection): void {
      if (!this.#inPrefix()) {
        super.handleCommandComplete(message, connection)
        return
      }
      this.#done++
      this.#onProgress?.(this.#done)
    }

    override handleError(error: Error, connection: PgConnection): void {
      // Behind a failed prefix the server has skipped the Parse of the named statement.
      if (this.#inPrefix() && this.#ownName !== undefined)
        delete connection?.submittedNamedStatements?.[this.#ownName]
      super.handleError(error, connection)
    }
  }
  return Prefixed.make
}
