import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { NAME, ROLE, replication, running, unguarded, useTwoServers } from './replication/two-servers.ts'

vi.setConfig({ testTimeout: 120_000 })

const servers = useTwoServers()

const models = `
/// @audit(enabled)
model Order {
  id    Int     @id @default(autoincrement())
  total Decimal @db.Decimal(10, 2)
  note  String?
}
`
const tables = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "total" DECIMAL(10,2) NOT NULL, "note" TEXT, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
`
const HISTORY = 'audit."Order_audit"'
const orders = () => replication(servers(), models, tables)
const count = async (database: { query(sql: string): Promise<object[]> }) =>
  (await database.query(`SELECT audit_id FROM ${HISTORY}`)).length

test('rows from before, during and after the first copy are on the second server once, while writers write', async () => {
  const made = await orders()
  await made.primary.query(`INSERT INTO "Order" (total) SELECT g FROM generate_series(1, 3000) g`)
  const pool = made.primary.pool({ max: 4 })
  let isStopped = false
  let writes = 0
  const write = async () => {
    while (!isStopped) {
      await pool.query('INSERT INTO "Order" (total) VALUES (1), (2)')
      await pool.query('UPDATE "Order" SET total = total + 1 WHERE id = (SELECT max(id) FROM "Order")')
      writes += 1
    }
  }
  const writers = Array.from({ length: 4 }, write)
  await made.setUp('publisher', '--role', ROLE)
  await made.setUp('subscriber')
  await made.subscribe()
  await made.copied()
  const during = writes
  while (writes < during + 50) await sleep(10)
  isStopped = true
  await Promise.all(writers)
  await made.expectSame(HISTORY)
  expect(await count(made.second)).toBeGreaterThan(3000)
})

test('what the owner of the primary erases, prunes or truncates stays on the second server, and replication goes on', async () => {
  const made = await running(await orders())
  await made.primary.query(`INSERT INTO "Order" (total, note) SELECT g, 'n' FROM generate_series(1, 5) g`)
  await made.expectSame(HISTORY)
  const before = await made.second.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)
  await made.primary.query(
    unguarded(
      HISTORY,
      `UPDATE ${HISTORY} SET note = NULL WHERE audit_id = 1; DELETE FROM ${HISTORY} WHERE audit_id = 2`,
    ),
  )
  await made.primary.query(unguarded(HISTORY, `TRUNCATE ${HISTORY}`))
  await made.primary.query(`INSERT INTO "Order" (total) VALUES (6)`)
  await expect.poll(() => count(made.second), { timeout: 30_000 }).toBe(6)
  expect(await made.second.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id LIMIT 5`)).toEqual(before)
  expect(await count(made.primary)).toBe(1)
})
