import type { ClientBase } from 'pg'
import { isPauseTableThere, type OpenPause, openPauses } from '../sql/pause-table.ts'
import type { AuditHome } from '../state/database-state.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

/**
 * The pauses that nobody has ended, in a transaction that pins search_path; none where nobody ever paused, or whoever asks may not
 * read of it.
 */
export async function readOpenPauses(client: ClientBase, home: AuditHome): Promise<readonly OpenPause[]> {
  const { isThere, isReadable } = await lookForPauses(client, home)
  if (!isThere || !isReadable) return []
  const { rows } = await client.query<OpenPause>(openPauses(home))
  return rows
}

/** @throws ProjectNotFoundError where whoever asks may not read of pauses: nobody must take that for none */
export async function assertPausesReadable(client: ClientBase, home: AuditHome): Promise<void> {
  const { isThere, isReadable } = await lookForPauses(client, home)
  if (!isThere || isReadable) return
  throw new ProjectNotFoundError(
    'The database refuses: permission denied for the table of pauses\nRun it as the owner of the audit tables, as migrations are.',
  )
}

async function lookForPauses(client: ClientBase, home: AuditHome) {
  const { rows } = await client.query<{ isThere: boolean; isReadable: boolean }>(isPauseTableThere(home))
  return rows[0] ?? { isThere: false, isReadable: false }
}
