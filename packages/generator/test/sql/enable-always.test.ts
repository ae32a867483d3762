import { expect, it, onTestFinished } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { renderDown } from '../../src/sql/render-down.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { planMigration } from '../../src/state/migration-plan.ts'
import { createSource, install, setting, state, table, up } from './fixture.ts'

const order = table('Order', {
  level: 'row',
  enableAlways: true,
  settings: [setting('username String')],
  missingSettings: 'record',
})

async function newDatabase(): Promise<TestDatabase> {
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  return database
}

const history = async (database: TestDatabase) => {
  const rows = await database.query<{ line: string }>(
    `SELECT concat_ws(' ', audit_operation, id, note) AS line FROM audit."Order_audit" ORDER BY audit_id`,
  )
  return rows.map(({ line }) => line)
}

const AS_REPLICA = 'SET LOCAL session_replication_role = replica'

it('a session whose session_replication_role is replica is recorded with enableAlways, and not without', async () => {
  const { enableAlways: _, ...usual } = order
  for (const [wanted, expected] of [
    [order, ['I 1 a', 'U 1 b', 'D 1 b', 'U 2 b', 'D 2 b']],
    [usual, []],
  ] as const) {
    const database = await newDatabase()
    await database.query(createSource(order) + install(wanted))
    await database.query(`BEGIN; ${AS_REPLICA}; INSERT INTO "Order" VALUES (1, 'a'); UPDATE "Order" SET note = 'b';
      UPDATE "Order" SET id = 2; TRUNCATE "Order"; COMMIT`)
    expect(await history(database)).toEqual(expected)
  }
})

it('the triggers of every partition fire always, also of one that is added later', async () => {
  const database = await newDatabase()
  await database.query(`CREATE TABLE "Order" (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);
    CREATE TABLE first PARTITION OF "Order" FOR VALUES FROM (0) TO (10); ${install(order)}
    COMMIT; CREATE TABLE second PARTITION OF "Order" FOR VALUES FROM (10) TO (20)`)
  await database.query(`BEGIN; ${AS_REPLICA}; INSERT INTO first VALUES (1, 'a'); INSERT INTO "Order" VALUES (11, 'b');
    DELETE FROM second; COMMIT`)
  expect(await history(database)).toEqual(['I 1 a', 'I 11 b', 'D 11 b'])
})

it('a table that is moved by another branch to another level keeps firing always after the merge', async () => {
  const database = await newDatabase()
  const changed = { ...order, updates: 'changed' as const }
  await database.query(createSource(order) + install(order))
  // The other branch did not know of the option.
  const { enableAlways: _, ...unaware } = changed
  const { enableAlways: __, ...before } = order
  await database.query(up(state(unaware), state(before)))
  await database.query(up(state(changed), state(unaware)))
  await database.query(
    `BEGIN; ${AS_REPLICA}; INSERT INTO "Order" VALUES (1, 'a'); UPDATE "Order" SET note = 'b'; COMMIT`,
  )
  expect(await history(database)).toEqual(['I 1 a', 'U 1 b'])
})

it('triggers that another branch made anew fire always again after the merge, and go on as they were after its down.sql', async () => {
  const database = await newDatabase()
  const merge = { kind: 'replaceFunctions', source: order.source, reason: 'branches met' } as const
  const from = state(order)
  const options = [planMigration(from, [merge]), { from }] as const
  await database.query(createSource(order) + install(order))
  const firing = async () => {
    const rows = await database.query<{ fires: string }>(
      `SELECT DISTINCT tgenabled AS fires FROM pg_trigger WHERE tgrelid = '"Order"'::regclass AND NOT tgisinternal`,
    )
    return rows.map(({ fires }) => fires)
  }
  // What a branch leaves that did not know of the option.
  await database.query('ALTER TABLE "Order" ENABLE TRIGGER ALL')
  expect(await firing()).toEqual(['O'])
  await database.query(renderMigration(...options))
  expect(await firing()).toEqual(['A'])
  await database.query(renderDown(...options))
  expect(await firing()).toEqual(['A'])
})

it('a subscriber records what logical replication applies: the first copy, every write and TRUNCATE', async (context) => {
  const [publisher, subscriber] = [await newDatabase(), await newDatabase()]
  const [{ wal_level: level } = {}] = await publisher.query<{ wal_level: string }>('SHOW wal_level')
  if (level !== 'logical') context.skip(`this server has wal_level = ${level}, and not logical`)
  const name = `audit_test_${process.pid}`
  await publisher.query(
    `${createSource(order)} INSERT INTO "Order" VALUES (1, 'copied'); CREATE PUBLICATION p FOR TABLE "Order"`,
  )
  await publisher.query(`SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`)
  await subscriber.query(createSource(order) + install(order))
  await subscriber.query(
    `CREATE SUBSCRIPTION ${name} CONNECTION '${publisher.url}' PUBLICATION p WITH (create_slot = false, slot_name = '${name}')`,
  )
  onTestFinished(async () => {
    await subscriber.query(`ALTER SUBSCRIPTION ${name} DISABLE`)
    await subscriber.query(`ALTER SUBSCRIPTION ${name} SET (slot_name = NONE)`)
    await subscriber.query(`DROP SUBSCRIPTION ${name}`)
    await expect
      .poll(() => publisher.query(`SELECT pg_drop_replication_slot('${name}')`).catch(() => 'active'), {
        timeout: 20_000,
      })
      .not.toBe('active')
  })
  const arrived = (...lines: readonly string[]) =>
    expect.poll(() => history(subscriber), { timeout: 30_000, interval: 50 }).toEqual(lines)
  await arrived('I 1 copied')
  await publisher.query(`INSERT INTO "Order" VALUES (2, 'a'), (3, 'b'); UPDATE "Order" SET note = 'c' WHERE id > 1;
    UPDATE "Order" SET id = 4 WHERE id = 3; DELETE FROM "Order" WHERE id = 2`)
  const changes = ['I 1 copied', 'I 2 a', 'I 3 b', 'U 2 c', 'U 3 c', 'D 3 c', 'U 4 c', 'D 2 c']
  await arrived(...changes)
  await publisher.query('TRUNCATE "Order"')
  await arrived(...changes, 'D 1 copied', 'D 4 c')
}, 90_000)
