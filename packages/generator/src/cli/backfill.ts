import type pg from 'pg'
import type { AuditTableObject } from '../state/database-state.ts'
import { type BaselineProgress, BaselineRefusedError, writeBaseline } from './baseline-batches.ts'
import { adviceOn, isOfDatabase, withDatabase } from './database-client.ts'
import { INTERRUPTED } from './exit-codes.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { readFoldedProject } from './folded-project.ts'
import { progressBar } from './progress-bar.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { wholeNumber } from './whole-number.ts'

export interface BackfillFlags extends DatabaseFlags {
  readonly batchSize: string
  readonly pause: string
}

/**
 * Writes the baselines that the migrations have left out: of every audited table with `backfill`, in batches. Runs again
 * where it was ended.
 *
 * @returns the exit code: 0 when all is written, 1 when a table was refused or failed, 130 when a signal ended it
 * @throws ProjectNotFoundError where there is no project, or no database
 */
export async function backfill(flags: BackfillFlags, cwd: string): Promise<number> {
  const size = wholeNumber('--batch-size', flags.batchSize, 1)
  const pause = wholeNumber('--pause', flags.pause, 0)
  // Before anything else reads the configuration: see `readDatasourceUrl`.
  const connectionString = await findDatabaseUrl(flags, cwd)
  const tables = await tablesWithBaseline(flags, cwd)
  if (tables.length === 0) {
    console.error(
      'audit: no migration asks for a baseline: put backfill: batches into @audit(…), and migrate',
    )
    return 0
  }
  return withDatabase(connectionString, 'backfill', async (client, signal) => {
    let exitCode = 0
    for (const table of tables) {
      exitCode = Math.max(exitCode, await backfillTable(client, table, { size, pause, signal }))
      if (exitCode === INTERRUPTED) break
    }
    return exitCode
  })
}

/** As the migrations have it, and not the schema: what is not migrated yet has no history to write to. */
async function tablesWithBaseline(flags: BackfillFlags, cwd: string): Promise<readonly AuditTableObject[]> {
  const { folder, folded } = await readFoldedProject(flags, cwd)
  if (folder === undefined) throw new ProjectNotFoundError('There is no migrations folder.')
  return folded.state.tables.filter(
    ({ backfill: wanted, capturing, key }) => wanted !== undefined && capturing && key.length > 0,
  )
}

async function backfillTable(
  client: pg.Client,
  table: AuditTableObject,
  options: { readonly size: number; readonly pause: number; readonly signal: AbortSignal },
): Promise<number> {
  const name = `${table.source.schema}.${table.source.name}`
  const bar = progressBar(name, '{value} of about {total} rows read, {written} recorded')
  let reached: BaselineProgress | undefined
  const onProgress = (progress: BaselineProgress) => {
    reached = progress
    bar.update(progress.read, progress.total, { written: progress.written })
  }
  try {
    const { read, written, isComplete } = await writeBaseline(client, table, { ...options, onProgress })
    bar.stop()
    const end = isComplete
      ? ''
      : '\nIt was ended before all was read. What is recorded stays: run it again to go on.'
    console.error(`audit: ${name}: ${read} rows read, ${written} recorded that had no history${end}`)
    return isComplete ? 0 : INTERRUPTED
  } catch (error) {
    bar.stop()
    if (!(error instanceof BaselineRefusedError) && !isOfDatabase(error)) throw error
    const done =
      reached === undefined
        ? ''
        : `\nThe ${reached.written} rows that were recorded stay: run it again to go on.`
    console.error(`audit: ${name}: ${error.message}${adviceOn(error)}${done}`)
    return 1
  }
}
