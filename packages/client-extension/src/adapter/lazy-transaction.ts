import { mayHoldSeveral, withoutLeadingComments } from '../raw-statement.ts'
import { isSettingsStatement, type SettingsStatement } from '../settings-statement.ts'
import { giveBack, isIdle, isIdleAfterError } from './idle-connection.ts'
import { type PgPoolClient, type PgQueryConfig, type PgResult, property } from './pg-driver.ts'
import type { MakePrefixedQuery } from './prefixed-query.ts'
import { sentQuery } from './sent-query.ts'

/**
 * - `lazy`: the connection is taken, nothing is sent: BEGIN, isolation level and settings wait for the first statement
 * - `first`: the first flush is under way; what comes meanwhile waits for its outcome, for without BEGIN it would run
 *   and be committed each by itself
 * - `open`: the server has acknowledged BEGIN
 * - `dead`: BEGIN was sent and not acknowledged: nothing but the end is let through
 * - `ending`: COMMIT or ROLLBACK is under way; what comes meanwhile waits: it would be committed by itself, or, once the
 *   connection is given back, run in the transaction of whoever has it then
 * - `over`: the connection is given back, and nothing more is sent on it. Prisma goes on with the statements of a nested write
 *   whose transaction has ended meanwhile, at its time limit for one
 */
type Phase = 'lazy' | 'first' | 'open' | 'dead' | 'ending' | 'over'

/** The connection of a transaction, as adapter-pg uses it. */
export interface TransactionConnection {
  query(config: PgQueryConfig): Promise<PgResult>
  release(destroy?: boolean | Error): void
  on: PgPoolClient['on']
  removeListener: PgPoolClient['removeListener']
}

/** Statements that must come before the first snapshot, which `SELECT set_config(…)` would take. */
const precedesSnapshot = /^(?:set\s+(?:local\s+|session\s+)?transaction|lock)\b/i
/** COPY needs the simple protocol, as several statements in one text do. */
const copy = /^copy\b/i

/**
 * Saves the round trips of BEGIN and of the settings: they go out with the first statement, in one flush.
 *
 * @param settings those of an operation that opens a transaction for itself (a nested write)
 */
