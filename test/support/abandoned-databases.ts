import pg from 'pg'
import { administer, dropDatabases } from './database.ts'

/**
 * Marks the databases of a run, called `<prefix>_…`, as in use: by a lock that goes with the connection,
 * hence with the process.
 *
 * @returns what gives the mark back
 */
export async function holdPrefix(url: string, prefix: string): Promise<() => Promise<void>> {
  const holder = new pg.Client({ connectionString: url })
  // The server may go first; a mark on nothing is no error.
  holder.on('error', () => {})
  await holder.connect()
  await holder.query('SELECT pg_advisory_lock(hashtextextended($1, 1))', [prefix])
  return () => holder.end()
}

/**
 * Drops what killed runs left on a server that is not their own: all databases called
 * `<family>_<8 hexadecimal digits>_…` whose prefix nobody holds.
 */
export async function dropAbandonedDatabases(url: string, family: string): Promise<void> {
  const prefixes = await administer(url, async (admin) => {
    const { rows } = await admin.query<{ prefix: string }>(
      `WITH found AS MATERIALIZED (
         SELECT DISTINCT substring(datname FROM $1) AS prefix FROM pg_database WHERE datname ~ $1
       )
       SELECT prefix FROM found WHERE pg_try_advisory_lock(hashtextextended(prefix, 1)) ORDER BY prefix`,
      [`^(${family}_[0-9a-f]{8})_`],
    )
    return rows.map((row) => row.prefix)
  })
  for (const prefix of prefixes) await dropDatabases(url, prefix)
}
