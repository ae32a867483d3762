import type { AuditTableObject } from '../state/database-state.ts'
import type { TableStep } from '../state/migration-step.ts'
import type { TableGroup } from '../state/table-group.ts'
import { makesKey } from '../state/table-history.ts'
import { checksGone } from './required-checks.ts'
import { isFilled } from './sql.ts'

/**
 * Whether one table's steps need two transactions: first its audit table, then its functions and triggers.
 *
 * Whoever holds the audit table and waits for the source deadlocks with a writer, which holds the source and waits, in
 * its trigger, for the audit table; the writer would be the victim. Old functions write a table with more or wider
 * columns, so it may be changed beforehand; what moved to another name they would miss.
 */
export function needsTwoTransactions(
  before: AuditTableObject,
  steps: readonly TableStep[],
  after: AuditTableObject,
): boolean {
  const altersTable = steps.some(addsOrRetypes) || isFilled(checksGone(before, after, steps))
  return altersTable && !movesNames(steps) && changesTriggers(before, steps, after)
}

/** Whether the steps drop a trigger of the source. */
export function dropsTriggers({ before, steps, after }: TableGroup): boolean {
  if (!before?.capturing) return false
  return !after.capturing || steps.some((step) => changesKey(step, after))
}

/** Whether down.sql drops one: also those that the steps have put on. */
export function dropsTriggersDown(group: TableGroup): boolean {
  const { before, steps, after } = group
  if (!after.capturing) return false
  const kinds: readonly TableStep['kind'][] = ['resumeTable', 'changeKey']
  return !before?.capturing || steps.some(({ kind }) => kinds.includes(kind))
}

/** Whether functions of before find a column or the table under another name. */
export function movesNames(steps: readonly TableStep[]): boolean {
  const moving: readonly TableStep['kind'][] = [
    'setAsideColumn',
    'renameColumn',
    'renameTable',
    'renameObjects',
  ]
  return steps.some(({ kind }) => moving.includes(kind))
}

/** The key's trigger names columns and compares them by their type. */
export function changesKey(step: TableStep, after: AuditTableObject): boolean {
  return makesKey(step, after.key)
}

function addsOrRetypes({ kind }: TableStep): boolean {
  return kind === 'addColumn' || kind === 'addSetting' || kind === 'changeColumn' || kind === 'changeSetting'
}

function changesTriggers(
  before: AuditTableObject,
  steps: readonly TableStep[],
  after: AuditTableObject,
): boolean {
  if (before.capturing !== after.capturing) return true
  const kinds: readonly TableStep['kind'][] = ['resumeTable', 'changeLevel', 'changeEnableAlways']
  return after.capturing && steps.some((step) => kinds.includes(step.kind) || changesKey(step, after))
}
