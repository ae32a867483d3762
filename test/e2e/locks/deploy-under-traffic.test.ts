import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { useProject } from '../main-path/audited-project.ts'
import { runWrapper } from '../migrate/wrapped-project.ts'
import { writeChange } from './change-project.ts'
import { fillHistories, fillShop } from './fill-shop.ts'
import { openReport } from './history-query.ts'
import { editSchema, type Step, stepsThatWait, stepsWithoutLock } from './steps.ts'
import { startTraffic, type Traffic, type Transaction } from './traffic.ts'

// Several runs of the command line and of the writers share the machine with other tests.
vi.setConfig({ testTimeout: 180_000 })

const isFull = process.env.AUDIT_TEST_SIZE === 'full'
const ROWS = 20_000
const LOCK_TIMEOUT = 500
/** How late a time-out may come, and a wait be seen, on a machine that is busy. */
const SLACK = 500

const prisma = (path: string) => fileURLToPath(new URL(`../../../prisma/${path}`, import.meta.url))
const init = readdirSync(prisma('migrations')).find((name) => name.endsWith('_init')) ?? ''
const reference = readFileSync(prisma('schema.prisma'), 'utf8').replace(
  'output          = "../generated/audit"',
  `output          = "../generated/audit"\n  lockTimeout     = "${LOCK_TIMEOUT}ms"`,
)

const schema = editSchema(reference)
const { database, project } = await useProject({
  schema: reference,
  migrations: { [init]: readFileSync(prisma(`migrations/${init}/migration.sql`), 'utf8') },
})

const one = (expression: string) =>
  `(SELECT ${expression.replace('?', `(1 + floor(random() * ${ROWS}))::int`)})`
const byName = one('md5((?)::text)::uuid')
const byNumber = one('?')
const updateCustomer = ['customers', `UPDATE customers SET points = points + 1 WHERE id = ${byName}`] as const
const updateOrder = ['order', `UPDATE "order" SET paid = NOT paid WHERE id = ${byNumber}`] as const
const updateReview = ['Review', `UPDATE "Review" SET stars = 5 - stars WHERE id = ${byNumber}`] as const
const addMovement = [
  'StockMovement',
  `INSERT INTO "StockMovement" ("productId", delta) SELECT ${byNumber}, n FROM generate_series(1, 3) AS n`,
] as const
const deleteMovement = [
  'StockMovement',
  `DELETE FROM "StockMovement" WHERE id = (SELECT max(id) FROM "StockMovement" WHERE id <= ${byNumber})`,
] as const
/** Each takes its tables in the same order, so that no two of them wait for each other's rows. */
const TRANSACTIONS: readonly Transaction[] = [
  [addMovement],
  [deleteMovement],
  [updateCustomer, updateOrder],
  [updateCustomer, updateReview, addMovement],
  [updateReview],
]
const WRITTEN = ['customers', 'order', 'Review', 'StockMovement']
const histories = ['customers', 'order', 'Review', 'StockMovement'].map((table) => `audit."${table}_audit"`)
const CONTEXT = `SELECT set_config('audit.username', 'ann', true), set_config('audit.channel', 'web', true)`

let traffic: Traffic
/** Rows of history and rows written, by table, when they were last compared. */
let compared: Awaited<ReturnType<typeof count>> | undefined

async function count() {
  const counts = WRITTEN.map(
    (table) => `SELECT '${table}' AS table, count(*)::int AS rows FROM audit."${table}_audit"`,
  )
  const rows = await database.query<{ table: string; rows: number }>(counts.join(' UNION ALL '))
  return new Map(
    rows.map(({ table, rows }) => [table, { history: rows, written: traffic.rows.get(table) ?? 0 }] as const),
  )
}

/** Every row that a committed transaction changed since the last time has a row of history, and no other row has. */
async function expectNothingUnaudited(except: readonly string[] = []) {
  await traffic.pause()
  const now = await count()
  const before = compared
  compared = now
  traffic.resume()
  if (before === undefined) return
  const since = (key: 'history' | 'written') =>
    WRITTEN.filter((table) => !except.includes(table)).map((table) => [
      table,
      (now.get(table)?.[key] ?? 0) - (before.get(table)?.[key] ?? 0),
    ])
  expect(since('history')).toEqual(since('written'))
}

function expectTrafficUnharmed() {
  expect(traffic.failures).toEqual([])
  expect(traffic.longestWait()).toBeLessThan(LOCK_TIMEOUT + SLACK)
}

const deploy = () => project.prisma(['migrate', 'deploy'])
const lastMigration = async () => (await project.migrationFiles()).at(-1)?.name ?? ''

beforeAll(async () => {
  await deploy()
  await database.query(fillShop(ROWS))
  traffic = startTraffic(
    database.pool,
    6,
    (writer) => TRANSACTIONS[(writer + Math.floor(Math.random() * 5)) % 5] ?? [],
    CONTEXT,
  )
})
afterAll(() => traffic.stop())

