import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { installedProject, type WrappedProject, wrappedProject } from './migrate/wrapped-project.ts'

// Each runs Prisma's command line several times, and waits in between.
vi.setConfig({ testTimeout: 240_000 })

const models = `/// @audit(enabled)
model Order {
  id   Int    @id @default(autoincrement())
  name String
}

model Tag {
  id Int @id
}
`
const tables = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Tag" ("id" INTEGER NOT NULL, CONSTRAINT "Tag_pkey" PRIMARY KEY ("id"));
`
const NEXT = '20240102000000_next'
/** A migration that gives up soon, as the audit parts do. */
const impatient = (sql: string) => `SET LOCAL lock_timeout = '300ms';\n${sql}\n`
const ADD = 'ALTER TABLE "Order" ADD COLUMN "note" TEXT;'

async function withNext(sql: string): Promise<WrappedProject> {
  const wrapped = await installedProject(models, tables)
  await wrapped.project.write(`prisma/migrations/${NEXT}/migration.sql`, sql)
  return wrapped
}

/** Another connection, in the middle of a transaction. */
async function inTransaction({ database }: WrappedProject, sql: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end())
  await client.query(`BEGIN; ${sql}`)
  return client
}

const columns = ({ database }: WrappedProject) =>
  database.query(
    `SELECT column_name::text FROM information_schema.columns WHERE table_name = 'Order' AND table_schema = 'public' ORDER BY 1`,
  )
const failures = async ({ database }: WrappedProject) =>
  (
    await database.query(
      `SELECT finished_at, rolled_back_at FROM _prisma_migrations WHERE migration_name = '${NEXT}'`,
    )
  ).map(({ finished_at, rolled_back_at }) =>
    finished_at ? 'applied' : rolled_back_at ? 'rolled back' : 'failed',
  )

test('a lock that is in the way is waited for: the migration is rolled back and tried again until it is free', async () => {
  const wrapped = await withNext(impatient(ADD))
  const other = await inTransaction(wrapped, 'LOCK TABLE "Order"')
  let released = false
  const { exitCode, stdout, stderr } = await wrapped.audit(['migrate', 'deploy'], {
    onOutput: (output) => {
      if (released || !output.includes('(2 of 5)')) return
      released = true
      void other.query('COMMIT')
    },
  })
  expect(exitCode, stderr).toBe(0)
  expect(stderr).toMatch(
    /audit: \S+ waited too long for a lock; it is rolled back and tried again in [\d.]+ s \(1 of 5\)/,
  )
  expect(stdout).toContain('All migrations have been successfully applied.')
  expect((await failures(wrapped)).sort()).toEqual(['applied', 'rolled back', 'rolled back'])
  expect(await columns(wrapped)).toContainEqual({ column_name: 'note' })
})

test('an audit part that waits in vain for the lock of a table is tried again too', async () => {
  const wrapped = await wrappedProject(
    models.replace('@audit(enabled)', '@audit(enabled, truncate: refuse)'),
    {
      migrations: { '20240101000000_init': tables },
    },
  )
  await wrapped.project.prisma(['migrate', 'deploy'])
  const schema = await wrapped.project.read('prisma/schema.prisma')
  await wrapped.project.write(
    'prisma/schema.prisma',
    schema.replace('output ', 'lockTimeout = "300ms"\n  output '),
  )
  await wrapped.project.prisma(['generate'])
  const other = await inTransaction(wrapped, `INSERT INTO "Order" (name) VALUES ('busy')`)
  const { exitCode, stderr } = await wrapped.audit(['migrate', 'deploy', '--retries', '3'], {
    onOutput: (output) => {
      if (output.includes('(1 of 3)')) void other.query('COMMIT')
    },
  })
  expect(exitCode, stderr).toBe(0)
  await expect(wrapped.database.query(`INSERT INTO "Order" (name) VALUES ('b')`)).rejects.toThrow(
    'audit.username',
  )
})

test('a deadlock is tried again', async () => {
  const wrapped = await withNext(`ALTER TABLE "Tag" ADD COLUMN "a" TEXT;\n${ADD}\n`)
  // The other one waits so long before it looks for a deadlock that the migration is the one that finds it.
  const other = await inTransaction(wrapped, `SET deadlock_timeout = '100s'; LOCK TABLE "Order"`)
  const running = wrapped.audit(['migrate', 'deploy'])
  await expect
    .poll(
      () =>
        wrapped.database.query(`SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '"Order"'::regclass`),
      {
        timeout: 60_000,
      },
    )
    .toHaveLength(1)
  await other.query('LOCK TABLE "Tag"; COMMIT')
  const { exitCode, stderr } = await running
  expect(exitCode, stderr).toBe(0)
  expect(stderr).toContain('met a deadlock; it is rolled back and tried again')
})

test('after the last try the migration is left rolled back, and the exit code is that of Prisma', async () => {
  const wrapped = await withNext(impatient(ADD))
  const other = await inTransaction(wrapped, 'LOCK TABLE "Order"')
  const { exitCode, stderr } = await wrapped.audit(['migrate', 'deploy', '--retries=1'])
  expect(exitCode).toBe(1)
  expect(stderr).toContain('waited too long for a lock, 2 times')
  expect(await failures(wrapped)).toEqual(['rolled back', 'rolled back'])
  await other.query('COMMIT')
})

test('a migration that has committed half of its statements is not run again: the message says what to do by hand', async () => {
  const wrapped = await withNext(
    impatient(`ALTER TABLE "Tag" ADD COLUMN "a" TEXT;\nCOMMIT;\nSET LOCAL lock_timeout = '300ms';\n${ADD}`),
  )
  await inTransaction(wrapped, 'LOCK TABLE "Order"')
  const { exitCode, stderr } = await wrapped.audit(['migrate', 'deploy'])
  expect(exitCode).toBe(1)
  expect(stderr).toContain('cannot be run again by itself: it holds COMMIT')
  expect(stderr).toContain(`npx prisma migrate resolve --rolled-back ${NEXT}`)
  expect(await failures(wrapped)).toEqual(['failed'])
})

test('any other failure passes through, with its message and exit code, and is not tried again', async () => {
  const wrapped = await withNext('SELECT 1 / 0;\n')
  const { exitCode, stderr } = await wrapped.audit(['migrate', 'deploy'])
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('22012')])
  expect(stderr).not.toContain('audit:')
  expect(await failures(wrapped)).toEqual(['failed'])
})

test('a signal ends the wait between two tries', async () => {
  const wrapped = await withNext(impatient(ADD))
  await inTransaction(wrapped, 'LOCK TABLE "Order"')
  const { exitCode } = await wrapped.audit(['migrate', 'deploy'], {
    signal: { when: 'tried again in', name: 'SIGTERM' },
  })
  expect(exitCode).toBe(130)
  expect(await failures(wrapped)).toEqual(['rolled back'])
})
