import type { Client } from 'pg'
import { ageToInterval } from '../age.ts'
import { renderBytes } from '../installation/render-bytes.ts'
import { renderLookForCompacting } from '../sql/compacting.ts'
import { pruneTarget, renderHistoryRows, renderLookForPruning } from '../sql/pruning.ts'
import { type AuditHome, type AuditTableObject, homeOf } from '../state/database-state.ts'
import { chooseTables } from './chosen-tables.ts'
import { compactPartitions, oldPartitions } from './compact-partitions.ts'
import { isOfDatabase, looking, withDatabase } from './database-client.ts'
import { INTERRUPTED } from './exit-codes.ts'
import { exportFile } from './export-file.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { readExpected } from './installation.ts'
import { InterruptedError } from './interruption.ts'
import { progressBar } from './progress-bar.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { type Pruned, type PruneOptions, pruneHistory } from './prune-batches.ts'
import { counted } from './seal-report.ts'
import { wholeNumber } from './whole-number.ts'

export interface PruneFlags extends DatabaseFlags {
  /** `13mo` */
  readonly olderThan: string
  readonly model?: string | undefined
  readonly reason?: string | undefined
  readonly dryRun?: boolean | undefined
  /** A folder that the rows are written to before they go. */
  readonly export?: string | undefined
  readonly batchSize: string
  readonly pause: string
}

/**
 * Removes what is older than an age from the histories, in short transactions.
 *
 * @returns the exit code: 0 when it was done, or said with --dry-run; 1 where the database refused, or a file could not be written; 130
 * when a signal ended it
 * @throws ProjectNotFoundError where there is nothing to look at: no project, no database, no set-up, a mistake in what is asked for
 */
export async function prune(flags: PruneFlags, cwd: string): Promise<number> {
  const age = ageToInterval(flags.olderThan)
  if (age === undefined)
    throw new ProjectNotFoundError(
      `--older-than takes an age like 13mo, 400d or 2y, and not "${flags.olderThan}"`,
    )
  const reason = flags.dryRun ? undefined : (flags.reason ?? '').trim()
  if (reason === '')
    throw new ProjectNotFoundError(
      'A pruning needs a reason, which is recorded: --reason "13 months are kept". Or --dry-run, to see what would go.',
    )
  const size = wholeNumber('--batch-size', flags.batchSize, 1)
  const pause = wholeNumber('--pause', flags.pause, 0)
  // Before anything else reads the configuration: see `readDatasourceUrl`.
  const connectionString = await findDatabaseUrl(flags, cwd)
  const expected = await readExpected(flags, cwd)
  const { schema, tables } = expected.state
  if (schema === undefined)
    throw new ProjectNotFoundError('No migration installs the audit: run npx prisma generate, then migrate.')
  // History that is written no more gets older, too.
  const chosen = flags.model === undefined ? tables : chooseTables(expected, flags.model)
  const home = homeOf(schema)
  return withDatabase(connectionString, 'prune', async (client, signal) => {
    const runAt = new Date()
    let exitCode = 0
    try {
      const before = await limitOf(client, home, age)
      console.error(`audit: ${reason === undefined ? 'what would go' : 'what goes'} is older than ${before}`)
      for (const table of chosen) {
        if (signal.aborted) throw new InterruptedError()
        const wish = { before, reason, size, pause, signal }
        exitCode = Math.max(exitCode, await pruneTable(client, home, table, wish, flags.export, runAt))
        if (exitCode === INTERRUPTED) break
      }
      return exitCode
    } catch (error) {
      if (!isOfDatabase(error) || error instanceof ProjectNotFoundError) throw error
      console.error(`audit: ${sayRefusal(error)}`)
      return 1
    }
  })
}

async function limitOf(client: Client, home: AuditHome, age: string): Promise<string> {
  await client.query("SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'")
  const { rows } = await looking(client, () =>
    client.query<{ isThere: boolean; before: string }>(renderLookForPruning(home), [age]),
  )
  if (rows[0]?.isThere) return rows[0].before
  throw new ProjectNotFoundError(
    'Pruning is not set up in this database. Print the set-up, read it, and run it once: npx prisma-generator-audit pruner --role app_pruner --by retention --at-least 12mo',
  )
}