export function lazyTransaction(
  client: PgPoolClient,
  makeQuery: MakePrefixedQuery,
  settings: SettingsStatement | undefined,
): TransactionConnection {
  let phase: Phase = 'lazy'
  let begin = 'BEGIN'
  /** Those of the last context given, and those that have still to be sent. */
  let current = settings
  let pending = settings
  let isEnded = false
  /** Why the transaction is dead. */
  let failure: unknown
  /** Statements that came while the first flush or the end was under way, in their order. */
  const waiting: (() => void)[] = []

  function query(config: PgQueryConfig): Promise<PgResult> {
    if (phase === 'over') return Promise.reject(transactionOver())
    if (phase === 'first' || phase === 'ending') {
      return new Promise((resolve, reject) => waiting.push(() => void query(config).then(resolve, reject)))
    }
    if (isEnd(config)) return end(config)
    if (phase === 'dead') return Promise.reject(transactionAborted())
    if (isSettingsStatement(config)) {
      // The last word counts: a later context replaces one that was not sent.
      current = pending = config
      return local('SELECT', 0)
    }
    return phase === 'open' ? sendOpen(config) : sendFirst(config)
  }

  async function sendOpen(config: PgQueryConfig): Promise<PgResult> {
    // Somebody has ended the transaction with a statement of their own: each one carries its settings from here on.
    if (isIdle(client)) pending = current
    isEnded = false
    const result = await sendWithPending(config)
    // COMMIT AND CHAIN, or a savepoint rolled back that is older than the settings.
    if (endsOrUndoes(result)) pending ??= current
    return result
  }

  function sendWithPending(config: PgQueryConfig): Promise<PgResult> {
    const now = takePending(config)
    if (now === undefined) return client.query(config)
    if (isSimple(config)) {
      // Both are queued at once; should the settings fail, the transaction is aborted and the statement fails too.
      client.query(now).catch(() => undefined)
      return client.query(config)
    }
    return sentQuery(client, makeQuery(config, [now]))
  }

  function sendFirst(config: PgQueryConfig): Promise<PgResult> {
    if (config.text === 'BEGIN' && begin === 'BEGIN') return local('BEGIN')
    const level = /^SET TRANSACTION (ISOLATION LEVEL [A-Z ]+)$/.exec(config.text)?.[1]
    if (level !== undefined && begin === 'BEGIN') {
      begin = `BEGIN ${level}`
      return local('SET')
    }
    const head: SettingsStatement = { text: begin, values: [] }
    if (isSimple(config)) return behindBegin(config, head)
    const now = takePending(config)
    return firstFlush(config, now === undefined ? [head] : [head, now])
  }

  /** BEGIN with the settings, and the statement right behind them, before all that waits. */
  function behindBegin(config: PgQueryConfig, head: SettingsStatement): Promise<PgResult> {
    return new Promise((resolve, reject) => {
      waiting.push(() => (phase === 'dead' ? reject(failure) : void query(config).then(resolve, reject)))
      const now = takePending(config)
      const flush = now === undefined ? firstFlush(head, []) : firstFlush(now, [head])
      flush.catch(() => undefined)
    })
  }

  /** The settings that are to be sent with a statement; they wait on where that must come before the first snapshot. */
  function takePending(config: PgQueryConfig): SettingsStatement | undefined {
    if (mustPrecedeSnapshot(config)) return undefined
    const now = pending
    pending = undefined
    return now
  }

  function firstFlush(config: PgQueryConfig, prefix: readonly SettingsStatement[]): Promise<PgResult> {
    let isBegun = false
    phase = 'first'
    isEnded = false
    return new Promise((resolve, reject) => {
      const sent = makeQuery(config, prefix, () => {
        isBegun = true
      })
      sent.callback = (error, result) => {
        isBegun ||= !error
        if (phase === 'first') phase = isBegun ? 'open' : 'dead'
        failure = error
        if (result !== undefined && endsOrUndoes(result)) pending ??= current
        goOn()
        if (error || result === undefined) reject(error)
        else resolve(result)
      }
      client.query(sent)
    })
  }

  async function end(config: PgQueryConfig): Promise<PgResult> {
    if (phase === 'lazy') {
      isEnded = true
      return local(config.text)
    }
    const before = phase
    phase = 'ending'
    try {
      // Of a transaction that never began nothing can be committed.
      const result = await client.query(before === 'dead' ? { text: 'ROLLBACK' } : config)
      isEnded = true
      if (before === 'dead' && config.text === 'COMMIT') throw transactionAborted()
      return result
    } catch (error) {
      // A COMMIT that a deferred constraint refuses has ended the transaction none the less. Without an answer the state is an old one.
      isEnded ||= before === 'open' && isAnswer(error) && (await isIdleAfterError(client))
      throw error
    } finally {
      // Prisma gives the connection back right then. Where it does not, the end was a statement of the application's.
      setImmediate(() => {
        if (phase !== 'ending') return
        phase = before
        goOn()
      })
    }
  }

  function goOn(): void {
    for (const next of waiting.splice(0)) next()
  }

  return {
    query,
    /** A connection whose transaction end was not acknowledged is in an unknown state: it is destroyed. */
    release(destroy) {
      const isUncertain = phase !== 'lazy' && !isEnded
      phase = 'over'
      goOn()
      giveBack(client, destroy || isUncertain || !isIdle(client))
    },
    on: (event, listener) => client.on(event, listener),
    removeListener: (event, listener) => client.removeListener(event, listener),
  }
}

function isEnd({ text }: PgQueryConfig): boolean {
  return text === 'COMMIT' || text === 'ROLLBACK'
}

/** Whether it is PostgreSQL that reports it. */
function isAnswer(error: unknown): boolean {
  return typeof property(error, 'severity') === 'string'
}

/** Of several statements in one text pg gives several results. */
function endsOrUndoes(result: PgResult): boolean {
  const results: readonly PgResult[] = Array.isArray(result) ? result : [result]
  return results.some(({ command }) => command === 'COMMIT' || command === 'ROLLBACK')
}

function mustPrecedeSnapshot({ text }: PgQueryConfig): boolean {
  return precedesSnapshot.test(withoutLeadingComments(text))
}

function isSimple({ text, values, name }: PgQueryConfig): boolean {
  if (name || (values !== undefined && values.length > 0)) return false
  return mayHoldSeveral(text) || copy.test(withoutLeadingComments(text))
}

/** What PostgreSQL would have answered to a statement that waits. */
async function local(command: string, rowCount: number | null = null): Promise<PgResult> {
  return { command, rowCount, rows: [], fields: [] }
}

/** For a statement of a transaction that has ended. */
function transactionOver(): Error {
  const message =
    'the transaction has ended, at its time limit or with its callback: this statement of it was not sent'
  return Object.assign(new Error(message), { severity: 'ERROR', code: '25P01' })
}

/** As PostgreSQL reports it, for a statement that is not sent to it. */
function transactionAborted(): Error {
  const message = 'current transaction is aborted, commands ignored until end of transaction block'
  return Object.assign(new Error(message), { severity: 'ERROR', code: '25P02' })
}
