import { AuditContextError } from '../errors.ts'
import type { FastPath } from '../fast-path.ts'
import { settingsStatement } from '../settings-statement.ts'
import { property, unsupportedDriver } from './pg-driver.ts'

interface Query {
  readonly sql: string
  readonly args: readonly unknown[]
  readonly argTypes: readonly unknown[]
}

interface Queryable {
  queryRaw(query: Query): Promise<{ readonly rows: readonly (readonly unknown[])[] }>
  executeRaw(query: Query): Promise<number>
}

interface Adapter extends Queryable {
  startTransaction(
    isolationLevel?: string,
  ): Promise<Queryable & { commit(): Promise<void>; rollback(): Promise<void> }>
}

const settings = [['probe', 'carried']] as const

/** What the probe has seen of the server. */
export interface Probed {
  /** PostgreSQL's own `version()`. */
  readonly version: string
}

/**
 * Proves once, on a real connection, that these versions of adapter-pg and pg carry a setting with a single statement
 * and with a transaction. A version that passes its arguments in another way would lose the context in silence.
 *
 * @throws AuditContextError `UNSUPPORTED_DRIVER`; an error of the connection itself comes out as it is
 */
export async function probe(connected: object, fastPath: FastPath): Promise<Probed> {
  assertAdapter(connected)
  const single = await Promise.resolve(
    fastPath.single(settings, () => connected.queryRaw(query(readBack))),
  ).catch((error: unknown) => {
    if (!(error instanceof AuditContextError)) throw error
    throw unsupportedDriver('a single statement did not carry its context', error)
  })
  expectCarried('a single statement', property(single, 'rows'), 'carried')
  const { text, values } = settingsStatement(settings)
  const transaction = await connected.startTransaction('REPEATABLE READ')
  let row: readonly unknown[] = []
  try {
    await transaction.executeRaw({ sql: text, args: values, argTypes: values.map(() => textType) })
    const sql = `${readBack}, current_setting('transaction_isolation'), pg_catalog.version()`
    row = (await transaction.queryRaw(query(sql))).rows[0] ?? []
    await transaction.executeRaw(query('ROLLBACK'))
  } finally {
    await transaction.rollback()
  }
  expectCarried('a transaction', [row.slice(0, 2)], 'carried,repeatable read')
  return { version: String(row[2]) }
}

/**
 * The server's `version()`, where the probe did not get as far. One that mixes the answers may give another's: it is asked a few times.
 *
 * @returns `''` where nothing is told
 */
export async function askVersion(connected: object): Promise<string> {
  assertAdapter(connected)
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const answer = await connected.queryRaw(query('SELECT pg_catalog.version()')).catch(() => undefined)
    const version = String(answer?.rows[0]?.[0])
    if (version.startsWith('PostgreSQL')) return version
  }
  return ''
}

const readBack = `SELECT current_setting('audit.probe', true)`
const textType = { scalarType: 'string', arity: 'scalar' }

function query(sql: string): Query {
  return { sql, args: [], argTypes: [] }
}

function expectCarried(what: string, rows: unknown, expected: string): void {
  const found = Array.isArray(rows) ? String(rows[0]) : 'nothing'
  if (found !== expected)
    throw unsupportedDriver(`${what} did not carry its context (found ${JSON.stringify(found)})`)
}

function assertAdapter(connected: object): asserts connected is Adapter {
  const missing = ['queryRaw', 'executeRaw', 'startTransaction'].filter(
    (name) => typeof property(connected, name) !== 'function',
  )
  if (missing.length === 0) return
  throw new AuditContextError(
    'UNSUPPORTED_DRIVER',
    `The driver adapter does not offer ${missing.join(', ')}.`,
  )
}
