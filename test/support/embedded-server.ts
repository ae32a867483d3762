import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  defaultBinaries,
  makeHome,
  removeAbandonedHomes,
  serverUser,
  usableBinaries,
} from './embedded-binaries.ts'

const guard = fileURLToPath(new URL('./embedded-guard.mjs', import.meta.url))

/** For tests only: speed before durability, and room for many pools at once. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  shared_buffers: '64MB',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  // For what PostgreSQL itself carries from one database to another.
  wal_level: 'logical',
  wal_retrieve_retry_interval: '100ms',
  // So that a test can see what PostgreSQL remembers of the statements.
  shared_preload_libraries: 'pg_stat_statements',
  // The small /dev/shm of a container is no place for it.
  dynamic_shared_memory_type: 'mmap',
}

/**
 * Starts a PostgreSQL server of its own, on a free port, with its data in a temporary folder.
 * Server and folder go at `stop()`, and also when this process ends in any other way.
 *
 * @param source its `bin` folder: the one of `defaultBinaries()` unless given
 * @throws Error with PostgreSQL's own output when it does not start.
 */
export async function startEmbeddedServer(source?: string): Promise<{ url: string; stop(): Promise<void> }> {
  removeAbandonedHomes()
  const user = serverUser()
  const home = makeHome(user)
  const password = randomBytes(12).toString('hex')
  let binaries: string
  try {
    binaries = usableBinaries(source ?? defaultBinaries(), home, user)
  } catch (error) {
    rmSync(home, { recursive: true, force: true })
    throw error
  }
  const options = JSON.stringify({ binaries, home, password, settings, user })
  // Detached: a Ctrl-C in the terminal reaches this process only, and the guard then stops in order.
  const child = spawn(process.execPath, [guard], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', EMBEDDED_POSTGRES: options },
  })
  const exited = once(child, 'exit')
  const answer = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([line]) => String(line)),
    exited.then(() => JSON.stringify({ error: 'its guard process ended' })),
  ])
  const { port, error } = JSON.parse(answer) as { port?: number; error?: string }
  if (port === undefined) {
    await exited
    throw new Error(`The embedded PostgreSQL server did not start: ${error}`)
  }
  // A caller who forgets stop() can still end.
  child.unref()
  for (const stream of [child.stdin, child.stdout]) if (stream instanceof Socket) stream.unref()
  return {
    url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`,
    async stop() {
      child.ref()
      child.stdin.end()
      await exited
    },
  }
}
