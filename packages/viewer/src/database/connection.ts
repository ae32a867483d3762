import pg from 'pg'
import { beginQuestion, endQuestion } from '../sql/session.ts'
import { type Sql, toQuery } from '../sql/sql.ts'
import { ViewerError } from '../viewer-error.ts'

/** Asks one question inside a read-only transaction. */
export type Ask = <Row extends object>(question: Sql) => Promise<Row[]>

/** What the viewer needs of `pg.Pool`. */
export interface ViewerPool {
  connect(): Promise<ViewerConnection>
}

export interface ViewerConnection {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>
  release(error?: Error | boolean): void
}

export interface Session {
  /** In milliseconds. */
  readonly statementTimeout: number
  readonly setting?: { readonly name: string; readonly value: string } | undefined
}

export type Questions = <T>(session: Session, work: (ask: Ask) => Promise<T>) => Promise<T>

/** A pool of our own for a connection string: few connections, which end when they are idle. */
export function ownPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: 4,
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: 10_000,
    allowExitOnIdle: true,
    application_name: 'prisma-audit-viewer',
  })
  // A connection that breaks while it is idle is replaced; without a listener it would end the process.
  pool.on('error', () => {})
  return pool
}

/**
 * Runs `work` in one READ ONLY transaction, so that all its questions see the same moment, and rolls it back.
 *
 * @throws ViewerError for what the database says that a person can do something about
 */
export function questionsOf(pool: ViewerPool): Questions {
  return async (session, work) => {
    const connection = await pool.connect().catch((error: unknown) => {
      throw new ViewerError('UNREACHABLE', 'The database cannot be reached.', { cause: error })
    })
    const ask: Ask = async <Row extends object>(question: Sql) => {
      const { text, values } = toQuery(question)
      return (await connection.query(text, values)).rows as Row[]
    }
    let broken: Error | undefined
    try {
      for (const statement of beginQuestion(session)) await ask(statement)
      return await work(ask)
    } catch (error) {
      throw toViewerError(error)
    } finally {
      await ask(endQuestion).catch((error: Error) => {
        broken = error
      })
      connection.release(broken)
    }
  }
}

const INVALID = new Set(['22P02', '22007', '22008', '22003', '22P03', '22021'])

function toViewerError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (error instanceof ViewerError) return error
  if (code === '57014' || code === '55P03') {
    return new ViewerError(
      'TOO_SLOW',
      'The question took too long and was stopped. Narrow it by table or time, or give the history an index.',
      { cause: error },
    )
  }
  if (INVALID.has(code)) {
    return new ViewerError('INVALID', `A value of the question does not fit: ${(error as Error).message}.`, {
      cause: error,
    })
  }
  if (code === '42501') {
    return new ViewerError(
      'NO_RIGHT',
      'The role of this connection may not read that history. npx prisma-generator-audit reader prints the rights that it needs.',
      { cause: error },
    )
  }
  return error
}
