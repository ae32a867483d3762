import type { AuditNames } from '../model/audit-model.ts'

export const NAME_PARTS = [
  'table',
  'captureFunction',
  'keyFunction',
  'truncateFunction',
  'insertTrigger',
  'updateTrigger',
  'deleteTrigger',
  'keyTrigger',
  'truncateTrigger',
] as const satisfies readonly (keyof AuditNames)[]

/** The parts that share a name space with those of other tables: triggers belong to their own table. */
export const FUNCTION_PARTS = ['captureFunction', 'keyFunction', 'truncateFunction'] as const

export function sameNames(a: AuditNames, b: AuditNames): boolean {
  return NAME_PARTS.every((part) => a[part] === b[part])
}
