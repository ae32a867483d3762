import { AuditContextError } from '../errors.ts'

/**
 * The parts of `pg` that the fast path stands on, seen in pg 8.16 to 8.23. Those of `Query` and of the connection are
 * not documented; `assertPgDriver` and the probe prove at connect that they are there and do what is expected of them.
 */
export interface PgQueryConfig {
  readonly text: string
  readonly values?: readonly unknown[]
  readonly name?: string | undefined
}

export interface PgResult {
  readonly command: string
  readonly rowCount: number | null
  readonly rows: readonly unknown[]
  readonly fields: readonly unknown[]
}

export type PgCallback = (error: Error | null | undefined, result?: PgResult) => void

/** What is written between two Syncs. */
export interface PgConnection {
  parse(message: { text: string; name: string; types: undefined }): void
  bind(message: { portal: string; statement: string; values: readonly string[] }): void
  execute(message: { portal: string; rows: number }): void
  /** Names of statements whose Parse is on its way. pg 8.17 and later. */
  readonly submittedNamedStatements?: Record<string, string>
}

export interface PgQuery {
  name: string | undefined
  callback: PgCallback | undefined
  submit(connection: PgConnection): Error | null
  requiresPreparation(): boolean
  prepare(connection: PgConnection): void
  handleRowDescription(message: unknown): void
  handleDataRow(message: unknown): void
  handleCommandComplete(message: unknown, connection: PgConnection): void
  handleError(error: Error, connection: PgConnection): void
}

export type PgQueryClass = new (config: PgQueryConfig) => PgQuery

export interface PgPoolClient {
  query(query: PgQuery): unknown
  query(config: PgQueryConfig): Promise<PgResult>
  on(event: string, listener: (...values: never[]) => void): unknown
  removeListener(event: string, listener: (...values: never[]) => void): unknown
  release(destroy?: boolean | Error): void
  getTransactionStatus?(): string | null
}

export interface PgPool {
  query(config: PgQueryConfig): Promise<PgResult>
  connect(callback: (error: Error | undefined, client: PgPoolClient | undefined) => void): void
  on(event: 'release', listener: (error: unknown, client: PgPoolClient) => void): unknown
  on(event: 'remove', listener: (client: PgPoolClient) => void): unknown
  readonly Client: { readonly Query: PgQueryClass }
  /** How many of its connections nobody has. */
  readonly idleCount: number
  readonly options?: { readonly max?: number }
}

const queryMethods = [
  'submit',
  'requiresPreparation',
  'prepare',
  'handleRowDescription',
  'handleDataRow',
  'handleCommandComplete',
  'handleError',
]

/** @throws AuditContextError `UNSUPPORTED_DRIVER` where the pool is none of pg's JavaScript driver */
export function assertPgPool(pool: unknown): asserts pool is PgPool {
  const client = property(pool, 'Client')
  const prototype = property(property(client, 'Query'), 'prototype')
  const missing = [
    ...['query', 'connect', 'on']
      .filter((name) => typeof property(pool, name) !== 'function')
      .map((name) => `Pool.${name}`),
    ...queryMethods
      .filter((name) => typeof property(prototype, name) !== 'function')
      .map((name) => `Query.${name}`),
  ]
  if (missing.length > 0) throw unsupportedDriver(`this version of pg does not offer ${missing.join(', ')}`)
}

export function unsupportedDriver(problem: string, cause?: unknown): AuditContextError {
  return new AuditContextError('UNSUPPORTED_DRIVER', `auditAdapter() cannot be used: ${problem}.`, {
    hint: 'Give PrismaClient the adapter itself, without auditAdapter(): the extension is right with every adapter, only slower.',
    ...(cause === undefined ? {} : { cause }),
  })
}

export function property(value: unknown, name: string): unknown {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
    ? Reflect.get(value, name)
    : undefined
}
