import { findSqlState } from '../../database-error.ts'
import { AuditHistoryError, type RevertConflict } from '../history-error.ts'
import type { StepGroup } from './revert-order.ts'

/** What PostgreSQL says of a step that cannot be done, in the words of a conflict. */
export function described({ name, steps }: StepGroup, error: unknown): unknown {
  const kinds: Readonly<Record<string, RevertConflict['kind']>> = {
    '23502': 'not recorded',
    '23503': 'still referenced',
    '23001': 'still referenced',
    '23505': 'there',
  }
  const kind = kinds[findSqlState(error) ?? '']
  if (kind === undefined) return error
  const detail = error instanceof Error ? error.message : String(error)
  return conflict(
    steps.map(({ key }) => ({ model: name, key, kind, detail })),
    error,
  )
}

export function conflict(conflicts: readonly RevertConflict[], cause?: unknown): AuditHistoryError {
  const [first] = conflicts
  const more = conflicts.length > 1 ? ` and ${conflicts.length - 1} more` : ''
  return new AuditHistoryError(
    'CONFLICT',
    `Nothing was reverted: ${first?.model} ${JSON.stringify(first?.key, (_, part) => (typeof part === 'bigint' ? String(part) : part))}${more}: ${first?.kind}.`,
    { conflicts, cause, hint: 'Make a new plan from the versions that are there now.' },
  )
}