test('the first installation on full tables under traffic: no write fails, none waits longer than the lock time-out, and a long report on the tables stops nothing', async () => {
  const report = await openReport(database.url, ['customers', '"order"', '"StockMovement"', '"Review"'])
  await traffic.goOn()
  await writeChange(project, { schema: schema.text() })
  await deploy()
  await traffic.goOn()
  expectTrafficUnharmed()
  await report.end()
  await expectNothingUnaudited()
  await traffic.goOn()
  await expectNothingUnaudited()
})

const chosen = (steps: readonly Step[]) => steps.filter(({ isSlow }) => isFull || !isSlow)

describe('while somebody reads the history for an hour', () => {
  beforeAll(async () => {
    await traffic.pause()
    await database.query(fillHistories())
    compared = await count()
    traffic.resume()
  })

  test.for(chosen(stepsWithoutLock(schema)))(
    'a change that needs no lock on the history is deployed at once while somebody reads it for an hour, and no write fails, waits longer than the lock time-out, or is unaudited: $name',
    async ({ change, unaudited }) => {
      const report = await openReport(database.url, histories)
      traffic.forget()
      await writeChange(project, change())
      await deploy()
      await traffic.goOn()
      expectTrafficUnharmed()
      await expectNothingUnaudited(unaudited)
      await report.end()
    },
  )

  test.for(chosen(stepsThatWait(schema)))(
    'a change that needs one gives up after the lock time-out and leaves the table as it was; writes go on, and it is deployed when the reader has gone: $name',
    async ({ change }) => {
      const report = await openReport(database.url, histories)
      traffic.forget()
      await writeChange(project, change())
      const before = await describeAudit('StockMovement')
      const { stdout, stderr } = await project.prisma(['migrate', 'deploy'], { expectFailure: true })
      expect(stdout + stderr).toContain('55P03')
      expect(await describeAudit('StockMovement')).toEqual(before)
      await traffic.goOn()
      expectTrafficUnharmed()
      await report.end()
      await project.prisma(['migrate', 'resolve', '--rolled-back', await lastMigration()])
      await deploy()
      await traffic.goOn()
      expectTrafficUnharmed()
      await expectNothingUnaudited()
    },
  )
})

/** Columns of a table and of its history, functions and triggers. */
async function describeAudit(table: string) {
  return await database.query(
    `SELECT 'column' AS kind, attrelid::regclass::text AS of, attname AS name, format_type(atttypid, atttypmod) AS text
       FROM pg_attribute WHERE attrelid IN ('audit."${table}_audit"'::regclass, '"${table}"'::regclass)
     UNION ALL SELECT 'constraint', '', conname, pg_get_constraintdef(oid)
       FROM pg_constraint WHERE conrelid = 'audit."${table}_audit"'::regclass
     UNION ALL SELECT 'function', '', proname, prosrc FROM pg_proc WHERE proname LIKE '${table}%'
     UNION ALL SELECT 'trigger', '', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = '"${table}"'::regclass
     ORDER BY 1, 2, 3`,
  )
}

test('migrate deploy of the command line waits for the reader by itself, and no write fails, waits longer than the lock time-out, or is unaudited', async () => {
  const report = await openReport(database.url, histories)
  traffic.forget()
  await writeChange(project, {
    schema: schema.edit('note String?\n  /// A column', 'remark String?\n  /// A column'),
    draft: 'ALTER TABLE "StockMovement" RENAME COLUMN "note" TO "remark";\n',
  })
  let ending: Promise<void> | undefined
  const { exitCode, stderr } = await runWrapper(project.dir, database.url, ['migrate', 'deploy'], {
    onOutput(output) {
      if (output.includes('tried again')) ending ??= report.end()
    },
  })
  await ending
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining('waited too long for a lock')])
  await traffic.goOn()
  expectTrafficUnharmed()
  await expectNothingUnaudited()
})

test('folding the history afterwards gives the rows of every table that was written', async () => {
  await traffic.pause()
  for (const [table, columns] of [
    ['customers', 'id, points'],
    ['order', 'id, paid'],
    // A column of another type has a history of its own, from then on.
    ['StockMovement', 'id, "productId"'],
  ]) {
    const folded = `SELECT ${columns} FROM (
      SELECT DISTINCT ON (id) * FROM audit."${table}_audit" ORDER BY id, audit_id DESC
    ) AS last WHERE audit_operation <> 'D'`
    const live = `SELECT ${columns} FROM "${table}"`
    const rows = await database.query(`(${folded} EXCEPT ${live}) UNION ALL (${live} EXCEPT ${folded})`)
    expect(rows).toEqual([])
  }
})
