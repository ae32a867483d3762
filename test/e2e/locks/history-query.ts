import pg from 'pg'

export interface OpenQuery {
  end(): Promise<void>
}

/** A report that somebody runs for an hour: its transaction has read the tables and holds its snapshot and its locks. */
export async function openReport(url: string, tables: readonly string[]): Promise<OpenQuery> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  for (const table of tables) await client.query(`SELECT count(*) FROM ${table}`)
  return {
    async end() {
      await client.query('COMMIT')
      await client.end()
    },
  }
}