/** What one history came to is said, whatever becomes of the others. */
async function pruneTable(
  client: Client,
  home: AuditHome,
  table: AuditTableObject,
  wish: Omit<PruneOptions, 'keep' | 'onProgress'>,
  folder: string | undefined,
  runAt: Date,
): Promise<number> {
  const target = pruneTarget(table)
  const { rows } = await looking(client, () =>
    client.query<{ rows: number }>(renderHistoryRows(), [target.history]),
  )
  const total = rows[0]?.rows ?? 0
  const file =
    folder === undefined ? undefined : exportFile(folder, `${table.schema}.${table.names.table}`, runAt)
  const bar = progressBar(target.history, '{value} of about {total} rows looked at, {pruned} pruned')
  let reached: Pruned | undefined
  try {
    reached = await pruneHistory(client, home, target, {
      ...wish,
      keep: file && ((lines) => file.append(lines)),
      onProgress(progress) {
        reached = progress
        bar.update(progress.read, Math.max(total, progress.read), { pruned: progress.pruned })
      },
    })
    bar.stop()
    say(target.history, reached, wish.reason === undefined)
    return reached.isComplete ? await giveBackSpace(client, home, target.history, wish) : INTERRUPTED
  } catch (error) {
    bar.stop()
    if (!(error instanceof Error) || !(isOfDatabase(error) || 'syscall' in error)) throw error
    const before = reached?.pruned
      ? `\nWhat was pruned before stays so: ${counted(reached.pruned, 'row')}.`
      : ''
    console.error(`audit: ${target.history}: ${sayRefusal(error)}${before}`)
    return 1
  } finally {
    file?.close()
    if (reached?.pruned && file && wish.reason !== undefined) console.log(`audit:   written to ${file.path}`)
  }
}

/** Of partitions: those of an ordinary table are used again by it. */
async function giveBackSpace(
  client: Client,
  home: AuditHome,
  history: string,
  { before, reason, signal }: Pick<PruneOptions, 'before' | 'reason' | 'signal'>,
): Promise<number> {
  const old = await oldPartitions(client, history, before)
  if (old.length === 0) return 0
  if (reason === undefined) {
    const all = old.length === 1 ? '1 partition is' : `${old.length} partitions are`
    console.log(
      `audit:   ${all} wholly older, and would be dropped where nothing is left, or written anew where much is gone`,
    )
    return 0
  }
  const { rows } = await looking(client, () =>
    client.query<{ isThere: boolean }>(renderLookForCompacting(home)),
  )
  if (rows[0]?.isThere !== true) {
    console.error(
      `audit: ${history}: the space of its old partitions is not given back, for the set-up is of before. Print and run it again: npx prisma-generator-audit pruner`,
    )
    return 0
  }
  let exitCode = 0
  await compactPartitions(client, home, history, {
    before,
    signal,
    onCompacted({ name, done, bytesBefore, bytes }) {
      const text =
        done === 'dropped'
          ? `is dropped: it had no row left (${renderBytes(bytesBefore)})`
          : `is written anew with what is left: ${renderBytes(bytesBefore)} before, ${renderBytes(bytes)} now`
      console.log(`audit:   partition ${name} ${text}`)
    },
    onRefused(name, error) {
      if (!(error instanceof Error) || !isOfDatabase(error)) throw error
      exitCode = 1
      console.error(
        `audit: the space of partition ${name} is not given back now: ${sayRefusal(error)}\nNothing of it was changed; the next run tries again.`,
      )
    },
  })
  return exitCode
}

/** `audit: "audit"."User_audit": 900 rows pruned; 60 older rows stay that say what a row was since, 40 that are held` */
function say(history: string, { pruned, kept, held, isComplete }: Pruned, isPlan: boolean): void {
  const stay = [
    ...(kept > 0 ? [`${kept} that say what there was since`] : []),
    ...(held > 0 ? [`${held} on legal hold`] : []),
  ]
  const rest = stay.length === 0 ? '' : `; of the older rows stay ${stay.join(', and ')}`
  const end = isComplete ? '' : '\nIt was ended before all was looked at. Run it again to go on.'
  console.log(`audit: ${history}: ${counted(pruned, 'row')} ${isPlan ? 'would go' : 'pruned'}${rest}${end}`)
}

function sayRefusal(error: Error & { hint?: string; code?: unknown }): string {
  const advice =
    error.code === '42501'
      ? 'Connect as the role that the set-up lets prune (--url), which is not the one that migrates.'
      : error.hint
  return [error.message, ...(advice === undefined ? [] : [advice])].join('\n')
}
