// @ts-check
// The process that owns one embedded PostgreSQL server. It is a process of its own so that the server
// goes when its user goes, in whatever way: the user's end of stdin is closed by the kernel even after
// a crash or a `kill -9`, and that is the only signal to stop that this process needs.
//
// stdin:  open for as long as the server is wanted
// stdout: one line of JSON, `{"port": 54321}` or `{"error": "…"}`
// env:    EMBEDDED_POSTGRES, JSON of the options below (not an argument: arguments are public, the password is not)
import { spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** @type {{ binaries: string, home: string, password: string, settings: Record<string, string>, user?: { uid: number, gid: number } }} */
const options = JSON.parse(process.env.EMBEDDED_POSTGRES ?? '{}')
delete process.env.EMBEDDED_POSTGRES
const dataDirectory = join(options.home, 'data')
const logFile = join(options.home, 'server.log')
const identity = options.user ?? {}
/** @type {import('node:child_process').ChildProcess | undefined} */
let server
let stopping = false

function initialise() {
  const passwordFile = join(options.home, 'password')
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 })
  if (options.user) chownSync(passwordFile, options.user.uid, options.user.gid)
  const result = spawnSync(
    join(options.binaries, 'initdb'),
    [
      `--pgdata=${dataDirectory}`,
      `--pwfile=${passwordFile}`,
      '--username=postgres',
      '--auth=password',
      '--encoding=UTF8',
      '--no-locale',
      '--no-sync',
    ],
    { ...identity, cwd: options.home, encoding: 'utf8' },
  )
  rmSync(passwordFile, { force: true })
  if (result.status !== 0) {
    throw new Error(`initdb failed: ${result.error?.message ?? (result.stderr || result.stdout).trim()}`)
  }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** @param {number} port */
async function start(port) {
  const log = openSync(logFile, 'w')
  const settings = Object.entries({ ...options.settings, port: String(port) })
  const child = spawn(
    join(options.binaries, 'postgres'),
    ['-D', dataDirectory, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...identity, cwd: options.home, stdio: ['ignore', log, log] },
  )
  server = child
  const pidFile = join(dataDirectory, 'postmaster.pid')
  while (child.exitCode === null && child.signalCode === null) {
    // The last line of this file is PostgreSQL's own word for its state.
    if (existsSync(pidFile) && /^ready\s*$/m.test(readFileSync(pidFile, 'utf8'))) return
    await sleep(20)
  }
  throw new Error(`postgres did not start:\n${readFileSync(logFile, 'utf8').trim()}`)
}

async function run() {
  initialise()
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    try {
      await start(port)
      return port
    } catch (error) {
      // Between finding a free port and listening on it, another process may have taken it.
      if (stopping || attempt === 5 || !/address already in use/i.test(String(error))) throw error
    }
  }
}

async function stop() {
  if (stopping) return
  stopping = true
  /** @type {[NodeJS.Signals, number][]} fast shutdown, immediate shutdown, no choice; each with its patience */
  const signals = [
    ['SIGINT', 5000],
    ['SIGQUIT', 3000],
    ['SIGKILL', 1000],
  ]
  for (const [signal, patience] of signals) {
    const child = server
    if (!child || child.exitCode !== null || child.signalCode !== null) break
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await Promise.race([exited, sleep(patience)])
  }
  rmSync(options.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  process.exit(0)
}

process.stdin.resume()
for (const event of ['end', 'close', 'error']) process.stdin.on(event, stop)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
process.stdout.on('error', stop)

try {
  process.stdout.write(`${JSON.stringify({ port: await run() })}\n`)
} catch (error) {
  process.stdout.write(
    `${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`,
  )
  await stop()
}
