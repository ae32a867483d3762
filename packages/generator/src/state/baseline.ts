import type { TableStep } from './migration-step.ts'
import type { TableGroup } from './table-group.ts'

const DUE: readonly TableStep['kind'][] = ['createAuditTable', 'changeBackfill', 'resumeTable']

/**
 * Whether the steps ask the migration for the rows that were there before the audit; a table without a key cannot have them,
 * and what is written in batches is the command's affair.
 */
export function isBaselineDue({ steps, after }: Pick<TableGroup, 'steps' | 'after'>): boolean {
  if (after.backfill !== true || !after.capturing || after.key.length === 0) return false
  return steps.some(({ kind }) => DUE.includes(kind))
}
