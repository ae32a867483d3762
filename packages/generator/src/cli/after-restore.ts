import type { Client } from 'pg'
import { renderStatus } from '../installation/render-status.ts'
import { type Recorded, toldOf } from '../installation/told.ts'
import { renderGiveAudit } from '../sql/give-audit.ts'
import { homeOf } from '../state/database-state.ts'
import { chooseTables, tableName } from './chosen-tables.ts'
import { planReplay } from './erase.ts'
import { renderErasure } from './erase-report.ts'
import { INTERRUPTED } from './exit-codes.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { installing, PAUSED, PENDING } from './install.ts'
import { type ExpectedInstallation, look, readExpected, withConnection } from './installation.ts'
import { readRecorded } from './read-recorded.ts'
import { reconcile } from './reconcile.ts'
import { parseSettings, refuseWithoutContext } from './row-context.ts'
import { counted } from './seal-report.ts'
import { compareTables } from './verify-live.ts'
import { type LiveVerification, renderLive } from './verify-live-report.ts'

export interface AfterRestoreFlags extends DatabaseFlags {
  /** The role that the audit is given to. */
  readonly owner?: string | undefined
  /** What `erase --record` wrote. */
  readonly erasures?: string | undefined
  /** Writes history for what the tables have and the history has not. */
  readonly reconcile?: boolean | undefined
  readonly set: readonly string[]
  readonly dryRun?: boolean | undefined
}

const PAGE = 10_000

/**
 * Brings a restored database back to where its audit can be trusted: what it lacks is installed, sequences and owners are mended; then
 * it says what is erased elsewhere and not here, and which rows are not as their history says.
 *
 * @returns the exit code: 0 when nothing is left to do, 1 when something is, 130 when a signal ended it
 * @throws ProjectNotFoundError where there is no project, or a database that refuses; it may be run again
 */
export async function afterRestore(flags: AfterRestoreFlags, cwd: string): Promise<number> {
  const url = await findDatabaseUrl(flags, cwd)
  const expected = await readExpected(flags, cwd, url)
  const settings = parseSettings(flags.set)
  if (flags.reconcile) refuseWithoutContext(chooseTables(expected, undefined), settings)
  return withConnection(url, 'after-restore', async (client, signal) => {
    const repaired = await repair(client, expected, flags)
    if (repaired === undefined || flags.dryRun) return repaired === undefined ? 1 : 0
    const isErased = await sayWhatIsErased(client, expected, flags.erasures)
    const { database, recorded } = await readRecorded(client, expected)
    const tables = chooseTables(expected, undefined)
    const run = { size: PAGE, pause: 0, signal, place: undefined, database }
    const compare = () => compareTables(client, tables, recorded, run)
    let verification = await compare()
    if (flags.reconcile && isErased && isMissing(verification)) {
      await reconcileTables(client, expected, verification, recorded, { settings, signal })
      verification = await compare()
    }
    console.log(renderLive(verification))
    if (!verification.isComplete && signal.aborted) return INTERRUPTED
    if (isMissing(verification)) console.error(`audit: ${isErased ? goOn(flags) : ERASE_FIRST}`)
    return repaired && isErased && verification.isComplete && !isMissing(verification) ? 0 : 1
  })
}

const ERASE_FIRST =
  'first erase what is erased elsewhere: a row of history that is written now would hold it once more'

function goOn({ reconcile: isAsked }: AfterRestoreFlags): string {
  return isAsked ? 'run it again to go on' : `to write that into the history: ${RECONCILE}`
}

const RECONCILE = 'npx prisma-generator-audit after-restore --reconcile --set username=…'

/** Whether all is installed then; undefined where nothing was done. */
async function repair(
  client: Client,
  expected: ExpectedInstallation,
  { owner, dryRun }: AfterRestoreFlags,
): Promise<boolean | undefined> {
  const found = await look(client, expected)
  const refusal =
    found.status.pending.length > 0
      ? `${PENDING}\n${found.status.pending.join('\n')}`
      : found.live.pauses.length > 0
        ? PAUSED
        : undefined
  if (refusal !== undefined) {
    console.error(`audit: nothing was done. ${refusal}`)
    return undefined
  }
  const home = homeOf(expected.state.schema ?? { name: 'audit' })
  const give = owner === undefined ? '' : renderGiveAudit(home, owner)
  if (dryRun) {
    // What is lacking is made first, and then all of it is given away.
    process.stdout.write(installing(expected, found) + give)
    return true
  }
  // Given first, so that nothing is held for another's; and once more with what is made now.
  if (found.live.schemaOwner !== null && give !== '') await client.query(give)
  const text = installing(expected, give === '' ? found : await look(client, expected))
  if (text !== '') await client.query(text)
  if (text !== '' && give !== '') await client.query(give)
  const { status } = await look(client, expected)
  console.log(renderStatus(status))
  return status.isInstalled
}

/** Whether nothing of what was erased elsewhere is here; where nobody says what was, nothing is said. */
async function sayWhatIsErased(
  client: Client,
  { state }: ExpectedInstallation,
  file: string | undefined,
): Promise<boolean> {
  if (file === undefined) return true
  const home = homeOf(state.schema ?? { name: 'audit' })
  const answer = await planReplay(client, home, file).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === '42501') return undefined
    throw error
  })
  if (answer === undefined) {
    console.error(
      `audit: who owns the history may not erase. As the role that the set-up of erasure lets in: npx prisma-generator-audit erase --replay ${file} --url …; after that run this once more, without --erasures`,
    )
    return false
  }
  if (answer.rows === 0) {
    console.log('audit: all that was erased is erased here')
    return true
  }
  console.log(renderErasure(answer, false))
  console.error(
    `audit: to erase it here: npx prisma-generator-audit erase --replay ${file} --confirm ${answer.plan}`,
  )
  return false
}

function isMissing({ tables }: LiveVerification): boolean {
  return tables.some(({ reached }) => reached !== undefined && reached.missed > 0)
}

async function reconcileTables(
  client: Client,
  { lockTimeout }: ExpectedInstallation,
  { tables }: LiveVerification,
  recorded: Recorded | undefined,
  { settings, signal }: { readonly settings: ReadonlyMap<string, string>; readonly signal: AbortSignal },
): Promise<void> {
  for (const { table, reached } of tables) {
    if (reached === undefined || reached.missed === 0 || signal.aborted) continue
    const options = { size: PAGE, lockTimeout, settings, signal, onProgress: () => {} }
    const { written } = await reconcile(client, toldOf(table, recorded), options)
    console.error(
      `audit: ${tableName(table)}: ${counted(written, 'row')} of history written for what it lacked`,
    )
  }
}
