import type pg from 'pg'
import { makeRandom } from './random.ts'
import type { Database } from './shape.ts'
import { inventWrites } from './writes.ts'

/**
 * Runs random writes on every table, each in a transaction with an audit context: what is kept, what a
 * foreign key may refuse (in a savepoint), and what is rolled back.
 *
 * @returns how many statements ran and how many of them were refused.
 */
export async function writeAll(
  client: pg.ClientBase,
  database: Database,
  seed: number,
): Promise<{ statements: number; refused: number }> {
  const random = makeRandom(seed)
  const count = { statements: 0, refused: 0 }
  const run = async (sql: string) => {
    count.statements += 1
    await client.query(sql)
  }
  const begin = async (username: string) => {
    await client.query('BEGIN')
    await client.query(`SELECT set_config('audit.username', $1, true)`, [username])
  }
  let first = 1_000_000
  // Twice: in the second round, rows refer to those whose keys change or which are deleted.
  for (const table of [...database.tables, ...database.tables]) {
    const writes = inventWrites(table, database, random, first)
    first += 1000
    await begin(`writer of ${table.model}`)
    for (const sql of writes.kept) await run(sql)
    for (const sql of writes.attempted) {
      await client.query('SAVEPOINT attempt')
      try {
        await run(sql)
      } catch (error) {
        if (!isForeignKeyViolation(error)) throw error
        count.refused += 1
        await client.query('ROLLBACK TO attempt')
      }
    }
    await client.query('COMMIT')
    await begin('nobody')
    for (const sql of writes.rolledBack) await run(sql)
    await client.query('ROLLBACK')
  }
  return count
}

function isForeignKeyViolation(error: unknown): boolean {
  // PostgreSQL 18 has a code of its own for RESTRICT.
  return error instanceof Error && 'code' in error && ['23503', '23001'].includes(String(error.code))
}
