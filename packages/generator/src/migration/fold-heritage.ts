import { setPrimaryKey } from './fold-key.ts'
import type { FoldedTable, FoldState } from './fold-state.ts'
import { columnOf } from './heirs.ts'

/** ATTACH and DETACH PARTITION (`table` is the parent), INHERIT and NO INHERIT (`table` is the child). */
export function foldHeritage(
  state: FoldState,
  table: FoldedTable,
  change: 'attach' | 'detach' | 'inherit' | 'noInherit',
  other: FoldedTable,
): void {
  const attaches = change === 'attach' || change === 'detach'
  const [parent, child] = attaches ? [table, other] : [other, table]
  if (change === 'attach' || change === 'inherit') {
    // PostgreSQL refuses a circle, and so would every walk over the heirs.
    if (descendsFrom(parent, child) || child.parents.includes(parent)) return
    child.parents.push(parent)
    child.isPartition = attaches
    if (attaches) for (const column of child.columns) column.local = false
    if (attaches && parent.primaryKey && !child.primaryKey) {
      setPrimaryKey(state, child, { columns: parent.primaryKey.columns })
    }
  } else {
    child.parents = child.parents.filter((each) => each !== parent)
    child.isPartition = false
    for (const column of child.columns) column.local = true
  }
}

function descendsFrom(table: FoldedTable, ancestor: FoldedTable): boolean {
  return table === ancestor || table.parents.some((parent) => descendsFrom(parent, ancestor))
}

/** The columns that a new table has from `parent`; one that it has already is merged, as PostgreSQL does. */
export function inheritColumns(table: FoldedTable, parent: FoldedTable): void {
  for (const column of parent.columns) {
    const own = columnOf(table, column.name)
    if (own) own.notNull ||= column.notNull
    else table.columns.push({ ...column, local: false })
  }
}
