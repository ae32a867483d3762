import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { startDatabaseServer } from './database-server.ts'
import { startEmbeddedServer } from './embedded-server.ts'

const module = fileURLToPath(new URL('./embedded-server.ts', import.meta.url))

/** A process of its own that starts a server, prints its URL, and then hangs. */
async function startInChild(): Promise<{ child: ChildProcess; url: string }> {
  const program = `
    import { startEmbeddedServer } from ${JSON.stringify(module)}
    console.log((await startEmbeddedServer()).url)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [url] = await once(createInterface({ input: child.stdout }), 'line')
  return { child, url: String(url) }
}

const homesOf = (pid: number | undefined) => {
  const owner = `-${pid}-`
  return [...new Set([tmpdir(), '/tmp'])].flatMap((parent) =>
    readdirSync(parent).filter((name) => name.startsWith('prisma-audit-postgres-') && name.includes(owner)),
  )
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}

async function eventually(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let waited = 0; waited < 15_000; waited += 100) {
    if (await condition()) return true
    await sleep(100)
  }
  return false
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
  test(`a process ended by ${signal} leaves neither server nor folder`, async () => {
    const { child, url } = await startInChild()
    expect(await answers(url)).toBe(true)
    expect(homesOf(child.pid)).toHaveLength(1)
    child.kill(signal)
    expect(await eventually(() => homesOf(child.pid).length === 0)).toBe(true)
    expect(await answers(url)).toBe(false)
  })
}

test('two servers at once, on ports of their own, and stop() ends only its own', async () => {
  const [one, two] = await Promise.all([startEmbeddedServer(), startEmbeddedServer()])
  await one.stop()
  expect(await answers(one.url)).toBe(false)
  expect(await answers(two.url)).toBe(true)
  await two.stop()
  expect(homesOf(process.pid)).toEqual([])
})

test('a folder whose owner is gone is removed by the next run, and one of another machine is not', async () => {
  const ended = spawnSync(process.execPath, ['-e', '']).pid
  const host = hostname().replace(/[^A-Za-z0-9]/g, '_')
  const abandoned = join(tmpdir(), `prisma-audit-postgres-${host}-${ended}-abcdef`)
  const foreign = join(tmpdir(), `prisma-audit-postgres-not_${host}-${ended}-abcdef`)
  for (const folder of [abandoned, foreign]) {
    mkdirSync(join(folder, 'data'), { recursive: true })
    writeFileSync(join(folder, 'data', 'postmaster.pid'), `${process.pid}\n${folder}/data\n`)
  }
  await (await startEmbeddedServer()).stop()
  expect([existsSync(abandoned), existsSync(foreign)]).toEqual([false, true])
  spawnSync('rm', ['-rf', foreign])
})

test('TEST_DATABASE_URL without a server behind it is reported as such', async () => {
  const before = process.env.TEST_DATABASE_URL
  process.env.TEST_DATABASE_URL = 'postgresql://nobody@127.0.0.1:1/none'
  try {
    await expect(startDatabaseServer()).rejects.toThrow('TEST_DATABASE_URL is set, but no PostgreSQL answers')
  } finally {
    if (before === undefined) delete process.env.TEST_DATABASE_URL
    else process.env.TEST_DATABASE_URL = before
  }
})
