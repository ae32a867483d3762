import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { clearHistory } from 'prisma-extension-audit/testing'
import { beforeAll, expect, test } from 'vitest'
import { createDatabase } from '../support/test-database.ts'
import { install, useProject } from './main-path/audited-project.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const text = readFileSync(join(repository, 'docs/testing.md'), 'utf8')
const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

datasource db {
  provider = "postgresql"
}

generator audit {
  provider          = "prisma-generator-audit"
  output            = "../generated/audit"
  sessionSettings   = ["username String", "request_id String? @db.Uuid"]
  captureWaiverRole = "maintenance"
}

/// @audit(enabled)
model Order {
  id    Int     @id @default(autoincrement())
  total Decimal @db.Decimal(10, 2)
}
`
const audited = await useProject({ schema })
const { project, database } = audited
beforeAll(() => install(audited))

/** Each block of TypeScript is a file; its first line is its path. */
const files = [...text.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)].map(
  ([, path = '', code = '']) => [path, code] as const,
)

/** Runs a program of the repository in the project's folder, as its owner would. */
function run(
  program: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly output: string }> {
  const { VITEST: _, VITEST_POOL_ID: __, VITEST_WORKER_ID: ___, ...env } = process.env
  const options = { cwd: project.dir, env: { ...env, NO_COLOR: '1', CI: '1', DATABASE_URL: database.url } }
  return new Promise((resolve) => {
    const path = join(repository, 'node_modules/.bin', program)
    execFile(path, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: stdout + stderr })
    })
  })
}

test('every block of docs/testing.md is a file or a statement that is run here', () => {
  const blocks = [...text.matchAll(/^```(\w+)$/gm)].map(([, language]) => language)
  expect(blocks.filter((language) => language === 'ts')).toHaveLength(files.length)
  expect(blocks.filter((language) => language !== 'ts')).toEqual(['sql'])
})

test('the tests of docs/testing.md pass, again and again, and are checked by TypeScript', async () => {
  for (const [path, code] of files) await project.write(path, code)
  for (let round = 0; round < 2; round += 1) {
    const { code, output } = await run('vitest', 'run', '--root', project.dir)
    expect(output).toContain('3 passed')
    expect(code).toBe(0)
  }
  const flags = '--noEmit --strict --module preserve --target es2023 --skipLibCheck --types node'
  expect(
    await run('tsc', ...flags.split(' '), 'test/setup.ts', 'test/refund.test.ts', 'test/rollback.test.ts'),
  ).toEqual({ code: 0, output: '' })
})

test('a test that forgets the context fails: nothing in the set-up hides it', async () => {
  await project.write(
    'test/forgets.test.ts',
    `import { test } from 'vitest'
import { bare } from './clients.js'
test('forgets', () => bare.order.create({ data: { total: 1 } }))`,
  )
  const { code, output } = await run('vitest', 'run', '--root', project.dir, 'test/forgets.test.ts')
  expect(code).toBe(1)
  expect(output).toContain('audit.username')
})

const count = `SELECT (SELECT count(*) FROM audit."Order_audit") + (SELECT count(*) FROM audit.capture_waiver) AS n`
const write = `SELECT set_config('audit.username', 'ann', false); INSERT INTO "Order" (total) VALUES (1)`

test('clearHistory leaves no history, ids from 1, and every guard as it was', async () => {
  const guards = `SELECT tgrelid::regclass::text, tgenabled FROM pg_trigger WHERE tgname = 'append_only' ORDER BY 1`
  const before = await database.query(guards)
  await database.query(write)
  await clearHistory(database.pool({ max: 1 }))
  expect(await database.query(count)).toEqual([{ n: '0' }])
  expect(await database.query(guards)).toEqual(before)
  await database.query(write)
  expect(await database.query('SELECT audit_id FROM audit."Order_audit"')).toEqual([{ audit_id: '1' }])
  await expect(database.query('DELETE FROM audit."Order_audit"')).rejects.toMatchObject({ code: 'AU002' })
})

test('clearHistory changes nothing in a database that does not say that it is for tests', async () => {
  await database.query(write)
  const names = ['shop', 'contest', 'attested', 'ShopTest', 'test-4711']
  const cleared: string[] = []
  for (const name of names) {
    const own = `${name} ${process.pid}`
    const { pool, drop } = await copyOf(own)
    const clear = clearHistory(pool)
    if (await clear.then(() => true, isRefused(own))) cleared.push(name)
    const [{ n } = { n: '' }] = (await pool.query(count)).rows
    expect(n === '0').toBe(cleared.includes(name))
    await expect(clearHistory(pool, { database: 'another' })).rejects.toMatchObject({
      code: 'NOT_A_TEST_DATABASE',
    })
    await clearHistory(pool, { database: own })
    expect((await pool.query(count)).rows).toEqual([{ n: '0' }])
    await drop()
  }
  expect(cleared).toEqual(['ShopTest', 'test-4711'])
})

const isRefused = (name: string) => (error: unknown) => {
  expect(error).toMatchObject({
    name: 'AuditContextError',
    code: 'NOT_A_TEST_DATABASE',
    message: expect.stringContaining(name),
  })
  return false
}

/** A copy of the database by the statement of the document. */
async function copyOf(name: string) {
  const [statement = ''] = [...text.matchAll(/^```sql\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code)
  const admin = await createDatabase()
  // PostgreSQL copies only what nobody uses.
  await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
    database.name,
  ])
  const named = (word: string) => `"${word === 'shop_test_1' ? name : database.name}"`
  await admin.query(statement.replaceAll(/shop_test\w*/g, named))
  const url = new URL(database.url)
  url.pathname = `/${encodeURIComponent(name)}`
  const pool = admin.pool({ connectionString: url.href, max: 1 })
  const drop = async () => {
    await pool.end()
    await admin.query(`DROP DATABASE "${name}" WITH (FORCE)`)
    await admin.drop()
  }
  return { pool, drop }
}

test('clearHistory needs the owner: an application cannot forget its own deeds', async () => {
  const client = await database.pool({ max: 1 }).connect()
  const app = `app ${database.name}`
  try {
    await client.query(`CREATE ROLE "${app}"; SET ROLE "${app}"`)
    await expect(clearHistory(client)).rejects.toMatchObject({ code: '42501' })
  } finally {
    await client.query(`RESET ROLE; DROP ROLE "${app}"`)
    client.release()
  }
})

test('clearHistory does not wait for ever for a test that left a transaction open', async () => {
  const client = await database.pool({ max: 1 }).connect()
  try {
    await client.query(`BEGIN; ${write}`)
    const start = performance.now()
    await expect(clearHistory(database.pool({ max: 1 }))).rejects.toMatchObject({
      code: '55P03',
    })
    expect(performance.now() - start).toBeGreaterThan(9000)
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
})

test('a copy of a template has the history of the template, and writes its own', async () => {
  await database.query(write)
  const history = `SELECT audit_id, id, audit_username FROM audit."Order_audit" ORDER BY audit_id`
  const before = await database.query(history)
  const { pool, drop } = await copyOf(`copy ${process.pid}`)
  expect((await pool.query(history)).rows).toEqual(before)
  await pool.query(write)
  expect((await pool.query(history)).rows).toHaveLength(before.length + 1)
  await drop()
})
