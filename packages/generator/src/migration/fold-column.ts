import type { Span, WrittenColumn } from './condensed.ts'
import { constraintName } from './constraint-name.ts'
import { recordColumnChange } from './fold-column-changes.ts'
import { type FoldedTable, type FoldState, reportUnknown, resolveType } from './fold-state.ts'
import { columnOf, heirs } from './heirs.ts'

/** A change of a column that is not in the files: nobody sees what it was, or what it is now. */
export function reportUnknownColumn(state: FoldState, table: FoldedTable, name: string, span: Span): void {
  if (table.opaque || table.hidden || columnOf(table, name)) return
  reportUnknown(state, `a change of column ${name} of ${table.name}`, span, table.name)
}

export function addColumn(state: FoldState, table: FoldedTable, written: WrittenColumn): void {
  const type = resolveType(state, written.type)
  const inherited = columnOf(table, written.name)
  if (inherited) {
    // The same column declared again beside an inherited one: PostgreSQL merges the two.
    inherited.notNull ||= written.notNull
    inherited.local = true
    inherited.reads = written.reads ?? inherited.reads
    return
  }
  table.columns.push({
    name: written.name,
    type,
    notNull: written.notNull,
    notNullConstraint: constraintName(table.name, written.name, 'not_null'),
    virtual: written.virtual,
    reads: written.reads,
    local: true,
  })
}

export function addColumnEverywhere(
  state: FoldState,
  table: FoldedTable,
  column: WrittenColumn,
  local: boolean,
): void {
  addColumn(state, table, column)
  const added = columnOf(table, column.name)
  if (added && !local) added.local = false
  for (const heir of heirs(state, table)) addColumnEverywhere(state, heir, column, false)
}

export function dropColumn(
  state: FoldState,
  table: FoldedTable,
  name: string,
  wanted: boolean,
  span: Span,
): void {
  const column = columnOf(table, name)
  const stillInherited = table.parents.some((parent) => columnOf(parent, name))
  if (!column || stillInherited || (!wanted && column.local)) return
  table.columns = table.columns.filter((each) => each !== column)
  recordColumnChange(state, table, { kind: 'dropped', column: name }, span)
  if (table.primaryKey?.columns.includes(name)) table.primaryKey = undefined
  table.deferrableKeys = table.deferrableKeys.filter((key) => !key.columns.includes(name))
  table.foreignKeys = table.foreignKeys.filter((key) => !key.columns.includes(name))
  table.references = table.references.filter((each) => each.column !== name)
  for (const heir of heirs(state, table)) dropColumn(state, heir, name, false, span)
}

export function renameColumn(
  state: FoldState,
  table: FoldedTable,
  from: string,
  to: string,
  span: Span,
): void {
  const renamed = (names: readonly string[]) => names.map((name) => (name === from ? to : name))
  const column = columnOf(table, from)
  if (!column) return
  column.name = to
  for (const each of table.columns) each.reads = each.reads && renamed(each.reads)
  recordColumnChange(state, table, { kind: 'renamed', column: from, to }, span)
  if (table.primaryKey) table.primaryKey.columns = renamed(table.primaryKey.columns)
  for (const key of table.deferrableKeys) key.columns = renamed(key.columns)
  for (const key of table.foreignKeys) key.columns = renamed(key.columns)
  for (const each of table.references) if (each.column === from) each.column = to
  for (const each of state.tables.values()) {
    for (const key of each.foreignKeys) if (key.table === table) key.referenced = renamed(key.referenced)
  }
  for (const index of state.indexes.values())
    if (index.table === table) index.columns = renamed(index.columns)
  for (const heir of heirs(state, table)) renameColumn(state, heir, from, to, span)
}
