import type { ColumnTypeName } from '../model/column-type.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { keyColumn, sourceColumn } from '../state/source-column.ts'

export interface KeyColumn {
  /** In the history. */
  readonly name: string
  /** In the source. */
  readonly source: string
  /**
   * Compared as history tells keys apart, by its bytes: citext and nondeterministic collations call texts equal that it does
   * not.
   */
  readonly isText: boolean
}

const TEXT_TYPES: readonly ColumnTypeName[] = ['text', 'varchar', 'char']

/** The columns by which the rows of a table are told apart. */
export function keyColumns(table: AuditTableObject): readonly KeyColumn[] {
  return table.key.map((name) => {
    const column = keyColumn(table, name)
    if (column === undefined) return { name, source: name, isText: false }
    const isText = TEXT_TYPES.includes(column.type.name) && !column.type.list
    return { name, source: sourceColumn(column), isText }
  })
}
