import type { PgPool, PgPoolClient } from './pg-driver.ts'

/** Takes a connection on which no transaction is open; see `withIdleConnection`. */
export function takeIdleConnection(pool: PgPool): Promise<PgPoolClient> {
  return new Promise((resolve, reject) => withIdleConnection(pool, resolve, reject))
}

/**
 * Takes a connection on which no transaction is open. One that somebody has put back in the middle of a transaction is
 * destroyed: settings local to that transaction would reach the statements of whoever is next.
 *
 * By callbacks: before a promise is heard, the loss of the connection may be read from the same packet, and an error
 * event without a listener ends the process. And each promise of a single write is one more that is followed.
 *
 * @param use is given the connection, to be handed to `giveBack`; must not throw
 * @param fail is told why there is none
 */
export function withIdleConnection(
  pool: PgPool,
  use: (client: PgPoolClient) => void,
  fail: (error: unknown) => void,
): void {
  pool.connect((error, client) => {
    if (client === undefined) return fail(error)
    client.on('error', ignore)
    if (isIdle(client)) return use(client)
    giveBack(client, true)
    withIdleConnection(pool, use, fail)
  })
}

/** By pool, so that many adapters listen to it once. */
const watched = new WeakMap<PgPool, ReadonlySet<PgPoolClient>>()

/**
 * The pool's connections that somebody has put back in the middle of a transaction, and that are not destroyed yet. Who
 * takes no connection asks this set, which costs nothing, whether to take one after all.
 */
export function interruptedConnections(pool: PgPool): ReadonlySet<PgPoolClient> {
  const known = watched.get(pool)
  if (known !== undefined) return known
  const found = new Set<PgPoolClient>()
  pool.on('release', (_, client) => {
    if (isIdle(client)) found.delete(client)
    else found.add(client)
  })
  pool.on('remove', (client) => found.delete(client))
  watched.set(pool, found)
  return found
}

/** @param destroy where it must not serve again */
export function giveBack(client: PgPoolClient, destroy: boolean | Error): void {
  client.removeListener('error', ignore)
  client.release(destroy)
}

/** Whether the server has said that no transaction is open; before pg 8.17 nobody remembers, and it is taken for so. */
export function isIdle(client: PgPoolClient): boolean {
  const status = client.getTransactionStatus?.()
  return status === undefined || status === null || status === 'I'
}

/**
 * Whether no transaction is open behind an error. PostgreSQL sends an error at once and the state of the transaction behind it,
 * so where the two come apart pg still has the old state: an empty query is answered after both.
 */
export async function isIdleAfterError(client: PgPoolClient): Promise<boolean> {
  if (isIdle(client)) return true
  return client.query({ text: '' }).then(
    () => isIdle(client),
    () => false,
  )
}

/** The statement that was running fails as well, and says more. */
function ignore(): void {}
