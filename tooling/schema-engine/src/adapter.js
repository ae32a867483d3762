// @ts-check
import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils'

/** OIDs of PostgreSQL's "char" (in system catalogs) and char(n). */
const internalChar = 18
const blankPaddedChar = 1042

/**
 * Connects a driver adapter that behaves as the native engine's connection does: ONE connection, so that
 * session state (an aborted transaction, `SET search_path`) reaches the next statement as it does there;
 * a script sent as one simple query; and "char" columns readable.
 *
 * @param {import('pg').ClientConfig & { schema: string }} fields
 */
export async function connectAdapter({ schema, ...fields }) {
  const adapter = await new PrismaPg({ ...fields, max: 1 }, { schema }).connect()
  // The methods below are adapter-pg's own, from PgQueryable; its types keep some of them private.
  const inner = /** @type {any} */ (adapter)
  const { performIO, queryRaw } = inner
  /** @type {WeakMap<object, number[]>} the rows of a result → its "char" columns */
  const charColumns = new WeakMap()
  inner.performIO = async (/** @type {unknown} */ query) => {
    const result = await performIO.call(adapter, query)
    const found = result.fields.flatMap((/** @type {any} */ field, /** @type {number} */ index) =>
      field.dataTypeID === internalChar ? [index] : [],
    )
    if (found.length > 0) charColumns.set(result.rows, found)
    // adapter-pg refuses the type itself.
    for (const index of found) result.fields[index].dataTypeID = blankPaddedChar
    return result
  }
  inner.queryRaw = async (/** @type {unknown} */ query) => {
    const result = await queryRaw.call(adapter, query)
    for (const index of charColumns.get(result.rows) ?? []) {
      result.columnTypes[index] = ColumnTypeEnum.Character
    }
    return result
  }
  // adapter-pg splits at every semicolon, also inside of a $$ function body $$.
  inner.executeScript = async (/** @type {string} */ script) => {
    try {
      await inner.client.query(script)
    } catch (error) {
      inner.onError(error)
    }
  }
  return adapter
}
