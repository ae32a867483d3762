import type { Client } from 'pg'
import { ErasureWishError } from '../erasure-history.ts'
import {
  actorErasure,
  type ErasureTarget,
  type LeftAside,
  NOTHING_LEFT,
  wishedErasure,
} from '../erasure-targets.ts'
import { beginErasing, renderErase, renderErasures, renderLookForErasure } from '../sql/erasing.ts'
import type { AuditHome } from '../state/database-state.ts'
import { inTransaction, isOfDatabase, looking, withDatabase } from './database-client.ts'
import { type ErasureAnswer, renderErasure, renderErasureJson } from './erase-report.ts'
import { type ErasureProject, readErasureProject } from './erasure-project.ts'
import { appendRecords, assertWritable, type ErasureRecord, readRecords } from './erasure-record.ts'
import { INTERRUPTED } from './exit-codes.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { counted } from './seal-report.ts'

export interface EraseFlags extends DatabaseFlags {
  readonly model?: string | undefined
  readonly id?: string | undefined
  /** `email,profile.address.street` */
  readonly fields?: string | undefined
  /** `username,current_user` */
  readonly settings?: string | undefined
  /** `username=ann`: who and why of whatever history says that ann did it. */
  readonly actor?: string | undefined
  readonly reason?: string | undefined
  /** The plan that is to be carried out. */
  readonly confirm?: string | undefined
  readonly dryRun?: boolean | undefined
  /** A file that all erasures are written to, kept outside the database. */
  readonly record?: string | undefined
  /** Such a file: what it says is erased again. */
  readonly replay?: string | undefined
  readonly json?: boolean | undefined
}

/** What `audit.erase` is given, and what a person should be told besides. */
interface Request {
  readonly targets: readonly (ErasureTarget | unknown)[]
  readonly reason: string | undefined
  readonly left: LeftAside
}

/**
 * Plans an erasure, or carries out the plan that is confirmed: all of it in one transaction, or nothing.
 *
 * @returns the exit code: 0 when it was planned or erased, 1 where the database refused, 130 when a signal ended it before anything
 * was erased
 * @throws ProjectNotFoundError where there is nothing to look at: no project, no database, no set-up, a mistake in what is asked for
 */
export async function erase(flags: EraseFlags, cwd: string): Promise<number> {
  assertFlags(flags)
  const replayed = flags.replay === undefined ? undefined : readRecords(flags.replay)
  if (flags.record !== undefined) assertWritable(flags.record)
  // Before anything else reads the configuration: see `readDatasourceUrl`.
  const connectionString = await findDatabaseUrl(flags, cwd)
  const project = await readErasureProject(flags, cwd)
  const request = replayed === undefined ? wished(project, flags) : replay(replayed, flags)
  return withDatabase(connectionString, 'erase', async (client, signal) => {
    try {
      await assertSetUp(client, project.home)
      return await run(client, project.home, request, flags, signal)
    } catch (error) {
      if (!isOfDatabase(error)) throw error
      console.error(`audit: ${sayRefusal(error)}`)
      return 1
    }
  })
}

/**
 * What of the records in a file this database still has.
 *
 * @throws ProjectNotFoundError where the file holds none, or erasure is not set up
 * @throws Error of `pg` where the role may not erase
 */
export async function planReplay(client: Client, home: AuditHome, file: string): Promise<ErasureAnswer> {
  const { targets, reason } = replay(readRecords(file), { reason: undefined })
  await assertSetUp(client, home)
  return inTransaction(client, beginErasing(), async () => {
    const { rows } = await client.query<{ erased: ErasureAnswer }>(renderErase(home), [
      JSON.stringify(targets),
      reason ?? null,
      null,
    ])
    const answer = rows[0]?.erased
    if (answer === undefined) throw new Error('audit.erase gave no row')
    return answer
  })
}

function assertFlags({
  model,
  id,
  fields,
  settings,
  actor,
  reason,
  confirm,
  dryRun,
  record,
  replay: file,
}: EraseFlags): void {
  const isOfRow = [model, id, fields, settings].some((each) => each !== undefined)
  const asks = isOfRow || actor !== undefined
  const problem = [
    [
      file !== undefined && asks,
      '--replay says what is to be erased: --model, --id, --fields, --settings and --actor have no place beside it.',
    ],
    [
      file === undefined && !asks && record === undefined,
      'Say what is to be erased: --model User --id 42, and --fields email,name unless the schema says what is personal',
    ],
    [
      isOfRow && (model === undefined || id === undefined),
      'Say whose history is meant: --model User --id 42',
    ],
    [
      actor !== undefined && !/^[^=]+=./.test(actor),
      'Say who did it, and by which setting: --actor username=ann',
    ],
    [dryRun && confirm !== undefined, '--dry-run plans, and --confirm carries out: give one of them.'],
    [
      confirm !== undefined && file === undefined && !asks,
      '--confirm carries out a plan: say of what, as when it was planned.',
    ],
    [
      confirm !== undefined && file === undefined && (reason ?? '').trim() === '',
      'An erasure needs a reason, which is recorded: --reason "request of 4 March, ticket 4711". No personal data.',
    ],
  ].find(([isWrong]) => isWrong)
  if (problem !== undefined) throw new ProjectNotFoundError(String(problem[1]))
}

