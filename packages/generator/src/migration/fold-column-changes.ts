import type { ColumnChange } from '../model/source-database.ts'
import type { Span } from './condensed.ts'
import { type FoldedTable, type FoldedType, type FoldState, placeOf } from './fold-state.ts'

/** Remembers what a statement did to a column; what one file does to the type of a column counts once. */
export function recordColumnChange(
  state: FoldState,
  table: FoldedTable,
  change: Pick<ColumnChange, 'kind' | 'column' | 'to' | 'isNaming'>,
  span: Span,
): void {
  if (table.hidden) return
  table.columnChanges ??= []
  const changes = table.columnChanges
  const migration = state.file.name
  if (change.kind === 'retyped') {
    const last = changes.findLastIndex(({ column, to }) => (to ?? column) === change.column)
    const before = changes[last]
    if (before?.kind === 'retyped' && before.migration === migration) {
      // A type that is renamed after its columns were converted to it, as Prisma recreates an enum.
      if (change.isNaming || !before.isNaming) return
      changes.splice(last, 1)
    }
  }
  changes.push({ ...change, migration, place: placeOf(state, span) })
}

/** An enum got a value or another one's name, or a type another name: each of its columns, in every table. */
export function recordTypeChange(state: FoldState, type: FoldedType, span: Span): void {
  for (const table of state.tables.values()) {
    for (const column of table.columns) {
      if (!('type' in column.type) || column.type.type !== type) continue
      recordColumnChange(state, table, { kind: 'retyped', column: column.name, isNaming: true }, span)
    }
  }
}
