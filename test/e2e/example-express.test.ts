import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import http from 'node:http'
import { basename, delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createPrismaProject,
  type MigrationDirectory,
  type PrismaProject,
} from '../support/prisma-project.ts'
import { useTestDatabase } from '../support/test-database.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const example = join(repository, 'examples/express')
const database = await useTestDatabase()
let project: PrismaProject
let committed: MigrationDirectory[]
let server: ChildProcess
let address: string

beforeAll(async () => {
  const schema = readFileSync(join(example, 'prisma/schema.prisma'), 'utf8')
  project = await createPrismaProject({ schema, databaseUrl: database.url })
  const isSource = (path: string) => !['node_modules', 'generated'].includes(basename(path))
  cpSync(example, project.dir, { recursive: true, filter: isSource })
  rmSync(join(project.dir, 'node_modules'))
  symlinkSync(join(example, 'node_modules'), join(project.dir, 'node_modules'), 'dir')
  committed = await project.migrationFiles()
  server = startExample()
  address = await addressOf(server)
})

afterAll(async () => {
  // The whole group: the script's shell, tsx and the server.
  if (server?.pid !== undefined && server.exitCode === null) {
    const closed = once(server, 'close')
    process.kill(-server.pid, 'SIGTERM')
    await closed
  }
  project?.cleanup()
})

/** What `pnpm start` does in the example's folder, on a free port. */
function startExample(): ChildProcess {
  const { scripts } = JSON.parse(readFileSync(join(example, 'package.json'), 'utf8'))
  const { CI: _, NODE_OPTIONS: __, VITEST: ___, ...inherited } = process.env
  return spawn(scripts.start, {
    shell: true,
    detached: true,
    cwd: project.dir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PRISMA_SCHEMA_ENGINE_BINARY: join(repository, 'tooling/schema-engine/schema-engine.js'),
      ...inherited,
      PATH: [join(example, 'node_modules/.bin'), process.env.PATH].join(delimiter),
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      DATABASE_URL: database.url,
      PORT: '0',
    },
  })
}

/** Waits for the server's first sentence. */
async function addressOf({ stdout, stderr }: ChildProcess): Promise<string> {
  if (!stdout || !stderr) throw new Error('The example has no output.')
  const errors = text(stderr)
  const lines: string[] = []
  for await (const line of createInterface({ input: stdout })) {
    lines.push(line)
    const found = /^Listening on (http\S+)$/.exec(line)?.[1]
    if (found) {
      stdout.resume()
      return found
    }
  }
  throw new Error(`The example ended:\n${lines.join('\n')}\n${await errors}`)
}

interface Answer {
  readonly status: number
  readonly requestId: unknown
  readonly body: unknown
}

async function request(method: string, path: string, user?: string, body?: object): Promise<Answer> {
  const answer = await fetch(`${address}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(user === undefined ? {} : { 'x-user': user }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const { status, headers } = answer
  return { status, requestId: headers.get('x-request-id'), body: await answer.json() }
}

/**
 * A PATCH whose head has reached the server, which knows the user from then on. What comes back sends the body.
 * `expect: 100-continue` is how a server says that it has the head.
 */
async function openPatch(path: string, user: string): Promise<(body: object) => Promise<Answer>> {
  const headers = { 'content-type': 'application/json', 'x-user': user, expect: '100-continue' }
  const outgoing = http.request(`${address}${path}`, { method: 'PATCH', headers })
  const answered: Promise<http.IncomingMessage[]> = once(outgoing, 'response')
  outgoing.flushHeaders()
  await once(outgoing, 'continue')
  return async (body) => {
    outgoing.end(JSON.stringify(body))
    const [answer] = await answered
    if (!answer) throw new Error('The server did not answer.')
    const requestId = answer.headers['x-request-id']
    return { status: answer.statusCode ?? 0, requestId, body: JSON.parse(await text(answer)) }
  }
}

async function createOrder(user: string): Promise<number> {
  const { body } = await request('POST', '/orders', user, { customer: 'Eve', total: '13.50' })
  expect(body).toMatchObject({ id: expect.any(Number), customer: 'Eve', total: '13.5', status: 'open' })
  return Number((body as { id: number }).id)
}

const everything = () =>
  database.query(`SELECT to_jsonb(o) AS row FROM "Order" AS o UNION ALL SELECT to_jsonb(a) FROM audit."Order_audit" AS a
    ORDER BY 1`)

test('two users write to one order at the same time, and its history says who did what in which request', async () => {
  const id = await createOrder('ann')
  const users = Array.from({ length: 60 }, (_, number) => (number % 2 === 0 ? 'ann' : 'bob'))
  // All are inside the server before the first one writes.
  const opened = await Promise.all(users.map((user) => openPatch(`/orders/${id}`, user)))
  const changes = await Promise.all(
    opened.map(async (send, number) => {
      const status = `${users[number]} ${number}`
      const answer = await send({ status })
      expect(answer.status).toBe(200)
      return { operation: 'U', username: users[number], status, request_id: answer.requestId }
    }),
  )
  const { body } = await request('GET', `/orders/${id}/history`, 'ann')
  const [created, ...updates] = body as Record<string, unknown>[]
  expect(created).toMatchObject({ operation: 'I', username: 'ann', total: '13.5', status: 'open' })
  const recorded = updates.map(({ operation, username, status, request_id }) => ({
    operation,
    username,
    status,
    request_id,
  }))
  expect(recorded).toHaveLength(changes.length)
  expect(recorded).toEqual(expect.arrayContaining(changes))
  expect(new Set(changes.map(({ request_id }) => request_id)).size).toBe(changes.length)
})

test('a request without a user is answered with 401 and writes nothing', async () => {
  const id = await createOrder('ann')
  const before = await everything()
  for (const user of [undefined, '', ' ']) {
    const created = await request('POST', '/orders', user, { customer: 'Eve', total: '1.00' })
    const changed = await request('PATCH', `/orders/${id}`, user, { status: 'paid' })
    expect([created.status, changed.status]).toEqual([401, 401])
  }
  expect(await everything()).toEqual(before)
})

test('a request that cannot be carried out is answered with 400 or 404 and leaves no history', async () => {
  const id = await createOrder('ann')
  const before = await everything()
  const answers = [
    await request('POST', '/orders', 'ann', { customer: 'Eve', total: 'much' }),
    await request('PATCH', `/orders/${id}`, 'ann', {}),
    await request('PATCH', '/orders/first', 'ann', { status: 'paid' }),
    await request('PATCH', '/orders/999999999', 'ann', { status: 'paid' }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 404])
  expect(await everything()).toEqual(before)
})

test('the committed migrations hold all that the example asks for: generate wrote nothing', async () => {
  expect(committed.map(({ files }) => files)).toEqual([['migration.sql'], ['down.sql', 'migration.sql']])
  expect(await project.migrationFiles()).toEqual(committed)
})

test('the example type-checks against the modules generated from its schema', async () => {
  const base = JSON.parse(readFileSync(join(repository, 'tsconfig.base.json'), 'utf8'))
  const compilerOptions = { ...base.compilerOptions, noEmit: true }
  const files = ['server.ts', 'prisma.config.ts']
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files }))
  const compiler = join(repository, 'node_modules/.bin/tsc')
  const child = spawn(compiler, ['-p', project.dir, '--pretty', 'false'], { cwd: project.dir })
  expect(await text(child.stdout)).toBe('')
  expect(child.exitCode ?? (await once(child, 'close'))[0]).toBe(0)
})
