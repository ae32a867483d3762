import type { Client } from 'pg'
import type { Recorded } from '../installation/told.ts'
import { isServerTold, whichDatabase } from '../sql/live-installation.ts'
import { beginVerifying } from '../sql/seal-chain.ts'
import { inTransaction } from './database-client.ts'
import type { ExpectedInstallation } from './installation.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { readApplied } from './read-applied.ts'

/**
 * What the migrations tell of the histories, and when this database took which of them.
 *
 * @throws ProjectNotFoundError where some are not applied here
 */
export async function readRecorded(
  client: Client,
  expected: ExpectedInstallation,
): Promise<{ readonly database: string; readonly recorded: Recorded | undefined }> {
  const { recorded } = expected
  return inTransaction(client, beginVerifying(), async () => {
    const { rows: told } = await client.query<{ isTold: boolean }>(isServerTold())
    const { rows: identity } = await client.query<{ identity: string }>(
      whichDatabase(told[0]?.isTold ?? false),
    )
    const database = identity[0]?.identity ?? ''
    const applied = await readApplied(client, expected)
    if (recorded === undefined || applied === undefined) return { database, recorded: undefined }
    const pending = expected.parts.filter((name) => !applied.has(name))
    if (pending.length > 0) {
      throw new ProjectNotFoundError(
        `Migrations come first, with npx prisma migrate deploy; these are not applied here:\n${pending.join('\n')}`,
      )
    }
    return { database, recorded: { ...recorded, applied } }
  })
}
