import { applySteps } from '../state/apply-steps.ts'
import type { AuditTableObject, DatabaseState } from '../state/database-state.ts'
import type { MigrationPlan } from '../state/migration-plan.ts'
import type { TableStep } from '../state/migration-step.ts'
import { groupByTable, walk } from '../state/table-group.ts'
import { comment, isFilled, lines, sqlText } from './sql.ts'
import { renderKeyTriggerGone } from './triggers.ts'

/**
 * What must stand before Prisma's own statements in a draft: PostgreSQL refuses to change or drop a column that
 * a trigger's WHEN clause names (0A000, 2BP01), so the key's trigger goes first; the audit part at the end of
 * the same transaction makes it anew. Empty where the plan changes no key column.
 *
 *     DROP TRIGGER IF EXISTS "audit_key" ON "public"."Order";
 */
export function renderBefore(plan: MigrationPlan, options: { readonly from: DatabaseState }): string {
  const dropped = lines(tablesWithNewKey(plan, options).map(renderKeyTriggerGone))
  if (!isFilled(dropped)) return ''
  const why = comment('The key changes: its audit trigger makes room and comes back at the end of this file.')
  return `${sqlText(lines([why, dropped]))}\n`
}

/**
 * The tables whose key's trigger the plan makes anew, as they were before. A key column that gets another name is none
 * of them: the trigger knows its columns by number.
 */
export function tablesWithNewKey(
  plan: MigrationPlan,
  { from }: { readonly from: DatabaseState },
): readonly AuditTableObject[] {
  const groups = groupByTable(plan.steps, from, applySteps(from, plan.steps))
  return groups.flatMap(({ before, steps }) =>
    before?.capturing && walk(before, steps).some(({ step, at }) => changesKeyOf(at, step)) ? [before] : [],
  )
}

function changesKeyOf({ key }: AuditTableObject, step: TableStep): boolean {
  if (step.kind === 'changeKey') return true
  if (step.kind === 'retireColumn') return key.includes(step.column)
  return step.kind === 'changeColumn' && key.includes(step.column.name)
}
