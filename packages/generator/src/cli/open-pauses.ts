import type { ClientBase } from 'pg'
import { isPauseTableThere, type OpenPause, openPauses } from '../sql/pause-table.ts'
import type { AuditHome } from '../state/database-state.ts'

/** The pauses that nobody has ended, in a transaction that pins search_path; none where nobody ever paused. */
export async function readOpenPauses(client: ClientBase, home: AuditHome): Promise<readonly OpenPause[]> {
  const { rows: there } = await client.query<{ isThere: boolean }>(isPauseTableThere(home))
  if (!there[0]?.isThere) return []
  const { rows } = await client.query<OpenPause>(openPauses(home))
  return rows
}
