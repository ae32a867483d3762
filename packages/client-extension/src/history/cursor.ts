import { bind, type Fragment, sql } from './fragment.ts'
import { AuditHistoryError } from './history-error.ts'

/** Where a page ended, and what the first page of all saw. */
export interface Cursor {
  readonly auditId: string
  /** `pg_current_snapshot()` of the first page. */
  readonly snapshot: string
  /** `now()` of the first page, in microseconds. */
  readonly takenAt: string
}

export function renderCursor({ auditId, snapshot, takenAt }: Cursor): string {
  return btoa([auditId, snapshot, takenAt].join(' '))
}

/** @throws AuditHistoryError `INVALID_ARGUMENT` for a text that `renderCursor` has not made */
export function parseCursor(text: string): Cursor {
  const [, auditId, snapshot, takenAt] =
    /^(-?\d{1,19}) (\d+:\d+:[\d,]*) (\d{1,19})$/.exec(decoded(text)) ?? []
  if (auditId === undefined || snapshot === undefined || takenAt === undefined) {
    throw new AuditHistoryError('INVALID_ARGUMENT', 'This is no cursor of a history.', {
      hint: 'Give `nextCursor` of the page before, as it is.',
    })
  }
  return { auditId, snapshot, takenAt }
}

function decoded(text: string): string {
  try {
    return atob(text)
  } catch {
    return ''
  }
}

/** What a page has to know of itself for the next one. */
export const SELECT_SNAPSHOT = sql`pg_catalog.pg_current_snapshot()::text AS snapshot,
  (extract(epoch FROM pg_catalog.now()) * 1000000)::bigint::text AS taken_at`

/**
 * The versions that the first page saw: what has been committed since is left out, whatever its id, so that pages neither miss a
 * row nor show one twice while writers commit out of order.
 *
 * A row with an id that was not given out yet is from before a restore, after which ids begin anew: it is older than the first
 * page by the clock. What the transaction of the question itself wrote is seen too.
 */
export function seenBy({ snapshot, takenAt }: Pick<Cursor, 'snapshot' | 'takenAt'>): Fragment {
  const [xmin = '0', xmax = '0'] = snapshot.split(':')
  const id = sql`h."audit_transaction_id"`
  return sql`(${id} < ${bind(xmin, 'bigint')}
    OR pg_catalog.pg_visible_in_snapshot(${id}::text::xid8, ${bind(snapshot, 'pg_snapshot')})
    OR (${id} >= ${bind(xmax, 'bigint')}
      AND h."audit_operation_timestamp" < pg_catalog.to_timestamp(0) + ${bind(takenAt, 'bigint')} * interval '1 microsecond')
    OR ${id} = pg_catalog.pg_current_xact_id_if_assigned()::text::bigint)`
}
