import type { ColumnTypeName } from '../model/column-type.ts'
import type { AuditTableObject } from '../state/database-state.ts'

const TEXT_TYPES: readonly ColumnTypeName[] = ['text', 'varchar', 'char']

/**
 * Whether a column of the key is compared as history tells keys apart, by its bytes: citext and nondeterministic collations
 * call texts equal that it does not.
 */
export function isText(table: AuditTableObject, key: string): boolean {
  const column = table.columns.find(({ sourceName, name }) => (sourceName ?? name) === key)
  return column !== undefined && TEXT_TYPES.includes(column.type.name) && !column.type.list
}
