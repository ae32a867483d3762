import { expect, test, vi } from 'vitest'
import { datedBack } from '../../packages/generator/test/sql/old-partitions.ts'
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

test('what prune removes on the primary, partitions too, stays on the second server, and both verify', async () => {
  const made = await replication(servers(), models(PARTITIONED), tables)
  const { primary, second, audit } = made
  await datedBack(primary, 18)
  await primary.query(`${five}; DELETE FROM "Order"; ${five}; UPDATE "Order" SET total = 0`)
  // Before it is sealed, and before anybody has it.
  await primary.query(`ALTER TABLE ${HISTORY} DISABLE TRIGGER append_only;
    UPDATE ${HISTORY} SET audit_operation_timestamp = audit_operation_timestamp - interval '16 months' WHERE audit_id <= 10;
    UPDATE ${HISTORY} SET audit_operation_timestamp = audit_operation_timestamp - interval '14 months' WHERE audit_id BETWEEN 11 AND 17;
    ALTER TABLE ${HISTORY} ENABLE ALWAYS TRIGGER append_only`)
  expect(await audit('seal', '--wait', '60')).toMatchObject({ exitCode: 0 })
  const roles = { pruner: `${primary.name}_pruner`, keeper: `${primary.name}_keeper` }
  const setUp = await audit('pruner', '--role', roles.pruner, '--by', roles.keeper, '--at-least', '1y')
  await primary.query(`${setUp.stdout}; ALTER ROLE "${roles.keeper}" PASSWORD 'x'`)
  await running(made)
  await made.expectSame('audit.seal')
  const before = await second.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)
  expect(before).toHaveLength(20)
  const url = new URL(primary.url)
  url.username = roles.keeper
  url.password = 'x'
  const pruned = await audit('prune', '--url', url.href, '--older-than', '13mo', '--reason', 'old')
  expect(pruned).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/\d+ rows pruned[\s\S]* is dropped: it had no row left/),
  })
  expect(await count(primary)).toBeLessThan(10)
  await primary.query(`INSERT INTO "Order" (total) VALUES (7)`)
  expect(await audit('seal', '--wait', '60')).toMatchObject({ exitCode: 0 })
  await made.expectSame('audit.seal')
  await expect.poll(() => count(second), { timeout: 60_000 }).toBe(21)
  expect((await second.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)).slice(0, 20)).toEqual(before)
  for (const server of [primary, second]) {
    const { exitCode, stdout, stderr } = await audit('verify', '--url', server.url)
    expect([exitCode, stdout + stderr]).toEqual([0, expect.anything()])
  }
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
