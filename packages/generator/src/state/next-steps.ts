import { nameKey, type QualifiedName } from '../model/names.ts'
import type { DatabaseState } from './database-state.ts'
import { diffState } from './diff-state.ts'
import { type FoldProblem, mergeSteps } from './fold-parts.ts'
import type { LostObject } from './lost-objects.ts'
import type { MigrationStep } from './migration-step.ts'
import type { WaitingTable } from './reachable-state.ts'
import { recreatedTables, resumeSteps } from './recreated-tables.ts'
import { findRenames, type RenamesInput } from './renames.ts'
import { replaceRetyped } from './retyped-tables.ts'
import type { TableHistories } from './table-history.ts'

export interface NextStepsInput extends Omit<RenamesInput, 'recorded' | 'histories'> {
  /** As the folder's audit parts build it. */
  readonly recorded: {
    readonly state: DatabaseState
    readonly problems: readonly FoldProblem[]
    readonly histories: TableHistories
  }
  /** Triggers and functions of ours that are gone. */
  readonly lost: readonly LostObject[]
}

/**
 * What is to be done to bring the database from what the folder builds to what the schema wants, as far as the folder
 * allows. Valid when taken one after the other: branches are merged, then all that was renamed gets its new name,
 * and only then the states are compared.
 */
export function nextSteps(input: NextStepsInput): {
  readonly steps: readonly MigrationStep[]
  readonly waiting: readonly WaitingTable[]
} {
  const { recorded, database, positionOf, lost } = input
  const renames = findRenames({ ...input, recorded: recorded.state, histories: recorded.histories })
  const { renamed, reachable, waiting, histories, replaced, left } = renames
  const folder = { tables: database.tables, histories, positionOf, lost, replaced }
  const resumed = resumeSteps(
    recreatedTables(renamed, reachable, folder),
    new Set([...waiting.map(({ source }) => nameKey(source)), ...left.keys()]),
  )
  const steps = [
    ...mergeSteps(recorded.problems, recorded.state.schema),
    ...renames.first,
    ...[...diffState(renamed, reachable), ...resumed].map((step) => instead(step, replaced)),
  ]
  return { steps: [...steps, ...replaceRetyped(renamed, reachable, steps, folder), ...renames.last], waiting }
}

/** Tells a step that takes triggers off or puts them on where they are now. */
function instead(
  step: MigrationStep,
  replaced: ReadonlyMap<string, QualifiedName | undefined>,
): MigrationStep {
  if (step.kind !== 'retireTable' && step.kind !== 'resumeTable') return step
  const now = replaced.get(nameKey(step.source))
  return now === undefined ? step : { ...step, replaced: now }
}
