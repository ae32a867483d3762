import pg from 'pg'

/** A signal ended a command before its end. The message is for the person. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'

  constructor(options?: ErrorOptions) {
    super(
      'audit: it was ended by a signal. Nothing is half done, and what was done before stays: run it again to go on.',
      options,
    )
  }
}

export interface Interruption {
  /** Aborted by the first signal: the command ends where nothing is half done. */
  readonly signal: AbortSignal
  readonly ignore: () => void
}

/** A process runs one command. */
let hasGivenUp = false

/** Whether the error is that of a statement which a signal gave up; others have a time-out or an administrator behind them. */
export function isGivenUp(error: unknown): boolean {
  return hasGivenUp && error instanceof Error && 'code' in error && error.code === '57014'
}

/**
 * What Ctrl-C means while a connection is open. The first one asks the command to end; it goes on to the end of its step, unless it has
 * no steps (`isAtOnce`). The next one gives up the statement that is running, which PostgreSQL then takes back; the one after ends the
 * process.
 */
export function onInterruption(client: pg.Client, connectionString: string, isAtOnce: boolean): Interruption {
  const stop = new AbortController()
  const interrupt = () => {
    if (!stop.signal.aborted) {
      stop.abort()
      if (!isAtOnce) return
    }
    hasGivenUp = true
    ignore()
    // It may be between two statements; then the next step sees that it was asked to end.
    cancelStatement(client, connectionString).catch(() => {})
  }
  const ignore = () => {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  return { signal: stop.signal, ignore }
}

async function cancelStatement(client: pg.Client & { processID?: number }, connectionString: string) {
  const other = new pg.Client({ connectionString, application_name: 'prisma-generator-audit, ending' })
  other.on('error', () => {})
  await other.connect()
  await other.query('SELECT pg_catalog.pg_cancel_backend($1)', [client.processID]).finally(() => other.end())
}
