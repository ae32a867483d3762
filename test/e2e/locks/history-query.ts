import pg from 'pg'
import { onTestFinished } from 'vitest'

export interface OpenQuery {
  end(): Promise<void>
}

/**
 * A report that somebody runs for an hour, at most until the test ends: its transaction has read the tables and holds its
 * snapshot and its locks.
 */
export async function openReport(url: string, tables: readonly string[]): Promise<OpenQuery> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  for (const table of tables) await client.query(`SELECT count(*) FROM ${table}`)
  let ending: Promise<void> | undefined
  const end = () => {
    ending ??= client.end()
    return ending
  }
  onTestFinished(end)
  return { end }
}
