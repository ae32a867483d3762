import type { SettingsStatement } from '../settings-statement.ts'
import { noteLostName } from './lost-name.ts'
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
  /** The names of prefix statements whose Parse was sent. */
  const parsed = new WeakMap<PgConnection, Set<string>>()

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
      if (query.#ownName === undefined) return query
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
      for (const { text, values, preparedName: name = '' } of this.#prefix) {
        if (!isParsed(connection, name)) connection.parse({ text, name, types: undefined })
        connection.bind({ portal: '', statement: name, values })
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
      if (this.#inPrefix()) this.#forgetNames(error, connection)
      super.handleError(error, connection)
    }

    #forgetNames(error: Error, connection: PgConnection): void {
      // Behind a failed prefix the server has skipped the Parse of the named statement.
      if (this.#ownName !== undefined) delete connection?.submittedNamedStatements?.[this.#ownName]
      const name = this.#prefix[this.#done]?.preparedName
      if (name === undefined) return
      parsed.get(connection)?.delete(name)
      if (this.#done === 0) noteLostName(error)
    }
  }

  /** Whether the server has this name on the connection; if not, the caller sends it now. */
  function isParsed(connection: PgConnection, name: string): boolean {
    if (name === '') return false
    const names = parsed.get(connection) ?? new Set()
    parsed.set(connection, names)
    if (names.has(name)) return true
    names.add(name)
    return false
  }
  return Prefixed.make
}
