import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HistoryClient, openHistory } from './history/shop-history.ts'
import { install, useProject } from './main-path/audited-project.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const text = readFileSync(join(repository, 'docs/history.md'), 'utf8')
const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String", "reason String?"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Order {
  id    BigInt  @id
  total Decimal @db.Decimal(10, 2)
  note  String?
  lines Line[]
}

/// @audit(enabled)
model Line {
  orderId BigInt
  no      Int
  order   Order  @relation(fields: [orderId], references: [id], onDelete: Cascade)

  @@id([orderId, no])
}
`

const audited = await useProject({ schema })
const { project, database } = audited
/** Each block of TypeScript is a file; its first line is its path. */
const files = [...text.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)].map(
  ([, path = '', code = '']) => [path, code] as const,
)
const started: ChildProcess[] = []
afterAll(() => {
  for (const child of started) child.kill()
})

let ann: HistoryClient<'order' | 'line'>

beforeAll(async () => {
  await install(audited)
  for (const [path, code] of files) await project.write(path, code)
  ann = await openHistory(audited, 'ann')
  await ann.order.create({ data: { id: 7n, total: 5, lines: { create: { no: 1 } } } })
  await ann.order.update({ where: { id: 7n }, data: { total: '6.50', note: 'a "quoted", note' } })
}, 120_000)

const environment = () => {
  const { VITEST: _, VITEST_POOL_ID: __, VITEST_WORKER_ID: ___, ...env } = process.env
  return { ...env, NO_COLOR: '1', DATABASE_URL: database.url }
}

/** Runs a file of the document as its reader would. */
function run(path: string, args: readonly string[] = [], node: readonly string[] = []) {
  const all = [...node, '--import', import.meta.resolve('tsx'), path, ...args]
  return new Promise<{ readonly code: number; readonly output: string }>((resolve) => {
    execFile(process.execPath, all, { cwd: project.dir, env: environment() }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: stdout + stderr })
    })
  })
}

test('the files of docs/history.md are checked by TypeScript', async () => {
  expect(files.map(([path]) => path)).toEqual([
    'audit.ts',
    'recipes/what-happened.ts',
    'recipes/export.ts',
    'recipes/undo-script.ts',
    'recipes/history-panel.ts',
  ])
  const flags =
    '--noEmit --strict --module nodenext --target es2023 --skipLibCheck --types node --allowImportingTsExtensions'
  const tsc = join(repository, 'node_modules/.bin/tsc')
  const checked = await new Promise((resolve) => {
    const args = [...flags.split(' '), ...files.map(([path]) => path)]
    execFile(tsc, args, { cwd: project.dir }, (error, stdout) => resolve({ failed: error !== null, stdout }))
  })
  expect(checked).toEqual({ failed: false, stdout: '' })
})

test('what happened to this order', async () => {
  const { output, code } = await run('recipes/what-happened.ts', ['7'])
  const lines = output.trim().split('\n')
  expect(lines.map((line) => line.replace(/^\S+Z /, ''))).toEqual([
    'ann I Order: id null → 7, total null → 5',
    'ann I Line: orderId null → 7, no null → 1',
    'ann U Order: total 5 → 6.5, note null → a "quoted", note',
    "the total is ann's",
  ])
  expect(code).toBe(0)
})

test('an export streams as CSV and JSON Lines with flat memory', async () => {
  // So many entries do not fit into the memory that the program is given.
  const rows = 30_000
  await database.query(`SELECT set_config('audit.username', 'bulk', false);
    INSERT INTO "Order" SELECT 1000 + g, g, repeat('x', 2500) FROM generate_series(1, ${rows}) g`)
  const { output, code } = await run('recipes/export.ts', [], ['--max-old-space-size=64'])
  expect({ output, code }).toEqual({ output: '', code: 0 })
  const lines = (await project.read('orders.jsonl')).trim().split('\n')
  expect(lines).toHaveLength(rows + 2)
  expect(JSON.parse(lines[1] ?? '')).toMatchObject({
    auditId: '2',
    operation: 'U',
    username: 'ann',
    id: '7',
    total: '6.5',
    note: 'a "quoted", note',
  })
  const csv = (await project.read('orders.csv')).split('\n')
  expect(csv[0]).toBe('auditId,operation,at,username,reason,id,total,note')
  expect(csv[2]).toMatch(/^2,U,[^,]+Z,ann,,7,6.5,"a ""quoted"", note"$/)
  expect(csv).toHaveLength(rows + 4)
  await database.query(
    `SELECT set_config('audit.username', 'bulk', false); DELETE FROM "Order" WHERE id > 1000`,
  )
}, 180_000)

test('a bad script is taken back, all its transactions as one', async () => {
  const script = await openHistory<'order' | 'line'>(audited, 'script')
  // An earlier run of the same name is not meant.
  await script.order.update({ where: { id: 7n }, data: { note: 'from before' } })
  const since = new Date().toISOString()
  const before = await ann.order.findMany({ include: { lines: true } })
  await script.order.updateMany({ data: { total: 0 } })
  await script.$transaction(async (tx) => {
    await tx.order.delete({ where: { id: 7n } })
    await tx.order.create({ data: { id: 8n, total: 1 } })
  })
  await script.order.delete({ where: { id: 8n } })
  const { output, code } = await run('recipes/undo-script.ts', ['script', since])
  const lines = output.trim().split('\n')
  expect(lines.slice(0, -1).sort()).toEqual(['insert Line', 'insert Order'])
  expect(lines.at(-1)).toMatch(/^taken back by transaction \d+$/)
  expect(code).toBe(0)
  expect(await ann.order.findMany({ include: { lines: true } })).toEqual(before)
})

test('a row that somebody else wrote between the transactions of a script is a conflict', async () => {
  const script = await openHistory<'order' | 'line'>(audited, 'worse script')
  const since = new Date().toISOString()
  await script.order.update({ where: { id: 7n }, data: { total: 1 } })
  await ann.order.update({ where: { id: 7n }, data: { note: 'mine' } })
  await script.order.update({ where: { id: 7n }, data: { total: 2 } })
  const { output, code } = await run('recipes/undo-script.ts', ['worse script', since])
  expect(output).toContain('Nothing was reverted: Order {"id":"7"}: changed since.')
  expect(code).toBe(1)
  expect(await ann.order.findMany()).toMatchObject([{ note: 'mine' }])
})

test('a history panel gives pages over HTTP', async () => {
  const port = await freePort()
  const args = ['--import', import.meta.resolve('tsx'), 'recipes/history-panel.ts']
  const child = spawn(process.execPath, args, {
    cwd: project.dir,
    env: { ...environment(), PORT: String(port) },
  })
  started.push(child)
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const answer = await fetch(`http://localhost:${port}/orders/7/history`)
  const { entries, nextCursor } = (await answer.json()) as { entries: object[]; nextCursor: unknown }
  expect(entries.at(-2)).toMatchObject({
    operation: 'U',
    by: 'ann',
    changes: [{ field: 'total', before: '5', after: '6.5' }, { field: 'note' }],
  })
  expect(nextCursor).toBeNull()
  expect((await fetch(`http://localhost:${port}/`)).status).toBe(404)
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
