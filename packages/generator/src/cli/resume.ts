import type { Client } from 'pg'
import { repairsOf } from '../installation/repairs.ts'
import { type Recorded, toldOf } from '../installation/told.ts'
import { nameKey, type QualifiedName } from '../model/names.ts'
import { beginPausing, lockPauses, type OpenPause, openPauses } from '../sql/pause-table.ts'
import { renderRepair } from '../sql/render-installation.ts'
import { beginVerifying } from '../sql/seal-chain.ts'
import { enableTriggers } from '../sql/touch-triggers.ts'
import { type AuditTableObject, homeOf } from '../state/database-state.ts'
import { chooseTables, tableName } from './chosen-tables.ts'
import { inTransaction } from './database-client.ts'
import { endPause, pausedOnceMore } from './end-pause.ts'
import { INTERRUPTED } from './exit-codes.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { type ExpectedInstallation, look, readExpected, withConnection } from './installation.ts'
import { InterruptedError } from './interruption.ts'
import { assertPausesReadable, readOpenPauses } from './open-pauses.ts'
import { progressBar } from './progress-bar.ts'
import { readRecorded } from './read-recorded.ts'
import { type Reconciled, reconcile } from './reconcile.ts'
import { retryLocks } from './retry-locks.ts'
import { parseSettings, refuseWithoutContext } from './row-context.ts'
import { counted } from './seal-report.ts'
import { wholeNumber } from './whole-number.ts'

export interface ResumeFlags extends DatabaseFlags {
  readonly model?: string | undefined
  readonly batchSize: string
  /** `username=ann`: the context of the rows that are written. */
  readonly set: readonly string[]
}

/**
 * Ends pauses: turns the triggers on again, and writes history for what was written meanwhile. Run again it goes on where it was.
 *
 * @returns the exit code: 0 when the histories are complete again, 130 when a signal ended it before
 * @throws ProjectNotFoundError where there is no project, a context is missing, or the database refuses
 */
export async function resume(flags: ResumeFlags, cwd: string): Promise<number> {
  const size = wholeNumber('--batch-size', flags.batchSize, 1)
  const url = await findDatabaseUrl(flags, cwd)
  const expected = await readExpected(flags, cwd, url)
  const tables = chooseTables(expected, flags.model)
  const settings = parseSettings(flags.set)
  return withConnection(url, 'resume', async (client, signal) => {
    const home = homeOf(expected.state.schema ?? { name: 'audit' })
    const pauses = await inTransaction(client, beginVerifying(), async () => {
      await assertPausesReadable(client, home)
      return readOpenPauses(client, home)
    })
    const paused = tables.flatMap((table) => {
      const found = pauses.find(({ history }) => history === table.names.table)
      return found === undefined ? [] : [{ table, pause: found }]
    })
    const left =
      flags.model === undefined ? pauses.filter((each) => !paused.some(({ pause }) => pause === each)) : []
    if (paused.length + left.length === 0) console.error('audit: nothing is paused')
    // Before any trigger is on: nothing is half done for want of a name.
    refuseWithoutContext(
      paused.map(({ table }) => table),
      settings,
    )
    for (const pause of left) {
      await endPause(client, { home, pause })
      console.error(`audit: the pause of ${pause.history} is ended: no model has that history any more`)
    }
    await mend(client, expected, paused)
    const { recorded } = await readRecorded(client, expected)
    const run = { size, lockTimeout: expected.lockTimeout, settings, signal }
    for (const each of paused) {
      if (signal.aborted) throw new InterruptedError()
      if (!(await resumeTable(client, each, recorded, run))) return INTERRUPTED
    }
    return 0
  })
}

/** What triggers need, and those that went in the pause, with a table that was made anew for one. */
async function mend(
  client: Client,
  expected: ExpectedInstallation,
  paused: readonly { readonly table: AuditTableObject }[],
): Promise<void> {
  if (paused.length === 0) return
  const { live, status } = await look(client, expected)
  if (status.pending.length > 0) return
  const isPaused = (source: QualifiedName) =>
    paused.some(({ table }) => nameKey(table.source) === nameKey(source))
  // What only rests is turned on below, all of a table at once.
  const histories = status.histories
    .filter(({ source }) => isPaused(source))
    .map((each) => ({ ...each, findings: each.findings.filter(({ state }) => state !== 'disabled') }))
  const text = renderRepair(
    expected.state,
    repairsOf(expected.state, live, { ...status, histories }),
    expected.lockTimeout,
  )
  if (text !== '') await client.query(text)
}

interface Run {
  readonly size: number
  readonly lockTimeout: number
  readonly settings: ReadonlyMap<string, string>
  readonly signal: AbortSignal
}

async function resumeTable(
  client: Client,
  { table, pause }: { readonly table: AuditTableObject; readonly pause: OpenPause },
  recorded: Recorded | undefined,
  run: Run,
): Promise<boolean> {
  const name = tableName(table)
  // Triggers first: what is written from now on is recorded, and the past stands still.
  await retryLocks(
    () =>
      inTransaction(client, beginPausing(run.lockTimeout), async () => {
        await client.query(enableTriggers(table))
        await client.query(lockPauses(table))
        const { rows } = await client.query<OpenPause>(openPauses(table))
        const now = rows.find(({ history }) => history === table.names.table)
        // Somebody resumed it, and somebody paused it once more: those triggers rest for another reason.
        if (now !== undefined && now.number !== pause.number) throw pausedOnceMore(name)
      }),
    run.signal,
  )
  if (table.key.length === 0) {
    await endPause(client, { home: table, pause, table })
    console.error(
      `audit: ${name} is recorded again; it has no key, so what was written meanwhile is not in its history`,
    )
    return true
  }
  const bar = progressBar(name, '{value} of about {total} rows compared, {written} recorded')
  const isRewritten = pause.fileThen !== pause.fileNow
  if (isRewritten) {
    console.error(
      `audit: ${name} was made or written anew in the pause, so nobody can tell by a row when it was written: rows without history are left as they are, unless all rows have one`,
    )
  }
  const told = {
    ...toldOf(table, recorded),
    ...(isRewritten ? {} : { writtenSince: pause.transactionId }),
  }
  const reached = await reconcile(client, told, {
    ...run,
    onProgress: (now: Reconciled, total) => bar.update(now.rows, total, { written: now.written }),
  }).finally(() => bar.stop())
  if (!reached.isComplete) {
    console.error(
      `audit: ${name} is recorded again. It was ended before the pause was made up for: run it again to go on.`,
    )
    return false
  }
  await endPause(client, { home: table, pause, table, reached })
  const ids = reached.firstId === undefined ? '' : `, audit_id ${reached.firstId} to ${reached.lastId}`
  console.error(
    `audit: ${name} is recorded again; the pause since ${pause.pausedAt} left ${counted(reached.written, 'row')} of history${ids}`,
  )
  return true
}