function wished({ model, recorded }: ErasureProject, flags: EraseFlags): Request {
  try {
    const { model: name, id, actor } = flags
    const row =
      name === undefined || id === undefined
        ? { targets: [], left: NOTHING_LEFT }
        : wishedErasure(model, recorded, {
            model: name,
            id,
            fields: names(flags.fields),
            settings: names(flags.settings),
          })
    const [setting = '', ...value] = (actor ?? '').split('=')
    const done = actor === undefined ? [] : actorErasure(recorded, { setting, value: value.join('=') })
    return { targets: [...row.targets, ...done], left: row.left, reason: flags.reason }
  } catch (error) {
    if (error instanceof ErasureWishError) throw new ProjectNotFoundError(error.message, { cause: error })
    throw error
  }
}

function names(list: string | undefined): readonly string[] {
  return (list ?? '').split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
}

/** The rows of each record, by their numbers and times: a row that has the number of one that is gone is another row. */
function replay(records: readonly ErasureRecord[], { reason }: Pick<EraseFlags, 'reason'>): Request {
  const reasons = [...new Set(records.map((record) => record.reason))]
  return {
    targets: records.flatMap(({ erased }) => erased),
    reason: reason ?? `replay of ${counted(records.length, 'erasure')}: ${reasons.join('; ')}`,
    left: NOTHING_LEFT,
  }
}

async function assertSetUp(client: Client, home: AuditHome): Promise<void> {
  const { rows } = await looking(client, () => client.query<{ isThere: boolean }>(renderLookForErasure(home)))
  if (rows[0]?.isThere) return
  throw new ProjectNotFoundError(
    'Erasure is not set up in this database. Print the set-up, read it, and run it once: npx prisma-generator-audit eraser --role app_eraser --by privacy_officer',
  )
}

async function run(
  client: Client,
  home: AuditHome,
  { targets, reason, left }: Request,
  flags: EraseFlags,
  signal: AbortSignal,
): Promise<number> {
  if (targets.length > 0) {
    await client.query(beginErasing())
    const parameters = [JSON.stringify(targets), reason ?? null, flags.confirm ?? null]
    const { rows } = await client.query<{ erased: ErasureAnswer }>(renderErase(home), parameters)
    const answer = rows[0]?.erased
    if (answer === undefined) throw new Error('audit.erase gave no row')
    // Until here all of it can still be taken back.
    if (signal.aborted) {
      await client.query('ROLLBACK')
      console.error('audit: it was ended. Nothing was erased.')
      return INTERRUPTED
    }
    await commit(client, flags.confirm !== undefined && answer.rows > 0)
    const isDone = flags.confirm !== undefined
    console.log(flags.json ? renderErasureJson(answer, isDone, left) : renderErasure(answer, isDone, left))
  }
  return flags.record === undefined ? 0 : keepRecord(client, home, flags.record, targets.length > 0)
}

/** A connection that breaks here leaves it open whether the database had it already. */
async function commit(client: Client, isErasing: boolean): Promise<void> {
  try {
    await client.query('COMMIT')
  } catch (error) {
    if (!isErasing || !isOfDatabase(error)) throw error
    throw Object.assign(
      new Error(
        `${error.message}\nWhether it was erased is not known: plan again, which shows what is left.`,
      ),
      { code: 'commit' },
    )
  }
}

/** The database has its own record already; what this file lacks is written now or by any later run. */
async function keepRecord(client: Client, home: AuditHome, path: string, isErased: boolean): Promise<number> {
  try {
    const { rows } = await inTransaction(client, beginErasing(), () =>
      client.query<ErasureRecord>(renderErasures(home)),
    )
    const missing = appendRecords(path, rows)
    console.error(
      `audit: ${path} has what was erased in this database: ${counted(rows.length, 'erasure')}, ${missing} of them new`,
    )
    return 0
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const done = isErased ? 'It is erased, and recorded in the database, but not' : 'Not'
    console.error(
      `audit: ${done} written to ${path}: ${error.message}\nOnce it can be written: npx prisma-generator-audit erase --record ${path}`,
    )
    return 1
  }
}

function sayRefusal(error: Error & { hint?: string; code?: unknown }): string {
  const advice =
    error.code === '42501'
      ? 'Connect as the role that the set-up lets erase (--url), which is not the one that migrates.'
      : error.hint
  return [error.message, ...(advice === undefined ? [] : [advice])].join('\n')
}
