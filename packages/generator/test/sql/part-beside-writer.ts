import { expect } from 'vitest'
import type { TestDatabase } from '../../../../test/support/test-database.ts'

/**
 * Runs a part in one transaction, as behind a draft of Prisma's, beside a writer who has begun his own: he goes on once
 * the migration waits. The migration is taken back.
 *
 * @param begun what the writer has done before, `BEGIN` included
 * @param rest what he does then, to his COMMIT
 */
export async function runPartBesideWriter(
  database: TestDatabase,
  part: string,
  begun: string,
  rest: string,
): Promise<void> {
  const pool = database.pool({ max: 2 })
  const [writer, migrator] = await Promise.all([pool.connect(), pool.connect()])
  try {
    const backend = await migrator.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    await writer.query(begun)
    const migrating = migrator.query(`BEGIN; ${part}`)
    const waits = () =>
      database.query('SELECT FROM pg_locks WHERE pid = $1 AND NOT granted', [backend.rows[0]?.pid])
    await expect.poll(waits, { timeout: 5_000, interval: 10 }).not.toEqual([])
    await writer.query(rest)
    await migrating
    await migrator.query('ROLLBACK')
  } finally {
    for (const client of [writer, migrator]) client.release()
  }
}
