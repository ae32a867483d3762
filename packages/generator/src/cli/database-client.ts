import pg from 'pg'
import { beginLook } from '../sql/live-installation.ts'
import { InterruptedError, isGivenUp, onInterruption } from './interruption.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

export interface DatabaseWork {
  /** It has no steps of its own, so a signal gives up the statement that is running. */
  readonly isAtOnce?: boolean
}

/**
 * Runs `work` on a connection of its own. A signal to end (Ctrl-C) aborts `signal`, and it is up to `work` to end where nothing
 * is half done; see `onInterruption`. Until it is connected nothing is begun, and a signal ends the process.
 *
 * @throws ProjectNotFoundError where the database cannot be reached
 * @throws InterruptedError where a signal gave up a statement
 */
export async function withDatabase<T>(
  connectionString: string,
  command: string,
  work: (client: pg.Client, signal: AbortSignal) => Promise<T>,
  { isAtOnce = false }: DatabaseWork = {},
): Promise<T> {
  const client = new pg.Client({ connectionString, application_name: `prisma-generator-audit ${command}` })
  // A connection that breaks makes its query fail; without a listener it would end the process besides.
  client.on('error', () => {})
  await connect(client)
  const interruption = onInterruption(client, connectionString, isAtOnce)
  try {
    return await work(client, interruption.signal)
  } catch (error) {
    if (!isGivenUp(error)) throw error
    throw new InterruptedError({ cause: error })
  } finally {
    // What was done is still to be said, so a signal must not end the process before that.
    await client.end().catch(() => {})
    interruption.ignore()
  }
}

async function connect(client: pg.Client): Promise<void> {
  try {
    await client.connect()
  } catch (error) {
    await client.end().catch(() => {})
    if (!isOfDatabase(error)) throw error
    throw new ProjectNotFoundError(`The database cannot be reached: ${error.message}`, { cause: error })
  }
}

/**
 * Anything else is a fault of ours. A connection that ends has no code, during a query or between two. What a person gave up is
 * nothing that the database refused.
 */
export function isOfDatabase(error: unknown): error is Error {
  return error instanceof Error && !isGivenUp(error) && ('code' in error || LOST.test(error.message))
}

const LOST = /^Connection terminated|is not queryable$|timeout/

/** What to do where only the owner may do what was asked for. */
export function adviceOn(error: Error): string {
  return 'code' in error && error.code === '42501'
    ? '\nRun it as the owner of the audit tables, as migrations are.'
    : ''
}

/**
 * Runs `work` in a transaction that only reads, and pins search_path: outside of one, functions and operators that any role may have made
 * would be taken for PostgreSQL's own, and run as whoever asks.
 */
export function looking<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  return inTransaction(client, beginLook(), work)
}

/** Runs `work` in a transaction that `begin` begins; an error rolls it back. */
export async function inTransaction<T>(
  client: pg.ClientBase,
  begin: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    // Part of it may be refused, as where a lock is in the way.
    await client.query(begin)
    const result = await work()
    await client.query('COMMIT')
    return result
  } catch (error) {
    // A connection that is gone has nothing to roll back.
    await client.query('ROLLBACK').catch(() => {})
    throw error
  }
}
