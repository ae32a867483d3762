import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import './test-database.ts'
import './through-pgbouncer.ts'
import { dropAbandonedDatabases, holdPrefix } from './abandoned-databases.ts'
import { chromiumVersion, withoutChromium } from './chromium.ts'
import { dropDatabases } from './database.ts'
import { startDatabaseServer } from './database-server.ts'
import { startPgBouncer } from './pgbouncer.ts'
import { quickenPrograms } from './programs.ts'

const family = 'prisma_audit_test'

const withoutPgBouncer =
  'PgBouncer is not installed: the tests through it are skipped. On Debian: apt-get install pgbouncer'

/** One database server and one name prefix for the whole run; all of it goes at the end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await quickenPrograms()
  const server = await startDatabaseServer()
  const run = randomBytes(4).toString('hex')
  const prefix = `${family}_${run}`
  const release = await holdPrefix(server.url, prefix)
  await dropAbandonedDatabases(server.url, family)
  project.provide('database', { url: server.url, prefix, version: server.version })
  process.stdout.write(`PostgreSQL ${server.version} (${server.kind})\n`)
  const pgbouncer = await startPgBouncer(server.url)
  project.provide(
    'pgbouncer',
    pgbouncer ? { port: pgbouncer.port, version: pgbouncer.version } : { missing: withoutPgBouncer },
  )
  process.stdout.write(pgbouncer ? `PgBouncer ${pgbouncer.version}\n` : `${withoutPgBouncer}\n`)
  process.stdout.write(`${chromiumVersion() ?? withoutChromium}\n`)
  // Workers inherit it: what a test forgets to clean up goes with the run.
  const projects = mkdtempSync(join(tmpdir(), 'prisma-audit-run-'))
  chmodSync(projects, 0o755)
  process.env.PRISMA_AUDIT_PROJECTS = projects
  return async () => {
    rmSync(projects, { recursive: true, force: true })
    await pgbouncer?.stop()
    await dropDatabases(server.url, prefix)
    await release()
    await server.stop()
  }
}
