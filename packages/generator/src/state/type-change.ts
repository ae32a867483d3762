import type { ColumnType } from '../model/column-type.ts'

/** Two types are the same to the audit table. */
export function sameType(a: ColumnType, b: ColumnType): boolean {
  return a.name === b.name && a.list === b.list && a.args.join() === b.args.join()
}

/**
 * True where `ALTER COLUMN … TYPE` changes only the catalog: no rewrite, no scan (PostgreSQL's documentation of
 * ALTER TABLE, "Notes", and the support functions of varchar, varbit, numeric and the time types).
 * Arrays never qualify: their elements are converted one by one.
 */
export function isCatalogOnlyWidening(from: ColumnType, to: ColumnType): boolean {
  if (from.list || to.list || sameType(from, to)) return false
  if (to.name === 'text') return from.name === 'varchar'
  if (from.name === 'text') return to.name === 'varchar' && to.args.length === 0
  if (from.name !== to.name) return false
  switch (from.name) {
    case 'varchar':
    case 'varbit':
    case 'timestamp':
    case 'timestamptz':
    case 'time':
    case 'timetz':
      return to.args.length === 0 || atLeast(to.args[0], from.args[0])
    case 'numeric':
      if (to.args.length === 0) return true
      return atLeast(to.args[0], from.args[0]) && (to.args[1] ?? 0) === (from.args[1] ?? 0)
    default:
      return false
  }
}

/** No argument means no limit, and a limit never widens that. */
function atLeast(to: number | undefined, from: number | undefined): boolean {
  return to !== undefined && from !== undefined && to >= from
}
