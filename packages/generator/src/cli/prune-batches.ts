import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { beginErasing } from '../sql/erasing.ts'
import { type PruneTarget, renderPrune } from '../sql/pruning.ts'
import type { AuditHome } from '../state/database-state.ts'
import { FIRST_ID } from './compare-live.ts'
import { inTransaction } from './database-client.ts'
import { retryLocks } from './retry-locks.ts'

export interface PruneOptions {
  /** Rows older than this go: PostgreSQL's text. */
  readonly before: string
  /** Undefined: only say what would go. */
  readonly reason: string | undefined
  /** How many rows of the history one transaction looks at. */
  readonly size: number
  /** Milliseconds between two of them. */
  readonly pause: number
  /** Ends the run after the transaction that is under way. */
  readonly signal: AbortSignal
  /** Keeps the rows of a transaction before it commits, each a JSON text; undefined: nobody asks for them. */
  readonly keep: ((rows: readonly string[]) => void) | undefined
  readonly onProgress: (reached: Pruned) => void
}

/** How far one history came. */
export interface Pruned {
  readonly read: number
  readonly pruned: number
  /** Older rows that a key, or a value, is told by. */
  readonly kept: number
  readonly held: number
  readonly isComplete: boolean
}

type Page = Omit<Pruned, 'isComplete'> & { readonly last: string | null; readonly rows: readonly string[] }

/**
 * Prunes one history, a transaction for each page of its rows, in the order of their ids. A run that was ended is made up for by the next.
 *
 * @throws Error of `pg` where the database refuses: what was committed before is gone, and no more
 */
export async function pruneHistory(
  client: ClientBase,
  home: AuditHome,
  target: PruneTarget,
  { before, reason, size, pause, signal, keep, onProgress }: PruneOptions,
): Promise<Pruned> {
  let reached: Pruned = { read: 0, pruned: 0, kept: 0, held: 0, isComplete: false }
  let after: string = FIRST_ID
  while (!reached.isComplete && !signal.aborted) {
    const isDone = reason !== undefined
    const request = { ...target, before, after, size, reason, isDone, withRows: isDone && keep !== undefined }
    const page = await retryLocks(() =>
      inTransaction(client, beginErasing(), async () => {
        const values = [JSON.stringify(request)]
        const { rows } = await client.query<{ pruned: Page }>(renderPrune(home), values)
        const [found] = rows
        if (found === undefined) throw new Error('audit.prune gave no row')
        if (found.pruned.rows.length > 0) keep?.(found.pruned.rows)
        return found.pruned
      }),
    )
    reached = {
      read: reached.read + page.read,
      pruned: reached.pruned + page.pruned,
      kept: reached.kept + page.kept,
      held: reached.held + page.held,
      isComplete: page.last === null,
    }
    after = page.last ?? after
    onProgress(reached)
    if (pause > 0 && !reached.isComplete) await sleep(pause, undefined, { signal }).catch(() => {})
  }
  return reached
}
