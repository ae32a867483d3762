import type { AuditTableObject, StateSetting } from '../state/database-state.ts'
import type { TableStep } from '../state/migration-step.ts'
import { requiredCheck, requiredChecks } from './audit-table.ts'
import { addMissingCheck, dropCheck, replaceCheck } from './look-first.ts'
import { lines, type Sql, sql } from './sql.ts'

/** Checks of a former self that the table has no more, or whose column was replaced. */
export function checksGone(
  before: AuditTableObject,
  after: AuditTableObject,
  steps: readonly TableStep[],
): Sql {
  const kept = new Set(requiredChecks(after).map((setting) => setting.column))
  const moved = movedColumns(steps)
  const gone = requiredChecks(before).filter(({ column }) => !kept.has(column) || moved.has(column))
  return lines(gone.map((setting) => dropCheck(after, setting)))
}

/** Checks that the table gets, or gets anew because its column was replaced. */
export function missingChecks(
  before: AuditTableObject,
  after: AuditTableObject,
  steps: readonly TableStep[],
): readonly StateSetting[] {
  const present = new Set(requiredChecks(before).map((setting) => setting.column))
  const moved = movedColumns(steps)
  const isMerge = steps.some((step) => step.kind === 'replaceFunctions' && step.reason === 'branches met')
  return requiredChecks(after).filter(({ column }) => isMerge || !present.has(column) || moved.has(column))
}

/**
 * Where the steps change whether there is a baseline, whose rows have no settings: the checks that are there say so, or no
 * more; a table that is adopted may have them without. No row is read, and none that a function writes breaks either.
 */
export function changeRule(table: AuditTableObject, steps: readonly TableStep[]): Sql {
  const isMade = steps.some((step) => step.kind === 'createAuditTable' && step.table.backfill)
  if (!isMade && !steps.some(({ kind }) => kind === 'changeBackfill')) return sql``
  return lines(
    requiredChecks(table).map((setting) => replaceCheck(table, setting, requiredCheck(table, setting))),
  )
}

/** NOT VALID: rows from before the rule stay as they are, and no row is read. */
export function addChecks(table: AuditTableObject, settings: readonly StateSetting[]): Sql {
  return lines(settings.map((setting) => addMissingCheck(table, setting, requiredCheck(table, setting))))
}

function movedColumns(steps: readonly TableStep[]): ReadonlySet<string> {
  return new Set(steps.flatMap((step) => (step.kind === 'setAsideColumn' ? [step.column] : [])))
}
