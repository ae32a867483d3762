import { nameKey } from '../model/names.ts'
import type { ColumnChange, SourceTable } from '../model/source-database.ts'
import type { AuditTableObject, DatabaseState } from './database-state.ts'
import type { PositionOf } from './folder-order.ts'
import { type MigrationStep, stepSource } from './migration-step.ts'
import { sourceColumn } from './source-column.ts'
import type { TableHistories } from './table-history.ts'

/**
 * The functions to emit anew because a source column of theirs got another type, or its enum other values, since they
 * were emitted last, and nothing else is different: open connections keep a plan for the old type.
 *
 * @param before the recorded state, under today's names
 * @param steps what is to be done anyway
 */
export function replaceRetyped(
  before: DatabaseState,
  reachable: DatabaseState,
  steps: readonly MigrationStep[],
  folder: {
    readonly tables: readonly SourceTable[]
    readonly histories: TableHistories
    readonly positionOf: PositionOf
  },
): readonly MigrationStep[] {
  if (steps.some(({ kind }) => kind === 'upgradeSchema')) return []
  const emitted = new Set(steps.flatMap((step) => stepSource(step) ?? []).map(nameKey))
  const capturing = new Set(reachable.tables.filter((table) => table.capturing).map(keyOf))
  const sources = new Map(folder.tables.map((table) => [nameKey(table), table]))
  return before.tables.flatMap((table): MigrationStep[] => {
    const key = keyOf(table)
    const source = sources.get(key)
    if (!table.capturing || !capturing.has(key) || emitted.has(key) || source === undefined) return []
    const known = folder.positionOf(folder.histories.get(key)?.emitted ?? '')
    const retyped = retypedColumns(table, source, (change) => folder.positionOf(change.migration) > known)
    if (retyped.length === 0) return []
    const reason = retyped.some(({ isEnum }) => isEnum) ? 'enum changed' : 'column retyped'
    return [{ kind: 'replaceFunctions', source: table.source, reason }]
  })
}

function retypedColumns(
  table: AuditTableObject,
  { columnChanges = [] }: SourceTable,
  isLater: (change: ColumnChange) => boolean,
) {
  const names = new Set(
    columnChanges.filter((each) => each.kind === 'retyped' && isLater(each)).map((each) => each.column),
  )
  return table.columns.filter((column) => !column.retired && names.has(sourceColumn(column)))
}

function keyOf({ source }: AuditTableObject): string {
  return nameKey(source)
}
