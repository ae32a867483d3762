// @ts-check
import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum, DriverAdapterError } from '@prisma/driver-adapter-utils'
import { quoteIdentifier } from './connection.js'
import { describeScriptError } from './script-error.js'

/** OIDs of PostgreSQL's "char" (in system catalogs) and char(n). */
const internalChar = 18
const blankPaddedChar = 1042

/**
 * Connects a driver adapter that behaves as the native engine's connection does.
 *
 * - The search path is `schema` and nothing else.
 * - ONE connection for everything. Session state reaches the next statement as it does there: what a
 *   migration leaves behind (an aborted transaction, a changed search_path) is met by the next one and by
 *   Prisma's own bookkeeping. A pool would replace the connection after any error.
 * - A script goes as one simple query. adapter-pg splits at every semicolon, also inside of a function body.
 * - "char" columns of the catalog are readable.
 *
 * @param {import('pg').ClientConfig & { schema: string }} fields
 * @param {(failure: import('./script-error.js').ScriptError) => void} [onScriptError]
 */
export async function connectAdapter({ schema, ...fields }, onScriptError = () => {}) {
  const adapter = await new PrismaPg({ ...fields, max: 1 }, { schema }).connect()
  // The methods below are adapter-pg's own, from PgQueryable; its types keep some of them private.
  const inner = /** @type {any} */ (adapter)
  const connection = await holdConnection(inner)
  await connection.query(`SET search_path = ${quoteIdentifier(schema)}`)
  inner.executeScript = async (/** @type {string} */ script) => {
    try {
      await connection.query(script)
    } catch (error) {
      const failure = describeScriptError(error, script)
      if (!failure) return inner.onError(error)
      onScriptError(failure)
      throw new DriverAdapterError(failure.cause)
    }
  }
  readCharColumns(inner)
  return adapter
}

/**
 * Takes the pool's only connection for as long as the adapter lives.
 * @param {any} adapter
 */
async function holdConnection(adapter) {
  /** @type {import('pg').PoolClient} */
  const connection = await adapter.client
    .connect()
    .catch((/** @type {unknown} */ error) => adapter.onError(error))
  // A connection that is cut fails the next statement; without a listener it would end the process.
  connection.on('error', () => {})
  const ignore = () => {}
  const session = {
    query: connection.query.bind(connection),
    on: ignore,
    removeListener: ignore,
    release: ignore,
  }
  adapter.client = { ...session, connect: async () => session }
  const dispose = adapter.dispose.bind(adapter)
  adapter.dispose = async () => {
    connection.release(true)
    await dispose()
  }
  return connection
}

/**
 * adapter-pg refuses PostgreSQL's "char", which the engine reads from the catalog as a character.
 * @param {any} adapter
 */
function readCharColumns(adapter) {
  const { performIO, queryRaw } = adapter
  /** @type {WeakMap<object, number[]>} the rows of a result → its "char" columns */
  const charColumns = new WeakMap()
  adapter.performIO = async (/** @type {unknown} */ query) => {
    const result = await performIO.call(adapter, query)
    // A script of `db execute` comes this way, and several statements give several results.
    if (Array.isArray(result)) return result
    const found = result.fields.flatMap((/** @type {any} */ field, /** @type {number} */ index) =>
      field.dataTypeID === internalChar ? [index] : [],
    )
    if (found.length > 0) charColumns.set(result.rows, found)
    for (const index of found) result.fields[index].dataTypeID = blankPaddedChar
    return result
  }
  adapter.queryRaw = async (/** @type {unknown} */ query) => {
    const result = await queryRaw.call(adapter, query)
    for (const index of charColumns.get(result.rows) ?? []) {
      result.columnTypes[index] = ColumnTypeEnum.Character
    }
    return result
  }
}
