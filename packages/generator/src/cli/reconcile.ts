import type { Client } from 'pg'
import { type ComparedPage, renderHistoryPage, renderLivePage } from '../sql/live-comparison.ts'
import type { Told } from '../sql/live-differences.ts'
import {
  beginReconciling,
  type ReconciledPage,
  renderReconcileHistory,
  renderReconcilePage,
} from '../sql/reconcile.ts'
import { beginVerifying } from '../sql/seal-chain.ts'
import { FIRST_ID, prepareTold } from './compare-live.ts'
import { inTransaction } from './database-client.ts'
import { retryLocks } from './retry-locks.ts'

export interface ReconcileOptions {
  readonly size: number
  /** Milliseconds. */
  readonly lockTimeout: number
  /** `audit.*`: who says so, and why. */
  readonly settings: ReadonlyMap<string, string>
  readonly signal: AbortSignal
  readonly onProgress: (reached: Reconciled, total: number) => void
}

export interface Reconciled {
  readonly rows: number
  readonly written: number
  /** Of what was written. */
  readonly firstId: string | undefined
  readonly lastId: string | undefined
  readonly isComplete: boolean
}

/**
 * Writes history for what nobody watched, page by page: rows that changed, came or went since the newest row of their history. Pages in
 * which nothing differs are only read; one in which something does is compared again behind a lock that lets readers through, for
 * a writer that is under way would get a lower id than the row that stands for the past.
 *
 * @throws Error of `pg`; what was written stays, and a later run goes on
 */
export async function reconcile(
  client: Client,
  wanted: Told,
  { size, lockTimeout, settings, signal, onProgress }: ReconcileOptions,
): Promise<Reconciled> {
  const { table } = wanted
  const { told, order, total } = await inTransaction(client, beginVerifying(), () =>
    prepareTold(client, wanted),
  )
  let reached: Reconciled = { rows: 0, written: 0, firstId: undefined, lastId: undefined, isComplete: false }
  const write = (text: string, values: readonly string[]) =>
    retryLocks(
      () =>
        inTransaction(client, beginReconciling(table, lockTimeout), async () => {
          for (const [name, value] of settings) {
            await client.query(SET_SETTING, [`audit.${name}`, value])
          }
          const { rows } = await client.query<ReconciledPage>(text, [...values])
          const [written] = rows
          if (written === undefined)
            throw new Error('PostgreSQL gave no row for a query that always has one.')
          return written
        }),
      signal,
    )
  for (const pass of ['rows', 'history'] as const) {
    let last: readonly string[] = pass === 'rows' ? [] : [FIRST_ID]
    for (let isEnd = false; !isEnd; ) {
      if (signal.aborted) return reached
      const after = pass === 'rows' && last.length > 0 ? order : undefined
      const look = pass === 'rows' ? renderLivePage(told, size, after) : renderHistoryPage(told, size)
      const { rows } = await inTransaction(client, beginVerifying(), () =>
        client.query<ComparedPage>(look, [...last]),
      )
      const [page] = rows
      if (page === undefined) throw new Error('PostgreSQL gave no row for a query that always has one.')
      let end: Pick<ComparedPage, 'read' | 'last'> = page
      if (page.findings.length > 0) {
        const text =
          pass === 'rows' ? renderReconcilePage(told, size, after) : renderReconcileHistory(told, size)
        const written = await write(text, last)
        reached = withWritten(reached, written)
        // What came meanwhile has pushed rows out of it: they are of the next one.
        end = { read: written.read, last: written.end }
      }
      isEnd = end.read < size
      last = end.last ?? last
      reached = { ...reached, rows: reached.rows + (pass === 'rows' ? end.read : 0) }
      onProgress(reached, Math.max(total, reached.rows))
    }
  }
  return { ...reached, isComplete: true }
}

const SET_SETTING = 'SELECT pg_catalog.set_config($1, $2, true)'

function withWritten(before: Reconciled, { written, first, last }: ReconciledPage): Reconciled {
  return {
    ...before,
    written: before.written + written,
    firstId: before.firstId ?? first ?? undefined,
    lastId: last ?? before.lastId,
  }
}
