import { nameKey, type QualifiedName } from '../model/names.ts'
import type { SourcePlace } from '../model/place.ts'
import type { SourceDatabase, SourceTable } from '../model/source-database.ts'
import type { AuditTableObject, DatabaseState } from './database-state.ts'
import { type PositionOf, sourceNames } from './folder-order.ts'
import { type MigrationStep, stepSource } from './migration-step.ts'
import { replaces } from './replacements.ts'
import { sourceColumn } from './source-column.ts'
import type { TableHistories, TableHistory } from './table-history.ts'

/** What a migration does to an audited table before the audit part that repairs it. */
export interface Risk {
  readonly kind:
    | 'column dropped'
    | 'column renamed'
    | 'column retyped'
    /** Another column has its name now: writes go on, and are recorded under the wrong name. */
    | 'column exchanged'
    | 'table renamed'
    | 'table dropped'
  /** The source table as it is called now. */
  readonly source: QualifiedName
  /** The column under its old name, or the table's old name. */
  readonly was: string
  readonly place: SourcePlace
}

export interface RiskInput {
  readonly recorded: { readonly state: DatabaseState; readonly histories: TableHistories }
  /** What is being written now: only a table that gets a step was at risk. */
  readonly steps: readonly MigrationStep[]
  readonly database: SourceDatabase
  readonly positionOf: PositionOf
  /** A migration that is applied together with the steps: nothing in it is a risk. */
  readonly draft?: string | undefined
}

/** What is at risk between the application's migrations and the audit part that is being written. */
export function findRisks({ recorded, steps, database, positionOf, draft }: RiskInput): readonly Risk[] {
  const touched = new Set(steps.flatMap((step) => stepSource(step) ?? []).map(nameKey))
  // What the former table has become is no risk: see `findReplacements`.
  const replaced = new Set(steps.filter(replaces).map(({ source }) => nameKey(source)))
  const names = sourceNames(database.tables, positionOf)
  const isDraft = (place: SourcePlace) => draft !== undefined && positionOf(place.file) === positionOf(draft)
  return recorded.state.tables
    .flatMap((table): Risk[] => {
      const key = nameKey(table.source)
      const history = recorded.histories.get(key)
      if (!table.capturing || !touched.has(key) || history === undefined) return []
      if (replaced.has(key)) return []
      const now = names.tableNow(table.source, positionOf(history.named))
      if (now === undefined) return droppedTable(table, history, { steps, database, positionOf })
      return [...renamedTable(now, history, positionOf), ...columnRisks(table, now, history, positionOf)]
    })
    .filter(({ place }) => !isDraft(place))
}

function renamedTable(now: SourceTable, history: TableHistory, positionOf: PositionOf): Risk[] {
  const known = positionOf(history.named)
  const former = now.formerNames?.find(({ until }) => positionOf(until) > known)
  return former ? [{ kind: 'table renamed', source: now, was: former.name, place: former.place }] : []
}

function columnRisks(
  { columns }: AuditTableObject,
  now: SourceTable,
  history: TableHistory,
  positionOf: PositionOf,
): Risk[] {
  const present = new Set(now.columns.map((column) => column.name))
  return columns.flatMap((column) => {
    if (column.retired) return []
    const name = sourceColumn(column)
    const known = positionOf(history.columns.get(column.name) ?? '')
    const emitted = positionOf(history.emitted)
    const risks: Risk[] = []
    let current = name
    for (const { column: changed, kind, to, isNaming, migration, place } of now.columnChanges ?? []) {
      const position = positionOf(migration)
      if (changed !== current || position <= known) continue
      const isHarmless = isNaming === true || (kind === 'retyped' && position <= emitted)
      if (!isHarmless) risks.push({ kind: `column ${kind}`, source: now, was: changed, place })
      if (kind === 'dropped') break
      current = to ?? current
    }
    const last = risks.at(-1)
    const isGone = last?.kind === 'column dropped' || (last?.kind === 'column renamed' && current !== name)
    // The functions still find the name, and take the other column's values for it.
    if (isGone && present.has(name)) return [{ ...last, kind: 'column exchanged', was: name }]
    return risks
  })
}

/** Only where the history goes on: a table that is gone for good is written no more. */
function droppedTable(
  { source }: AuditTableObject,
  { attached }: TableHistory,
  { steps, database, positionOf }: Pick<RiskInput, 'steps' | 'database' | 'positionOf'>,
): Risk[] {
  const renaming = steps.find(
    (step) => step.kind === 'renameTable' && nameKey(step.source) === nameKey(source),
  )
  const now = renaming?.kind === 'renameTable' ? renaming.to : source
  const resumes = steps.some((step) => step.kind === 'resumeTable' && nameKey(step.source) === nameKey(now))
  const drop = database.droppedTables.findLast(
    (each) => nameKey(each) === nameKey(source) && positionOf(each.migration) > positionOf(attached),
  )
  if (!resumes || drop === undefined) return []
  return [{ kind: 'table dropped', source: now, was: source.name, place: drop.place }]
}
