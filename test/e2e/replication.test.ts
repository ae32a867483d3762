import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { NAME, ROLE, replication, running, unguarded, useTwoServers } from './replication/two-servers.ts'

vi.setConfig({ testTimeout: 240_000 })

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
  await made.setUp('publisher')
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
  await expect.poll(() => count(made.second), { timeout: 60_000 }).toBe(6)
  expect(await made.second.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id LIMIT 5`)).toEqual(before)
  expect(await count(made.primary)).toBe(1)
})

/** As `CREATE PUBLICATION` makes it unless told otherwise: updates, deletes and truncations travel, too. */
const publishAll = `CREATE PUBLICATION ${NAME} FOR TABLE ${HISTORY}; GRANT USAGE ON SCHEMA audit TO ${ROLE}; GRANT SELECT ON ${HISTORY} TO ${ROLE}`
const five = `INSERT INTO "Order" (total, note) SELECT g, 'n' FROM generate_series(1, 5) g`

test('without the scripts: an erasure and a pruning on the primary change the copy in silence, and TRUNCATE makes replication wait', async () => {
  const made = await orders()
  const [{ sql = '' } = {}] = await made.project.migrationFiles()
  await made.second.query(sql)
  await made.primary.query(publishAll)
  await made.primary.query(five)
  await made.subscribe()
  await made.copied()
  await made.primary.query(
    unguarded(
      HISTORY,
      `UPDATE ${HISTORY} SET note = NULL WHERE audit_id = 1; DELETE FROM ${HISTORY} WHERE audit_id = 2`,
    ),
  )
  await made.expectSame(HISTORY)
  expect(await count(made.second)).toBe(4)
  await made.primary.query(unguarded(HISTORY, `TRUNCATE ${HISTORY}`))
  await made.primary.query(five)
  await made.stalled()
  expect(await count(made.second)).toBe(4)
})

test('with the guards of the script nothing of the copy changes, whatever the primary publishes', async () => {
  const made = await orders()
  await made.setUp('subscriber')
  await made.primary.query(publishAll)
  await made.primary.query(five)
  await made.subscribe()
  await made.copied()
  const before = await made.second.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)
  await made.primary.query(
    unguarded(
      HISTORY,
      `UPDATE ${HISTORY} SET note = NULL WHERE audit_id = 1; DELETE FROM ${HISTORY} WHERE audit_id = 2`,
    ),
  )
  await made.primary.query(five)
  await expect.poll(() => count(made.second), { timeout: 60_000 }).toBe(10)
  expect(await made.second.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id LIMIT 5`)).toEqual(before)
  await made.primary.query(unguarded(HISTORY, `TRUNCATE ${HISTORY}`))
  await made.stalled()
  expect(await count(made.second)).toBe(10)
  for (const attack of [
    `UPDATE ${HISTORY} SET note = 'x'`,
    `DELETE FROM ${HISTORY}`,
    `TRUNCATE ${HISTORY}`,
  ]) {
    await expect(made.second.query(attack)).rejects.toMatchObject({ code: 'AU002' })
    await expect(
      made.second.query(`BEGIN; SET LOCAL session_replication_role = replica; ${attack}; COMMIT`),
    ).rejects.toMatchObject({ code: 'AU002' })
    await made.second.query('ROLLBACK')
  }
})

test('a history that is partitioned on the primary arrives in one table, and a partition that is dropped stays there', async () => {
  const made = await running(await orders())
  await made.primary.query(five)
  await made.expectSame(HISTORY)
  // What the primary does to move rows of one table to partitions, in one transaction.
  await made.primary.query(`BEGIN;
    ALTER TABLE ${HISTORY} RENAME TO before;
    ALTER TABLE audit.before ALTER audit_id DROP IDENTITY, DROP CONSTRAINT "Order_audit_pkey";
    CREATE TABLE ${HISTORY} (LIKE audit.before) PARTITION BY RANGE (audit_id);
    ALTER TABLE ${HISTORY} ALTER audit_id ADD GENERATED ALWAYS AS IDENTITY (START WITH 6);
    ALTER TABLE ${HISTORY} ATTACH PARTITION audit.before FOR VALUES FROM (1) TO (6);
    CREATE TABLE audit.later PARTITION OF ${HISTORY} FOR VALUES FROM (6) TO (8);
    CREATE TABLE audit.latest PARTITION OF ${HISTORY} DEFAULT;
    GRANT SELECT ON ${HISTORY} TO ${ROLE};
    ALTER PUBLICATION ${NAME} ADD TABLE ${HISTORY};
    COMMIT`)
  await made.primary.query(five)
  await made.expectSame(HISTORY)
  await made.setUp('publisher')
  await made.second.query(`ALTER SUBSCRIPTION ${NAME} REFRESH PUBLICATION`)
  await made.copied()
  const whole = await made.second.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)
  await made.primary.query(
    `ALTER TABLE ${HISTORY} DETACH PARTITION audit.later; DROP TABLE audit.later, audit.before CASCADE`,
  )
  await made.primary.query('INSERT INTO "Order" (total) VALUES (11)')
  await expect.poll(() => count(made.second), { timeout: 60_000 }).toBe(11)
  expect(await made.second.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id LIMIT 10`)).toEqual(whole)
  expect(await count(made.primary)).toBe(4)
})

test('copied again after its slot was lost, the second server keeps what the primary has pruned, and has nothing twice', async () => {
  const made = await running(await orders())
  await made.primary.query(five)
  await made.expectSame(HISTORY)
  await made.second.query(`DROP SUBSCRIPTION ${NAME}`)
  await made.second.query(unguarded(HISTORY, `UPDATE ${HISTORY} SET note = NULL WHERE audit_id = 3`))
  await made.primary.query(unguarded(HISTORY, `DELETE FROM ${HISTORY} WHERE audit_id <= 2`))
  await made.primary.query(five)
  await made.subscribe()
  await made.copied()
  const rows = await made.second.query<{ line: string }>(
    `SELECT concat_ws(' ', audit_id, note) AS line FROM ${HISTORY} ORDER BY audit_id`,
  )
  expect(rows.map(({ line }) => line)).toEqual(
    Array.from({ length: 10 }, (_, at) => (at === 2 ? '3' : `${at + 1} n`)),
  )
})

test('a number that belongs to another row on the second server makes replication wait: two histories never mix', async () => {
  const made = await running(await orders())
  await made.primary.query(five)
  await made.expectSame(HISTORY)
  // As after a primary that was put back to an earlier moment and went on with the same numbers.
  await made.second.query(
    `INSERT INTO ${HISTORY} SELECT (jsonb_populate_record(h, '{"audit_id": 6, "audit_transaction_id": 1}')).* FROM ${HISTORY} h WHERE audit_id = 5`,
  )
  await made.primary.query(five)
  await made.stalled()
  expect(await count(made.second)).toBe(6)
  await made.second.query(unguarded(HISTORY, `DELETE FROM ${HISTORY} WHERE audit_id = 6`))
  await made.expectSame(HISTORY)
})
