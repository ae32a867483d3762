import type { Client } from 'pg'
import { type Recorded, toldOf } from '../installation/told.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { chooseTables, tableName } from './chosen-tables.ts'
import { BEGUN, type ComparedTable, compareLive } from './compare-live.ts'
import { adviceOn, isOfDatabase } from './database-client.ts'
import { INTERRUPTED } from './exit-codes.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { readExpected, withConnection } from './installation.ts'
import { type Places, readPlaces, removePlaces, writePlaces } from './place-file.ts'
import { progressBar } from './progress-bar.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { readRecorded } from './read-recorded.ts'
import { type LiveVerification, renderLive, renderLiveJson } from './verify-live-report.ts'
import { wholeNumber } from './whole-number.ts'

export interface VerifyLiveFlags extends DatabaseFlags {
  /** Of the other kind of `verify`. */
  readonly anchor?: string | undefined
  readonly model?: string | undefined
  readonly batchSize: string
  readonly pause: string
  /** Where a run that is ended leaves how far it came, and the next goes on. */
  readonly place?: string | undefined
  readonly json?: boolean | undefined
}

/**
 * Says on stdout whether the histories tell how the tables are: which writes went past the triggers. Writes nothing to the database.
 *
 * @returns the exit code: 0 where nothing is missed, 1 where something is, 2 where a table could not be compared, 130 when a signal
 * ended it
 * @throws ProjectNotFoundError where it could not look: no project, no database, migrations that are not applied
 */
export async function verifyLive(flags: VerifyLiveFlags, cwd: string): Promise<number> {
  if (flags.anchor !== undefined) {
    throw new ProjectNotFoundError('--anchor is about seals: run verify once with it, and once with --live.')
  }
  const size = wholeNumber('--batch-size', flags.batchSize, 1)
  const pause = wholeNumber('--pause', flags.pause, 0)
  const url = await findDatabaseUrl(flags, cwd)
  const expected = await readExpected(flags, cwd, url)
  const tables = chooseTables(expected, flags.model)
  const verification = await withConnection(url, 'verify --live', async (client, signal) => {
    const { database, recorded } = await readRecorded(client, expected)
    const run = { size, pause, signal, place: flags.place, database }
    return compareTables(client, tables, recorded, run)
  })
  console.log(flags.json ? renderLiveJson(verification) : renderLive(verification))
  if (verification.tables.some(({ reached }) => reached !== undefined && reached.missed > 0)) return 1
  if (verification.tables.some(({ problem }) => problem !== undefined)) return 2
  return verification.isComplete ? 0 : INTERRUPTED
}

export interface CompareRun {
  readonly size: number
  readonly pause: number
  readonly signal: AbortSignal
  readonly place: string | undefined
  readonly database: string
}

/** Compares them one after the other; what PostgreSQL refuses of one does not end the others. */
export async function compareTables(
  client: Client,
  tables: readonly AuditTableObject[],
  recorded: Recorded | undefined,
  { place, database, ...run }: CompareRun,
): Promise<LiveVerification> {
  let places: Places = readPlaces(place, database)
  const results: LiveVerification['tables'][number][] = []
  for (const table of tables) {
    const name = tableName(table)
    if (run.signal.aborted) break
    if (table.key.length === 0) {
      results.push({ table, reached: undefined, note: 'it has no key, so its rows cannot be told apart' })
      continue
    }
    const bar = progressBar(name, '{value} of about {total} rows compared, {missed} missed')
    const onProgress = (reached: ComparedTable, total: number) => {
      places = { ...places, [name]: reached }
      writePlaces(place, database, places)
      bar.update(reached.rows, total, { missed: reached.missed })
    }
    try {
      const told = toldOf(table, recorded)
      const reached = await compareLive(client, told, places[name] ?? BEGUN, { ...run, onProgress })
      results.push({ table, reached })
    } catch (error) {
      if (!isOfDatabase(error)) throw error
      results.push({ table, reached: places[name], problem: `${error.message}${adviceOn(error)}` })
    } finally {
      bar.stop()
    }
  }
  const isComplete = results.length === tables.length && results.every(isDone)
  if (isComplete) removePlaces(place)
  return { tables: results, isComplete, place }
}

function isDone({ reached, note }: LiveVerification['tables'][number]): boolean {
  return note !== undefined || reached?.pass === 'done'
}
