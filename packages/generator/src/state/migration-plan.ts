import type { QualifiedName } from '../model/names.ts'
import { applySteps } from './apply-steps.ts'
import type { DatabaseState } from './database-state.ts'
import { findHazards, type Hazard } from './hazards.ts'
import { type MigrationStep, unreachable } from './migration-step.ts'

export type { Hazard } from './hazards.ts'

export interface MigrationPlan {
  /** In the order in which the migration takes them. */
  readonly steps: readonly MigrationStep[]
  readonly hazards: readonly Hazard[]
}

/**
 * Steps in order, with what a person should know before running them. A plan with a hazard of severity
 * `error` must not be rendered. `partitioned` names the source tables that are partitioned.
 */
export function planMigration(
  from: DatabaseState,
  steps: readonly MigrationStep[],
  options: { readonly partitioned?: readonly QualifiedName[] } = {},
): MigrationPlan {
  const to = applySteps(from, steps)
  return { steps, hazards: steps.flatMap((step) => findHazards(step, from, to, options.partitioned ?? [])) }
}

/** The source table, and those of its columns, that must exist before the step's SQL can run. */
export interface StepNeeds {
  readonly table: QualifiedName
  readonly columns: readonly string[]
}

/** What a step needs of the source database; undefined where it needs nothing. */
export function stepNeeds(step: MigrationStep): StepNeeds | undefined {
  switch (step.kind) {
    case 'createAuditTable':
      return { table: step.source, columns: step.table.columns.map((column) => column.name) }
    case 'addColumn':
    case 'changeColumn':
      return { table: step.source, columns: [step.column.name] }
    case 'changeKey':
      return { table: step.source, columns: step.key }
    case 'resumeTable':
      return { table: step.source, columns: [] }
    case 'createSchema':
    case 'upgradeSchema':
    case 'retireColumn':
    case 'setAsideColumn':
    case 'addSetting':
    case 'retireSetting':
    case 'changeSetting':
    case 'changeMissingSettings':
    case 'changeTruncate':
    case 'retireTable':
    case 'replaceFunctions':
    case 'unsupported':
      return undefined
    default:
      return unreachable(step)
  }
}
