import type { ColumnType } from '../model/column-type.ts'
import { nameKey, type QualifiedName } from '../model/names.ts'
import type { SourceColumn, SourceDatabase, SourceTable } from '../model/source-database.ts'
import {
  type AuditTableObject,
  type DatabaseState,
  EMPTY_STATE,
  findTable,
  type StateColumn,
  sortTables,
} from './database-state.ts'
import { formatType, parseType } from './format-type.ts'
import { isRecordedByRow } from './recorded-by-row.ts'
import { sourceColumn } from './source-column.ts'
import { isSameLimit } from './type-change.ts'
import { keepWaiver } from './waiver.ts'

/** A table whose audit cannot change yet, because the migrations folder has not caught up with the schema. */
export interface WaitingTable {
  readonly source: QualifiedName
  readonly reason:
    | { readonly kind: 'table not created' }
    /** It was renamed, to a name that no model has. */
    | { readonly kind: 'table renamed'; readonly to: QualifiedName }
    | { readonly kind: 'columns not created'; readonly columns: readonly string[] }
    | { readonly kind: 'columns not retyped'; readonly columns: readonly string[] }
    /** `was`: the audited table's name, where it was renamed since. */
    | { readonly kind: 'table not dropped'; readonly was?: QualifiedName }
    /** The audit under this table's name is that of `other`, which was renamed, and waits to follow it. */
    | { readonly kind: 'name not free'; readonly other: QualifiedName }
}

/**
 * How much of the desired state an audit migration may bring about now: a trigger on a table that no migration creates
 * fails in the shadow replay, and blocks the developer. Tables that have to wait stay as they are recorded.
 *
 * @param declared the tables that the schema still has, audited or not
 * @param left by the `nameKey` of a recorded source that was renamed: what it is called now, where the audit does not follow yet
 */
export function reachableState(
  recorded: DatabaseState,
  desired: DatabaseState,
  database: SourceDatabase,
  declared: readonly QualifiedName[],
  left: ReadonlyMap<string, QualifiedName> = new Map(),
): { readonly state: DatabaseState; readonly waiting: readonly WaitingTable[] } {
  const created = new Map(database.tables.map((table) => [nameKey(table), table]))
  const stillDeclared = new Set(declared.map(nameKey))
  const waiting: WaitingTable[] = []
  const tables: AuditTableObject[] = []

  for (const table of desired.tables) {
    const source = created.get(nameKey(table.source))
    const other = left.get(nameKey(table.source))
    const reason =
      other === undefined
        ? reasonToWait(table, source, findTable(recorded, table.source))
        : reasonWithout(source, other, stillDeclared)
    if (reason !== undefined) waiting.push({ source: table.source, reason })
    const reachable = reason === undefined ? atItsLevel(table, source) : findTable(recorded, table.source)
    if (reachable !== undefined) tables.push(reachable)
  }
  for (const table of recorded.tables) {
    const key = nameKey(table.source)
    if (!table.capturing || findTable(desired, table.source) !== undefined) continue
    const now = left.get(key)
    if (now !== undefined) {
      // Its triggers went along with the table: they go on until the audit can follow.
      if (findTable(desired, now) === undefined)
        waiting.push({ source: now, reason: { kind: 'table not dropped', was: table.source } })
      tables.push(table)
      continue
    }
    if (stillDeclared.has(key) || !created.has(key)) continue
    // The model is gone from the schema but not yet from the database: until then its writes are recorded.
    waiting.push({ source: table.source, reason: { kind: 'table not dropped' } })
    tables.push(table)
  }
  if (tables.length === 0 && recorded.schema === undefined) return { state: EMPTY_STATE, waiting }
  const schema = keepWaiver(desired.schema ?? recorded.schema, recorded.schema, tables)
  return { state: { schema, tables: sortTables(tables) }, waiting }
}

/** @param other what the audited table of this name is called now */
function reasonWithout(
  source: SourceTable | undefined,
  other: QualifiedName,
  declared: ReadonlySet<string>,
): WaitingTable['reason'] {
  if (source !== undefined) return { kind: 'name not free', other }
  return declared.has(nameKey(other)) ? { kind: 'table not created' } : { kind: 'table renamed', to: other }
}

function reasonToWait(
  table: AuditTableObject,
  source: SourceTable | undefined,
  recorded: AuditTableObject | undefined,
): WaitingTable['reason'] | undefined {
  if (source === undefined) return { kind: 'table not created' }
  const existing = new Map(source.columns.map((column) => [column.name, column]))
  const missing = table.columns.map(sourceColumn).filter((name) => !existing.has(name))
  if (missing.length > 0) return { kind: 'columns not created', columns: missing }
  const early = table.columns
    .filter((column) => isRetyped(column, recorded))
    .filter((column) => !isOfType(existing.get(sourceColumn(column)), column.type))
    .map(sourceColumn)
  return early.length === 0 ? undefined : { kind: 'columns not retyped', columns: early }
}

/** `timestamp(6)` is spelled `timestamp`, too. */
function isOfType(source: SourceColumn | undefined, type: ColumnType): boolean {
  const found = source === undefined ? undefined : parseType(source.base ?? source.type)
  return found !== undefined && isSameLimit(found, type)
}

/**
 * A column of the new type must not be captured before the source has it: the values would not fit. Types that
 * are stored as text fit always.
 */
function isRetyped(column: StateColumn, recorded: AuditTableObject | undefined): boolean {
  const before = recorded?.columns.find(({ name, retired }) => name === column.name && !retired)
  if (before === undefined || column.isEnum || column.type.name === 'text') return false
  return formatType(before.type) !== formatType(column.type)
}

function atItsLevel(table: AuditTableObject, source: SourceTable | undefined): AuditTableObject {
  return isRecordedByRow(table, source) ? { ...table, level: 'row' } : table
}
