import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import './test-database.ts'
import { administer, dropDatabases } from './database.ts'
import { startDatabaseServer } from './database-server.ts'

const family = 'prisma_audit_test'

/** One database server and one name prefix for the whole run; all of it goes at the end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startDatabaseServer()
  const run = randomBytes(4).toString('hex')
  const prefix = `${family}_${run}`
  // Held for the length of the run: the sign that its databases are in use.
  const holder = new pg.Client({ connectionString: server.url })
  await holder.connect()
  await holder.query('SELECT pg_advisory_lock(hashtextextended($1, 1))', [prefix])
  await dropAbandoned(server.url)
  project.provide('database', { url: server.url, prefix, version: server.version })
  process.stdout.write(`PostgreSQL ${server.version} (${server.kind})\n`)
  return async () => {
    await dropDatabases(server.url, prefix)
    await holder.end()
    await server.stop()
  }
}

/** A killed run leaves its databases on a server that it does not own. Its lock is free: drop them. */
async function dropAbandoned(url: string): Promise<void> {
  const prefixes = await administer(url, async (admin) => {
    const { rows } = await admin.query<{ prefix: string }>(
      `SELECT DISTINCT substring(datname FROM $1) AS prefix
       FROM pg_database
       WHERE datname ~ $1
         AND pg_try_advisory_lock(hashtextextended(substring(datname FROM $1), 1))`,
      [`^(${family}_[0-9a-f]{8})_`],
    )
    return rows.map((row) => row.prefix)
  })
  for (const prefix of prefixes) await dropDatabases(url, prefix)
}
