import type { FoldedColumn, FoldedTable, FoldState } from './fold-state.ts'

/** The tables right below: the partitions, and those that INHERIT. */
export function heirs(state: FoldState, table: FoldedTable): FoldedTable[] {
  return [...state.tables.values()].filter((each) => each.parents.includes(table))
}

export function columnOf(table: FoldedTable, name: string): FoldedColumn | undefined {
  return table.columns.find((column) => column.name === name)
}

/** A change that PostgreSQL passes on to the same column of all tables below. */
export function withHeirs(
  state: FoldState,
  table: FoldedTable,
  name: string,
  change: (column: FoldedColumn, table: FoldedTable) => void,
): void {
  const column = columnOf(table, name)
  if (!column) return
  change(column, table)
  for (const heir of heirs(state, table)) withHeirs(state, heir, name, change)
}

export function setNotNull(
  state: FoldState,
  table: FoldedTable,
  name: string,
  notNull: boolean,
  constraint?: string,
): void {
  withHeirs(state, table, name, (column) => {
    column.notNull = notNull
    if (constraint !== undefined) column.notNullConstraint = constraint
  })
}
