import { expect, test, vi } from 'vitest'
import { NAME, replication, running, useTwoServers } from './replication/two-servers.ts'

vi.setConfig({ testTimeout: 240_000 })

const servers = useTwoServers()

const models = (option: string) => `
/// @audit(enabled${option})
model Order {
  id    Int     @id @default(autoincrement())
  total Int
}
`
const tables = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "total" INTEGER NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
`
const HISTORY = 'audit."Order_audit"'
const PARTITIONED = ', partitionBy: month'
const five = `INSERT INTO "Order" (total) SELECT g FROM generate_series(1, 5) g`
const count = async (database: { query(sql: string): Promise<object[]> }) =>
  (await database.query(`SELECT audit_id FROM ${HISTORY}`)).length

test('a history that becomes partitioned on the primary goes on arriving in its one table, and a partition that is dropped stays there', async () => {
  const made = await running(await replication(servers(), models(''), tables))
  await made.primary.query(five)
  await made.expectSame(HISTORY)
  await made.primary.query(await made.migrate(models(PARTITIONED), ''))
  await made.primary.query(five)
  await made.expectSame(HISTORY)
  expect(await count(made.second)).toBe(10)
  await made.setUp('subscriber')
  await made.setUp('publisher')
  await made.second.query(`ALTER SUBSCRIPTION ${NAME} REFRESH PUBLICATION`)
  await made.copied()
  await made.primary.query(five)
  await made.expectSame(HISTORY)
  const [oldest] = await made.primary.query<{ name: string }>(
    `SELECT min(tableoid)::regclass::text AS name FROM ${HISTORY}`,
  )
  await made.primary.query(`DROP TABLE ${oldest?.name}`)
  await made.primary.query(`CALL audit.partition_history('${HISTORY}', 'month'); ${five}`)
  await expect.poll(() => count(made.second), { timeout: 60_000 }).toBe(20)
  expect(await count(made.primary)).toBe(5)
})

test('one that is partitioned from its beginning is copied whole, into a table that is partitioned otherwise, too', async () => {
  for (const isPartitionedThere of [false, true]) {
    const made = await replication(servers(), models(PARTITIONED), tables)
    await made.primary.query(five)
    await made.setUp('publisher')
    await made.setUp('subscriber')
    if (isPartitionedThere) {
      await made.second.query(`DROP TABLE ${HISTORY};
        CREATE TABLE ${HISTORY} (audit_id bigint NOT NULL, audit_operation_timestamp timestamptz NOT NULL) PARTITION BY RANGE (audit_operation_timestamp);
        CREATE TABLE audit.this PARTITION OF ${HISTORY} FOR VALUES FROM ('2020-01-01') TO ('2040-01-01');
        CREATE TABLE audit.other PARTITION OF ${HISTORY} DEFAULT`)
      await made.setUp('subscriber')
    }
    await made.subscribe()
    await made.copied()
    await made.primary.query(five)
    await made.expectSame(HISTORY)
    // Copied once more nothing is there twice.
    await made.second.query(`DROP SUBSCRIPTION ${NAME}`)
    await made.primary.query(five)
    await made.subscribe()
    await made.copied()
    await made.expectSame(HISTORY)
    expect(await count(made.second)).toBe(15)
    await expect(made.second.query(`DELETE FROM ${HISTORY}`)).rejects.toMatchObject({ code: 'AU002' })
  }
})
