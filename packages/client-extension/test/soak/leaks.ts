import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { applicationName } from './soak-clients.ts'

/**
 * Looks for connections that were taken and not given back, and for sessions that are not idle or that no pool knows.
 *
 * @param isDirect whether the sessions of the server are those of the pools
 * @returns a sentence for each
 */
export async function leaks(pools: readonly pg.Pool[], admin: pg.Pool, isDirect: boolean): Promise<string[]> {
  let found: string[] = []
  // The server needs a moment to see that a connection was closed.
  for (let waited = 0; waited < 10_000; waited += 100) {
    found = await look(pools, admin, isDirect)
    if (found.length === 0) break
    await sleep(100)
  }
  return found
}

async function look(pools: readonly pg.Pool[], admin: pg.Pool, isDirect: boolean): Promise<string[]> {
  const found = pools
    .filter(({ idleCount, totalCount, waitingCount }) => idleCount !== totalCount || waitingCount > 0)
    .map(
      (pool) =>
        `a pool has ${pool.totalCount} connections, ${pool.idleCount} of them idle, ${pool.waitingCount} waiting`,
    )
  const { rows } = await admin.query<{ state: string; count: number }>(
    `SELECT state, count(*)::integer AS count FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = $1 GROUP BY state`,
    [applicationName],
  )
  for (const { state, count } of rows) if (state !== 'idle') found.push(`${count} sessions are ${state}`)
  const sessions = rows.reduce((sum, { count }) => sum + count, 0)
  const pooled = pools.reduce((sum, { totalCount }) => sum + totalCount, 0)
  if (isDirect && sessions !== pooled) found.push(`${sessions} sessions, ${pooled} connections in the pools`)
  return found
}
