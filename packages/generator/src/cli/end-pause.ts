import type { Client } from 'pg'
import { beginPausing, lockPauses, type OpenPause, openPauses, recordResumption } from '../sql/pause-table.ts'
import type { AuditHome, AuditTableObject } from '../state/database-state.ts'
import { inTransaction } from './database-client.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import type { Reconciled } from './reconcile.ts'

export interface EndedPause {
  readonly home: AuditHome
  readonly pause: OpenPause
  /** Its triggers have to be on; undefined where no model has the history any more. */
  readonly table?: AuditTableObject
  /** What was written to make up for it. */
  readonly reached?: Reconciled
}

/** Only other runs hold this lock, and for a moment. */
const TIMEOUT = 10_000

/**
 * Says in the table of pauses that one has ended. Where another run has said so meanwhile nothing is left to say.
 *
 * @throws ProjectNotFoundError where capture rests once more
 */
export async function endPause(client: Client, { home, pause, table, reached }: EndedPause): Promise<void> {
  const { written = 0, firstId, lastId } = reached ?? {}
  await inTransaction(client, beginPausing(TIMEOUT), async () => {
    await client.query(lockPauses(home))
    const values = [pause.number, written, firstId ?? null, lastId ?? null]
    const { rowCount } = await client.query(recordResumption(home, table), values)
    if (rowCount === 1) return
    const { rows } = await client.query<OpenPause>(openPauses(home))
    if (rows.some(({ history }) => history === pause.history)) throw pausedOnceMore(pause.history)
  })
}

export function pausedOnceMore(name: string): ProjectNotFoundError {
  return new ProjectNotFoundError(
    `${name} was paused once more meanwhile, so its capture rests: run resume again when that pause may end`,
  )
}
