import fc from 'fast-check'
import pg from 'pg'
import type { HistoryModels } from 'prisma-extension-audit/history'
import { beforeAll, expect, test } from 'vitest'
import { serverMajor } from '../support/test-database.ts'
import { anyOperation, type Operation, type Shop, takenApart } from './fold-equals-table/operations.ts'
import { readValueColumns } from './fold-equals-table/values.ts'
import {
  delegateOf,
  delegates,
  type Entry,
  type ShopHistory,
  useShopHistory,
} from './history/shop-history.ts'

const isFull = process.env.AUDIT_TEST_SIZE === 'full'
const seed = Number(process.env.AUDIT_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
console.info(`history-revert: AUDIT_TEST_SEED=${seed}`)
const runs = isFull ? 400 : 60

let shop: ShopHistory
let writer: Shop
let operations: readonly Operation[]

beforeAll(async () => {
  shop = await useShopHistory()
  writer = await shop.writer('bob')
  const connection = await shop.plain.connect()
  const columns = await readValueColumns(connection as never)
  connection.release()
  operations = fc.sample(anyOperation({ columns, major: serverMajor() }), { seed, numRuns: runs * 12 })
}, 120_000)

/** All tables, as text: what their histories record of them. */
async function copyOf(): Promise<Readonly<Record<string, readonly string[]>>> {
  const copies: Record<string, readonly string[]> = {}
  for (const [name, model] of Object.entries(shop.models)) copies[name] = await rowsOf(model)
  return copies
}

async function rowsOf({ source, fields }: HistoryModels[string]): Promise<readonly string[]> {
  const columns = Object.values(fields).map(
    (field) => `CAST(${pg.escapeIdentifier(field.source ?? field.column)} AS text)`,
  )
  const table = `${pg.escapeIdentifier(source.schema)}.${pg.escapeIdentifier(source.name)}`
  const { rows } = await shop.plain.query<{ row: string }>(
    `SELECT ROW(${columns.join(', ')})::text AS row FROM ${table} ORDER BY 1`,
  )
  return rows.map(({ row }) => row)
}

const run = (operation: Operation | undefined) =>
  operation === undefined ? undefined : takenApart(() => operation.run(writer))

/** What `$revert` refuses leaves everything as it was. */
async function reverted(plan: object): Promise<Entry['transaction'] | string> {
  const before = await copyOf()
  try {
    return await shop.db.$revert(plan)
  } catch (error) {
    const { code, conflicts } = error as { code?: string; conflicts?: readonly { kind: string }[] }
    if (code !== 'CONFLICT') throw error
    expect(await copyOf()).toEqual(before)
    return conflicts?.[0]?.kind ?? 'no conflict'
  }
}

function count(outcomes: Map<string, number>, outcome: string): void {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
}

test('reverting a transaction restores all its tables, and reverting that again takes it back', async () => {
  const outcomes = new Map<string, number>()
  for (let round = 0; round < runs; round += 1) {
    for (let more = 0; more < 5; more += 1) await run(operations[round * 12 + more])
    const before = await copyOf()
    const since = new Date()
    await run(operations[round * 12 + 5])
    const after = await copyOf()
    const transactions = await transactionsSince(since)
    const [only] = transactions
    if (only === undefined || transactions.length !== 1) continue
    const plan = await shop.db.$planRevert({ transaction: only })
    const undone = plan.conflicts[0]?.kind ?? (await reverted(plan))
    count(outcomes, typeof undone === 'string' ? undone : 'done')
    if (typeof undone === 'string') continue
    expect(await copyOf()).toEqual(before)
    // What wrote a row and took it away again leaves nothing to be done.
    if (plan.steps.length === 0) continue
    const again = await shop.db.$planRevert({ transaction: undone })
    if (again.conflicts.length > 0 || typeof (await reverted(again)) === 'string') continue
    count(outcomes, 'done again')
    expect(await copyOf()).toEqual(after)
  }
  console.info('reverted transactions', Object.fromEntries(outcomes))
  // Otherwise the test would have proved nothing.
  expect(outcomes.get('done')).toBeGreaterThan(runs / 4)
  expect(outcomes.get('done again')).toBeGreaterThan(runs / 8)
}, 1_800_000)

/** The newest first. */
async function transactionsSince(from: Date): Promise<readonly Entry['transaction'][]> {
  const { entries } = await shop.db.$history({ from, by: { username: 'bob' }, order: 'desc', take: 10_000 })
  return [...new Map(entries.map(({ transaction }) => [transaction.id, transaction])).values()]
}

test('revert gives a row the wanted version, and as of now the history says so', async () => {
  const outcomes = new Map<string, number>()
  for (let round = 0; round < runs; round += 1) {
    for (let more = 6; more < 12; more += 1) await run(operations[round * 12 + more])
    for (const [name, model] of delegates(shop.models)) {
      const { entries } = await delegateOf(shop.db, name).history({ take: 200 })
      const wanted = entries[(round * 7919) % Math.max(1, entries.length)]
      if (wanted === undefined) continue
      const where = Object.fromEntries(
        Object.entries(model.fields)
          .filter(([, { column }]) => model.key.includes(column))
          .map(([field]) => [field, wanted.row[field]]),
      )
      const [newest] = (await delegateOf(shop.db, name).history({ where, take: 1 })).entries
      const to = { auditId: wanted.auditId }
      const plan = await delegateOf(shop.db, name).planRevert({ where, to, seen: newest?.auditId })
      const outcome = await reverted(plan)
      count(outcomes, typeof outcome === 'string' ? outcome : 'done')
      if (typeof outcome === 'string') continue
      const then = await delegateOf(shop.db, name).asOf(to, { where })
      const now = await delegateOf(shop.db, name).asOf(new Date(), { where })
      expect({ name, rows: now.rows }).toEqual({ name, rows: then.rows })
    }
  }
  console.info('reverted rows', Object.fromEntries(outcomes))
  expect(outcomes.get('done')).toBeGreaterThan(runs)
}, 1_800_000)

test('a row that was written after the version that was seen is a conflict, and nothing is written', async () => {
  const { db } = shop
  const { id } = (await db.customer.create({ data: { email: 'seen@example.com', name: 'one' } })) as {
    id: string
  }
  const [first] = (await db.customer.history({ where: { id } })).entries
  await db.customer.update({ where: { id }, data: { name: 'two' } })
  const [second] = (await db.customer.history({ where: { id }, take: 1 })).entries
  const plan = await db.customer.planRevert({
    where: { id },
    to: { auditId: first?.auditId },
    seen: second?.auditId,
  })
  expect(plan.steps).toMatchObject([
    { action: 'update', changes: [{ field: 'name' }, { field: 'updatedAt' }] },
  ])
  await db.customer.update({ where: { id }, data: { name: 'three' } })
  await expect(db.$revert(plan)).rejects.toMatchObject({
    name: 'AuditHistoryError',
    code: 'CONFLICT',
    conflicts: [{ model: 'Customer', key: { id }, kind: 'changed since' }],
  })
  expect(await db.customer.findMany({ where: { id } })).toMatchObject([{ name: 'three' }])
})

test('a writer who comes while a revert is under way waits for it, and is not overwritten', async () => {
  const { db } = shop
  const { id } = (await db.customer.create({ data: { email: 'race@example.com', points: 1 } })) as {
    id: string
  }
  await db.customer.update({ where: { id }, data: { points: 2 } })
  const history = (await db.customer.history({ where: { id } })).entries
  const plan = await db.customer.planRevert({
    where: { id },
    to: { auditId: history.at(-1)?.auditId },
    seen: history[0]?.auditId,
  })
  const other = shop.plain
  const connection = await other.connect()
  await connection.query(`BEGIN; SELECT set_config('audit.username', 'cid', true)`)
  await connection.query('UPDATE customers SET points = points + 10 WHERE id = $1', [id])
  const outcome = db.$revert(plan).then(
    () => 'done',
    (error: { conflicts: readonly { kind: string }[] }) => error.conflicts[0]?.kind,
  )
  await new Promise((resolve) => setTimeout(resolve, 200))
  await connection.query('COMMIT')
  connection.release()
  expect(await outcome).toBe('changed since')
  expect(await db.customer.findMany({ where: { id } })).toMatchObject([{ points: 12 }])
})
