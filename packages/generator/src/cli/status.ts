import type { Client } from 'pg'
import { renderStatus } from '../installation/render-status.ts'
import { renderStatusJson } from '../installation/status-json.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { look, readExpected, withConnection } from './installation.ts'

export interface StatusFlags extends DatabaseFlags {
  readonly json?: boolean | undefined
  /** The role that the application connects as. */
  readonly role?: string | undefined
}

/**
 * Says on stdout what a live database has of the audit that the project describes. Reads only.
 *
 * @returns the exit code: 0 where everything is installed, else 1
 * @throws ProjectNotFoundError where there is no project, or no database that can be looked at
 */
export async function status(flags: StatusFlags, cwd: string): Promise<number> {
  // Before anything else reads the configuration: see `readDatasourceUrl`.
  const url = await findDatabaseUrl(flags, cwd)
  const expected = await readExpected(flags, cwd, url)
  const run = (client: Client) => look(client, expected, flags.role)
  const { status: found } = await withConnection(url, 'status', run, { isAtOnce: true })
  console.log(flags.json ? renderStatusJson(found) : renderStatus(found))
  return found.isInstalled ? 0 : 1
}
