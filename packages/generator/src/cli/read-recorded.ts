import type { Client } from 'pg'
import type { Recorded } from '../installation/told.ts'
import { appliedMigrations, isServerTold, whereLooked, whichDatabase } from '../sql/live-installation.ts'
import { beginVerifying } from '../sql/seal-chain.ts'
import { inTransaction } from './database-client.ts'
import type { ExpectedInstallation } from './installation.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

/**
 * What the migrations tell of the histories, and when this database took which of them.
 *
 * @throws ProjectNotFoundError where some are not applied here
 */
export async function readRecorded(
  client: Client,
  { recorded, parts, state }: ExpectedInstallation,
): Promise<{ readonly database: string; readonly recorded: Recorded | undefined }> {
  return inTransaction(client, beginVerifying(), async () => {
    const { rows: where } = await client.query<{ migrationsSchema: string | null }>(
      whereLooked(state.schema?.name ?? 'audit', undefined),
    )
    const { rows: told } = await client.query<{ isTold: boolean }>(isServerTold())
    const { rows: identity } = await client.query<{ identity: string }>(
      whichDatabase(told[0]?.isTold ?? false),
    )
    const database = identity[0]?.identity ?? ''
    const schema = where[0]?.migrationsSchema
    if (recorded === undefined || schema == null) return { database, recorded: undefined }
    const { rows } = await client.query<{ name: string; begun: string; done: string }>(
      appliedMigrations(schema),
    )
    const applied = new Map(rows.map(({ name, ...times }) => [name, times] as const))
    const pending = parts.filter((name) => !applied.has(name))
    if (pending.length > 0) {
      throw new ProjectNotFoundError(
        `Migrations come first, with npx prisma migrate deploy; these are not applied here:\n${pending.join('\n')}`,
      )
    }
    return { database, recorded: { ...recorded, applied } }
  })
}
