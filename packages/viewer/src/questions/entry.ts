import type { Change, Entry, Value } from '../answers.ts'
import type { History } from '../catalog/history.ts'

/** A row of `selectEntries`. */
export interface EntryRow {
  readonly audit_id: string
  readonly operation: string
  readonly at: string
  readonly transaction_id: string
  readonly started_at: string
  readonly database_user: string
  readonly said: readonly (string | null)[]
  readonly key: readonly (string | null)[]
  readonly previous_id: string | null
  readonly previous_operation: string | null
  readonly after: readonly (string | null)[]
  readonly after_lengths: readonly (number | null)[]
  readonly before: readonly (string | null)[]
  readonly before_lengths: readonly (number | null)[]
  readonly differs: readonly boolean[]
}

const REDACTED_CHANGED = '[redacted, changed]'

/** @param every false: only what changed */
export function toEntry(history: History, row: EntryRow, every: boolean): Entry {
  const { settings, facts } = history
  return {
    table: history.id,
    auditId: row.audit_id,
    operation: row.operation,
    at: row.at,
    transaction: { id: row.transaction_id, startedAt: row.started_at },
    databaseUser: row.database_user,
    settings: Object.fromEntries(settings.map(({ name }, index) => [name, row.said[index] ?? null])),
    facts: Object.fromEntries(
      facts.map(({ name }, index) => [name, row.said[settings.length + index] ?? null]),
    ),
    key: row.key,
    previousId: row.previous_id,
    changes: changesOf(history, row).filter(({ isChanged }) => every || isChanged),
  }
}

/**
 * I and U hold the new row, D the old one. What was before an update is in the version before it, unless that is a `D`: then
 * nobody recorded it.
 */
function changesOf(history: History, row: EntryRow): readonly Change[] {
  const hasBefore = row.previous_id !== null && row.previous_operation !== 'D'
  return history.columns.map(({ name: column, recorded }, index) => {
    const held = toValue(row.after[index], row.after_lengths[index])
    if (row.operation === 'D') return { column, before: held, isChanged: held !== null }
    if (row.operation !== 'U') return { column, after: held, isChanged: held !== null }
    if (!hasBefore) {
      return { column, after: held, isChanged: recorded === 'redacted' && held?.text === REDACTED_CHANGED }
    }
    const before = toValue(row.before[index], row.before_lengths[index])
    const isChanged =
      recorded === 'redacted'
        ? held?.text === REDACTED_CHANGED || (held === null) !== (before === null)
        : row.differs[index] === true
    return { column, before, after: held, isChanged }
  })
}

function toValue(text: string | null | undefined, length: number | null | undefined): Value | null {
  return text === null || text === undefined ? null : { text, length: length ?? text.length }
}
