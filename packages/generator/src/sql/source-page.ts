import type { AuditTableObject } from '../state/database-state.ts'
import { sourceColumn } from '../state/source-column.ts'
import { liveColumns } from './audit-table.ts'
import { isOwnRow } from './baseline.ts'
import { keyColumns } from './key-columns.ts'
import { isAfterLast, type KeyOrder } from './key-order.ts'
import { ident, integer, join, qualified, type Sql, sql } from './sql.ts'

/**
 * A query for the rows of the source that come next in the order of its key, with the columns that the history has: of one that is
 * left out nobody knows the name. Parameters: the key of the last row of the page before, where there was one.
 *
 * @param order the page is not the first, and follows a last row by this order of the key
 * @param more of a row `s`, besides these columns
 */
export function sourcePage(
  table: AuditTableObject,
  size: number,
  order: KeyOrder | undefined,
  ...more: readonly Sql[]
): Sql {
  const columns = liveColumns(table).map((column) => sql`s.${ident(sourceColumn(column))}`)
  const inOrder = keyColumns(table).map(({ source }) => sql`s.${ident(source)} ASC`)
  return sql`SELECT ${join([...columns, ...more], sql`, `)} FROM ${qualified(table.source)} AS s
WHERE ${isOwnRow(table, sql`s`)}${order ? sql`\n  AND ${isAfterLast(table, order)}` : sql``}
ORDER BY ${join(inOrder, sql`, `)}
LIMIT ${integer(size)}`
}
