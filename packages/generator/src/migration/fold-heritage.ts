import type { Span } from './condensed.ts'
import { setPrimaryKey } from './fold-key.ts'
import { type FoldedTable, type FoldState, placeOf } from './fold-state.ts'
import { columnOf } from './heirs.ts'

/** ATTACH and DETACH PARTITION (`table` is the parent), INHERIT and NO INHERIT (`table` is the child). */
export function foldHeritage(
  state: FoldState,
  table: FoldedTable,
  change: 'attach' | 'detach' | 'inherit' | 'noInherit',
  other: FoldedTable,
  span: Span,
): void {
  const attaches = change === 'attach' || change === 'detach'
  const [parent, child] = attaches ? [table, other] : [other, table]
  if (change === 'attach' || change === 'inherit') {
    // PostgreSQL refuses a circle, and so would every walk over the heirs.
    if (descendsFrom(parent, child) || child.parents.includes(parent)) return
    child.parents.push(parent)
    setPartition(state, child, attaches, span)
    if (attaches) for (const column of child.columns) column.local = false
    if (attaches && parent.primaryKey && !child.primaryKey) {
      setPrimaryKey(state, child, { columns: parent.primaryKey.columns })
    }
  } else {
    child.parents = child.parents.filter((each) => each !== parent)
    setPartition(state, child, false, span)
    for (const column of child.columns) column.local = true
  }
}

/** Also where no file creates what it is a partition of. */
export function setPartition(state: FoldState, table: FoldedTable, is: boolean, span: Span): void {
  table.isPartition = is
  table.attached = is ? placeOf(state, span) : undefined
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
