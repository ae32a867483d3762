import type { ColumnTypeName } from '../model/column-type.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { keyColumn, sourceColumn } from '../state/source-column.ts'
import { join, type Sql, sql } from './sql.ts'

export interface KeyColumn {
  /** In the history. */
  readonly name: string
  /** In the source. */
  readonly source: string
  /**
   * Compared as history tells keys apart, by its bytes: citext and nondeterministic collations call texts equal that it does
   * not. A list of texts is one.
   */
  readonly isText: boolean
}

const TEXT_TYPES: readonly ColumnTypeName[] = ['text', 'varchar', 'char']

/** The columns by which the rows of a table are told apart. */
export function keyColumns(table: AuditTableObject): readonly KeyColumn[] {
  return table.key.map((name) => {
    const column = keyColumn(table, name)
    if (column === undefined) return { name, source: name, isText: false }
    const isText = TEXT_TYPES.includes(column.type.name)
    return { name, source: sourceColumn(column), isText }
  })
}

/**
 * `a` and `b` have the same key, told apart as the history does.
 *
 * @param a the value of a column of the key; `b` likewise
 */
export function haveSameKey(
  table: AuditTableObject,
  a: (column: KeyColumn) => Sql,
  b: (column: KeyColumn) => Sql,
): Sql {
  const each = keyColumns(table).map((column) => {
    const [one, other] = [a(column), b(column)]
    return column.isText
      ? sql`${one} = ${other} AND ${one}::text COLLATE "C" = ${other}::text COLLATE "C"`
      : sql`${one} = ${other}`
  })
  return join(each, sql` AND `)
}
