import { applySteps } from '../state/apply-steps.ts'
import { type DatabaseState, homeOf } from '../state/database-state.ts'
import type { MigrationPlan } from '../state/migration-plan.ts'
import { bringsPartitions, hasPartitions } from '../state/partitioning.ts'
import { groupByTable } from '../state/table-group.ts'
import { renderDetachedMark } from './base-guard.ts'
import { clusterGroups } from './crossing-names.ts'
import { renderDropSchema, renderMoveSchema } from './move-schema.ts'
import { renderHashing, renderHashingGoneDown } from './render-hashing.ts'
import { assertPossible, changesCapture, inTransactions, type RenderOptions } from './render-migration.ts'
import { renderPartitioning, renderPartitioningGone, renderUnprepared } from './render-partitions.ts'
import { renderWaiver, renderWaiverGoneDown } from './render-waiver.ts'
import { renderMoveSharedTables } from './shared-tables.ts'
import { comment, isFilled, paragraphs, type Sql, sql, sqlText } from './sql.ts'
import { renderClusterDown } from './table-down.ts'

/**
 * The text of down.sql: the functions and triggers that were there before the plan's steps, exactly. History is
 * never dropped: a column or table that the steps brought stays, marked retired. Going up again afterwards works.
 */
export function renderDown(plan: MigrationPlan, options: RenderOptions): string {
  assertPossible(plan)
  if (plan.steps.length === 0) return ''
  const { from } = options
  const to = applySteps(from, plan.steps)
  const groups = groupByTable(plan.steps, from, to).filter(changesCapture)
  const sections = [
    paragraphs([
      moveBack(plan, from, to),
      renderWaiver(plan.steps, from),
      isMoved(plan) ? renderHashing(plan.steps, from) : sql``,
      isMoved(plan) || !hasPartitions(to) ? renderPartitioning(plan.steps, from) : sql``,
    ]),
    ...clusterGroups(groups).toReversed().flatMap(renderClusterDown),
    ...groupByTable(plan.steps, from, to).map(({ before, steps }) =>
      before && before.partitionBy === undefined && steps.some(bringsPartitions)
        ? renderUnprepared(before)
        : sql``,
    ),
    // The schema that is left holds a view of the table of waivers, which may go then.
    paragraphs([
      renderSchemaDown(plan, from, to),
      renderWaiverGoneDown(plan.steps, from),
      renderHashingGoneDown(plan.steps, from),
      renderPartitioningGone(to, from),
    ]),
  ]
  const head = sections.some(isFilled)
    ? 'Takes the steps of migration.sql back. No history is dropped. Run it by hand.'
    : 'Nothing is to be taken back: the functions of the newer version stay, and serve the tables as they were.'
  // A file of its own, whatever its migration is appended to.
  return `${sqlText(comment(head))}\n\n${inTransactions(sections, { ...options, appended: false })}`
}

function moveBack(plan: MigrationPlan, from: DatabaseState, to: DatabaseState): Sql {
  if (!isMoved(plan) || from.schema === undefined || to.schema === undefined) return sql``
  const move = renderMoveSchema(homeOf(to.schema), homeOf(from.schema), from.schema.sqlVersion)
  return paragraphs([move, renderMoveSharedTables(to, from)])
}

function isMoved(plan: MigrationPlan): boolean {
  return plan.steps.some((step) => step.kind === 'moveSchema')
}

function renderSchemaDown(plan: MigrationPlan, from: DatabaseState, to: DatabaseState): Sql {
  if (to.schema === undefined) return sql``
  if (isMoved(plan)) return renderDropSchema(to, from)
  // Functions of a newer SQL version serve the older ones' tables too, and the kept history needs its guard.
  return plan.steps.some((step) => step.kind === 'createSchema')
    ? renderDetachedMark(homeOf(to.schema))
    : sql``
}
