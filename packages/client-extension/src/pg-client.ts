/** The part of pg's `Client` and `PoolClient` that is used here; stated so that nobody needs the types of pg. */
export interface PgClient {
  query(text: string, values?: unknown[]): Promise<PgResult>
  /** pg 8.17 and later: `I` idle, `T` in a transaction, `E` in a failed one. */
  getTransactionStatus?(): string | null
}

export interface PgResult {
  readonly command?: string | null
  readonly rows: readonly object[]
}

export interface PgPoolClient extends PgClient {
  on(event: 'error', listener: (error: Error) => void): unknown
  off(event: 'error', listener: (error: Error) => void): unknown
  release(destroy?: boolean | Error): void
}

/** pg's `Pool`, told from a client by its count of connections. */
export interface PgPool<Client extends PgPoolClient = PgPoolClient> {
  connect(): Promise<Client>
  readonly totalCount: number
}

export function isPool(given: object): given is PgPool {
  return 'totalCount' in given && 'connect' in given
}

/** SQLSTATE of a savepoint outside a transaction. */
const noActiveTransaction = '25P01'

/**
 * Sets a savepoint where a transaction is open, and says whether it did. Old versions of pg do not know the state of
 * their connection; there PostgreSQL tells by refusing the savepoint.
 */
export async function trySavepoint(client: PgClient, savepoint: string): Promise<boolean> {
  if (client.getTransactionStatus?.() === 'I') return false
  try {
    await client.query(`SAVEPOINT ${savepoint}`)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === noActiveTransaction) return false
    throw error
  }
}
