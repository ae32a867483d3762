import type { PgPool, PgPoolClient } from './pg-driver.ts'

/**
 * Takes a connection on which no transaction is open. One that somebody has put back in the middle of a transaction is
 * destroyed: settings local to that transaction would reach the statements of whoever is next.
 */
export async function takeIdleConnection(pool: PgPool): Promise<PgPoolClient> {
  for (;;) {
    const client = await pool.connect()
    if (isIdle(client)) return client
    client.release(true)
  }
}

/** Whether the server has said that no transaction is open; before pg 8.17 nobody remembers, and it is taken for so. */
export function isIdle(client: PgPoolClient): boolean {
  const status = client.getTransactionStatus?.()
  return status === undefined || status === null || status === 'I'
}
