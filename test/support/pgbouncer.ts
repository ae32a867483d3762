import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeHome, serverUser } from './embedded-binaries.ts'

export type PgBouncer = {
  readonly port: number
  /** "1.18.0" for one. */
  readonly version: string
  stop(): Promise<void>
}

/** The program on the PATH, or where Debian's package puts it, which is not on everybody's PATH. */
function findPgBouncer(): { program: string; version: string } | undefined {
  for (const program of ['pgbouncer', '/usr/sbin/pgbouncer']) {
    const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
    const version = /PgBouncer (\S+)/.exec(stdout ?? '')?.[1]
    if (version !== undefined) return { program, version }
  }
  return undefined
}

/**
 * Starts a real PgBouncer before a server, in transaction mode with two server connections a database, so that
 * transactions of different clients take turns on one connection. It goes when this process goes.
 *
 * @returns nothing where it is not installed
 * @throws Error with PgBouncer's own log when it does not start
 */
export async function startPgBouncer(serverUrl: string): Promise<PgBouncer | undefined> {
  const found = findPgBouncer()
  if (found === undefined) return undefined
  const user = serverUser()
  const home = makeHome(user)
  const port = await freePort()
  const write = (name: string, text: string) => {
    writeFileSync(join(home, name), text, { mode: 0o600 })
    if (user) chownSync(join(home, name), user.uid, user.gid)
  }
  const server = new URL(serverUrl)
  write('users.txt', `${quoted(server.username)} ${quoted(server.password)}\n`)
  write('pgbouncer.ini', configuration(server, home, port))
  // The shell ends it when stdin is closed, by stop() or by the end of this process in whatever way.
  const script =
    '"$0" -q "$1/pgbouncer.ini" & child=$!; cat > /dev/null; kill -INT $child; wait $child; rm -rf "$1"'
  const guard = spawn('sh', ['-c', script, found.program, home], {
    ...user,
    cwd: home,
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const exited = once(guard, 'exit')
  const stop = async () => {
    guard.stdin.end()
    await exited
    rmSync(home, { recursive: true, force: true })
  }
  if (!(await answers(port))) {
    const log = readFileSync(join(home, 'pgbouncer.log'), 'utf8')
    await stop()
    throw new Error(`PgBouncer ${found.version} did not start:\n${log}`)
  }
  return { port, version: found.version, stop }
}

function configuration(server: URL, home: string, port: number): string {
  return `[databases]
* = host=${server.hostname} port=${server.port || 5432}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = ${server.password === '' ? 'trust' : 'scram-sha-256'}
auth_file = ${join(home, 'users.txt')}
logfile = ${join(home, 'pgbouncer.log')}
pool_mode = transaction
default_pool_size = 2
max_client_conn = 500
server_idle_timeout = 5
`
}

function quoted(encoded: string): string {
  return `"${decodeURIComponent(encoded).replaceAll('"', '""')}"`
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

async function answers(port: number): Promise<boolean> {
  for (let waited = 0; waited < 10_000; waited += 50) {
    const socket = createConnection({ port, host: '127.0.0.1' })
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return true
    await sleep(50)
  }
  return false
}
