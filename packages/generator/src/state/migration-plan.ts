import { applySteps } from './apply-steps.ts'
import type { DatabaseState } from './database-state.ts'
import { findHazards, type Hazard, type SpreadTables } from './hazards.ts'
import type { MigrationStep } from './migration-step.ts'
import { groupByTable, type TableGroup } from './table-group.ts'

export type { Hazard } from './hazards.ts'

export interface MigrationPlan {
  /** In the order in which the migration takes them. */
  readonly steps: readonly MigrationStep[]
  readonly hazards: readonly Hazard[]
}

/**
 * Steps in order, with what a person should know before running them. A plan with a hazard of severity
 * `error` must not be rendered. `partitioned` names the source tables that are partitioned, `partitions` those that are partitions.
 */
export function planMigration(
  from: DatabaseState,
  steps: readonly MigrationStep[],
  { partitioned = [], partitions = [] }: Partial<SpreadTables> = {},
): MigrationPlan {
  const groups = groupByTable(steps, from, applySteps(from, steps))
  const ways = new Map<MigrationStep, TableGroup>(
    groups.flatMap((group) => group.steps.map((step) => [step, group] as const)),
  )
  const spread = { partitioned, partitions }
  return { steps, hazards: steps.flatMap((step) => findHazards(step, ways.get(step), from, spread)) }
}
