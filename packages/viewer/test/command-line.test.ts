import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createDesk, fillDesk } from './support/desk.ts'

const command = fileURLToPath(new URL('../bin/prisma-audit-viewer.js', import.meta.url))
const { version } = (await import('../package.json', { with: { type: 'json' } })).default
const database = await createDesk()
beforeAll(() => fillDesk(database))
afterAll(() => database.drop())

const running: ChildProcess[] = []
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
})

const { CI: _, DATABASE_URL: __, ...inherited } = process.env

/** Starts the command and waits for its link. */
async function start(args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const child = spawn(process.execPath, [command, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...inherited, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    const [link] = /http:\S+/.exec(output) ?? []
    if (link !== undefined) return { child, link: new URL(link), output: () => output }
  }
  throw new Error(`The command ended: ${output}`)
}

function fail(args: readonly string[], cwd = tmpdir()) {
  const result = spawnSync(process.execPath, [command, ...args], { cwd, env: inherited, encoding: 'utf8' })
  return { status: result.status, stderr: result.stderr.trim() }
}

test('prints a link with a token, serves the history to who follows it, and to nobody else', async () => {
  const { link } = await start(['--url', database.url, '--no-open'])
  expect(link.hostname).toBe('127.0.0.1')
  expect(link.searchParams.get('token')).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect((await fetch(`${link.origin}/api/activity`)).status).toBe(401)
  expect((await fetch(link.origin)).status).toBe(401)
  const followed = await fetch(link, { redirect: 'manual' })
  const cookie = followed.headers.get('set-cookie')?.split(';')[0] ?? ''
  expect(followed.headers.get('location')).toBe('/activity')
  const page = await fetch(`${link.origin}/activity`, { headers: { cookie } })
  expect(await page.text()).toContain('<title>Audit history of ')
  const answer = await fetch(`${link.origin}/api/activity`, { headers: { cookie } })
  expect(await answer.text()).toContain('Cannot sign in')
  expect((await fetch(`${link.origin}/api/activity`, { method: 'POST', headers: { cookie } })).status).toBe(
    405,
  )
})

test('listens on the loopback address alone', async () => {
  const { link } = await start(['--url', database.url, '--no-open'])
  const others = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
  for (const { address } of others) {
    await expect(
      fetch(`http://${address}:${link.port}/`, { signal: AbortSignal.timeout(3_000) }),
    ).rejects.toThrow()
  }
})

test('takes the port that it is given, and says when that is taken', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const taken = fail(['--url', database.url, '--no-open', '--port', String(port)])
  expect(taken.status).toBe(2)
  expect(taken.stderr).toContain(`Port ${port} cannot be listened on: `)
  await new Promise((resolve) => server.close(resolve))
  const { link } = await start(['--url', database.url, '--no-open', '--port', String(port)])
  expect(link.port).toBe(String(port))
})

test('finds the database in prisma.config.ts, else in DATABASE_URL', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'prisma-audit-viewer-'))
  const url = JSON.stringify(database.url)
  writeFileSync(
    join(folder, 'prisma.config.ts'),
    `import { defineConfig } from 'prisma/config'\nexport default defineConfig({ datasource: { url: ${url} } })\n`,
  )
  symlinkSync(
    fileURLToPath(new URL('../../../node_modules', import.meta.url)),
    join(folder, 'node_modules'),
    'dir',
  )
  const configured = await start(['--no-open'], { cwd: folder })
  expect(configured.output()).toContain(`The history of ${database.name}, read-only:`)
  const named = await start(['--no-open'], { env: { DATABASE_URL: database.url } })
  expect(named.output()).toContain(database.name)
  rmSync(folder, { recursive: true })
})

test('ends with 0 when it is interrupted', async () => {
  const { child } = await start(['--url', database.url, '--no-open'])
  child.kill('SIGINT')
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
})

test.each([
  [
    [],
    'No database is named. Give one with --url postgresql://…, as datasource.url in prisma.config.ts, or as DATABASE_URL.',
  ],
  [['--url', 'mysql://x/y'], 'The URL of the database does not begin with postgresql://'],
  [['--url', 'postgresql://nobody@127.0.0.1:1/x'], 'The database cannot be reached: '],
  [['--port', '0'], 'A port is a whole number from 1 to 65535.'],
  [['--timeout', 'long'], 'It is a whole number from 1 to 3600.'],
  [['--prot', '1'], "unknown option '--prot'"],
])('%j ends with 2 and says what to do', (args, message) => {
  const { status, stderr } = fail(args)
  expect(status).toBe(2)
  expect(stderr).toContain(message)
  expect(stderr).not.toMatch(/\n\s+at /)
})

test('--version and --help', () => {
  const run = (flag: string) => spawnSync(process.execPath, [command, flag], { encoding: 'utf8' })
  expect(run('--version').stdout).toBe(`${version}\n`)
  expect(run('--help').stdout).toMatch(/--no-open[\s\S]*--port|--port[\s\S]*--no-open/)
})
