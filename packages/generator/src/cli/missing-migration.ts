import type { Diagnostic } from '../diagnostics.ts'
import { nameKey, type QualifiedName } from '../model/names.ts'
import type { SourcePlace } from '../model/place.ts'
import type { ColumnChange, SourceTable } from '../model/source-database.ts'
import { type MigrationStep, stepSource } from '../state/migration-step.ts'
import { describeStep, stepColumn } from './describe-step.ts'

/** Where things stand that have no place of their own in a step. */
export interface StepPlaces {
  /** By `nameKey` of its table: where each model stands, audited or not. */
  readonly models: ReadonlyMap<string, SourcePlace>
  /** The audit's generator block. */
  readonly generator: SourcePlace
  /** The tables that the migrations folder builds. */
  readonly tables: readonly SourceTable[]
}

/**
 * One diagnostic for each table whose audit is behind the schema, at its model; where no table is, one for the audit
 * schema, at the generator block. Tables of merged branches are told elsewhere (AUD602).
 */
export function diagnoseMissingMigration(
  steps: readonly MigrationStep[],
  places: StepPlaces,
): readonly Diagnostic[] {
  const byTable = groupByTable(steps)
  const ofTables = [...byTable.values()].map(({ source, steps }) => missing(source, steps, places))
  const ofSchema = steps.filter((step) => stepSource(step) === undefined)
  if (byTable.size > 0 || ofSchema.length === 0) return ofTables
  return [
    {
      code: 'AUD701',
      severity: 'error',
      message: `The audit is not up to date: ${ofSchema.map(describeStep).join('; ')}.`,
      place: places.generator,
      hint: HINT,
    },
  ]
}

const HINT = 'Run npx prisma generate, and commit the migration that it writes.'

interface TableSteps {
  readonly source: QualifiedName
  readonly steps: MigrationStep[]
}

/** Steps after a rename name the new table. */
function groupByTable(steps: readonly MigrationStep[]): ReadonlyMap<string, TableSteps> {
  const groups = new Map<string, TableSteps>()
  for (const step of steps) {
    const source = step.kind === 'renameTable' ? step.to : stepSource(step)
    if (source === undefined) continue
    if (step.kind === 'replaceFunctions' && step.reason === 'branches met') continue
    const group = groups.get(nameKey(source)) ?? { source, steps: [] }
    group.steps.push(step)
    groups.set(nameKey(source), group)
  }
  return groups
}

function missing(
  source: QualifiedName,
  steps: readonly MigrationStep[],
  { models, generator, tables }: StepPlaces,
): Diagnostic {
  const key = nameKey(source)
  const table = tables.find((each) => nameKey(each) === key)
  const reasons = steps
    .filter((step) => !isSaidByAnother(step, steps))
    .map((step) => describeStep(step) + cause(step, table?.columnChanges ?? []))
  return {
    code: 'AUD701',
    severity: 'error',
    message: `The audit of "${source.schema}"."${source.name}" is not up to date: ${reasons.join('; ')}.`,
    place: models.get(key) ?? table?.place ?? generator,
    hint: HINT,
  }
}

/**
 * A column of another type is retired, set aside and added anew: that it is set aside says it all. Otherwise a column
 * that is set aside makes room for one that is renamed or added, and of that one it is said.
 */
function isSaidByAnother(step: MigrationStep, steps: readonly MigrationStep[]): boolean {
  const column = auditColumn(step)
  const same = steps.filter((each) => column !== undefined && auditColumn(each) === column)
  const isRetyped = [RETIRED, ASIDE, ADDED].every((kinds) => same.some(({ kind }) => kinds.includes(kind)))
  if (ASIDE.includes(step.kind)) return !isRetyped
  return isRetyped && (RETIRED.includes(step.kind) || ADDED.includes(step.kind))
}

type Kinds = readonly MigrationStep['kind'][]
const RETIRED: Kinds = ['retireColumn', 'retireSetting']
const ASIDE: Kinds = ['setAsideColumn']
const ADDED: Kinds = ['addColumn', 'addSetting']

/** The column of the audit table that a step retires, sets aside or adds. */
function auditColumn(step: MigrationStep): string | undefined {
  if (step.kind === 'addSetting') return step.setting.column
  if (step.kind === 'retireSetting') return step.column
  return step.kind === 'renameColumn' ? undefined : stepColumn(step)
}

/** Which migration did it, where the folder tells. */
function cause(step: MigrationStep, changes: readonly ColumnChange[]): string {
  const column = stepColumn(step)
  const own = changes.filter((each) => column !== undefined && (each.column === column || each.to === column))
  const isGone = step.kind === 'retireColumn'
  const dropped = own.findLast(({ kind }) => isGone && kind === 'dropped')
  const change = dropped ?? own.at(-1)
  if (change === undefined) return ''
  const { file, line, column: at } = change.place
  return ` (${change.kind} in ${file}:${line}:${at})`
}
