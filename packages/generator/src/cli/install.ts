import type { Client } from 'pg'
import { renderStatus } from '../installation/render-status.ts'
import { repairsOf } from '../installation/repairs.ts'
import { renderInstallation, renderRepair, renderUninstallation } from '../sql/render-installation.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { type ExpectedInstallation, type Look, look, readExpected, withConnection } from './installation.ts'
import { InterruptedError } from './interruption.ts'

export interface InstallFlags extends DatabaseFlags {
  /** The SQL for any database, on stdout, without a connection. */
  readonly print?: boolean | undefined
  /** The SQL that this database would be given, on stdout. */
  readonly dryRun?: boolean | undefined
}

/**
 * Gives a database what it lacks of the audit: all of it, or what a restore, a `db push` or a hand has taken away or changed.
 * Migrations that are not applied are none of its business: Prisma applies them.
 *
 * @returns the exit code: 0 where everything is installed then, else 1
 * @throws ProjectNotFoundError where there is no project, or a database that refuses; what was done before stays, and it may be
 * run again
 */
export async function install(flags: InstallFlags, cwd: string): Promise<number> {
  if (flags.print) {
    const { state, lockTimeout } = await readExpected(flags, cwd)
    process.stdout.write(renderInstallation(state, lockTimeout))
    return 0
  }
  const url = await findDatabaseUrl(flags, cwd)
  const expected = await readExpected(flags, cwd, url)
  const run = async (client: Client, signal: AbortSignal) => {
    const found = await look(client, expected)
    if (found.status.pending.length > 0) {
      // Functions of a later migration may name columns that its table does not have yet, and every write would fail.
      console.error(`audit: nothing was done. ${PENDING}\n${found.status.pending.join('\n')}`)
      return 1
    }
    if (found.live.pauses.length > 0) {
      // With the triggers on again nobody would know any more what the history lacks.
      console.error(`audit: nothing was done. ${PAUSED}`)
      return 1
    }
    const text = installing(expected, found)
    if (flags.dryRun) {
      process.stdout.write(text)
      return found.status.isInstalled ? 0 : 1
    }
    if (signal.aborted) throw new InterruptedError()
    if (text !== '') await client.query(text)
    const { status } = text === '' ? found : await look(client, expected)
    console.log(renderStatus(status))
    return status.isInstalled ? 0 : 1
  }
  return withConnection(url, 'install', run, { isAtOnce: true })
}

export const PENDING = 'Migrations come first, with npx prisma migrate deploy; these are not applied here:'

export const PAUSED = 'Capture is paused here; end that first, with npx prisma-generator-audit resume'

/**
 * Takes triggers and functions away, and leaves every history. Where migrations make the audit, they bring it back.
 *
 * @returns the exit code 0
 * @throws ProjectNotFoundError as `install` does
 */
export async function uninstall(flags: InstallFlags, cwd: string): Promise<number> {
  const url = flags.print ? undefined : await findDatabaseUrl(flags, cwd)
  const { state, lockTimeout } = await readExpected(flags, cwd)
  const text = renderUninstallation(state, lockTimeout)
  if (url === undefined || flags.dryRun) {
    process.stdout.write(text)
    return 0
  }
  const run = async (client: Client, signal: AbortSignal) => {
    if (signal.aborted) throw new InterruptedError()
    if (text !== '') await client.query(text)
  }
  await withConnection(url, 'uninstall', run, { isAtOnce: true })
  console.error('audit: no table is captured any more; the histories are kept')
  return 0
}

/** The SQL that gives the database what it lacks; empty where it lacks nothing. */
export function installing({ state, lockTimeout }: ExpectedInstallation, { live, status }: Look): string {
  if (live.schemaOwner === null) return renderInstallation(state, lockTimeout)
  return renderRepair(state, repairsOf(state, live, status), lockTimeout)
}
