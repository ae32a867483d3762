import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { serverMajor, type TestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedColumn } from '../../src/model/audit-model.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { column, migration, setting, state, table } from './fixture.ts'
import { databaseToPartition, monthAhead, order, partitioned, partitionsOf } from './partitioning.ts'
import { auditedDatabase, connected, findingsOf, seal, verify } from './sealing.ts'

const HISTORY = 'audit."Order_audit"'

/** The CHECK that would fail each write from its moment on. */
const checksOf = (database: TestDatabase) =>
  database.query(
    `SELECT conname FROM pg_constraint WHERE conrelid = '${HISTORY}'::regclass AND conname = 'audit_oldest_partition'`,
  )

/** As if a clock had been wrong when a row was written. */
const misdated = (id: number) =>
  `INSERT INTO ${HISTORY} OVERRIDING SYSTEM VALUE
   SELECT (jsonb_populate_record(h, '{"audit_id": ${-id}, "audit_operation_timestamp": "2099-01-05 00:00:00+00"}')).* FROM ${HISTORY} AS h LIMIT 1`

it('a migration that is refused, or taken back half-way, leaves no CHECK that would fail the writes of later months', async () => {
  const { database, second } = await databaseToPartition(order, `INSERT INTO "Order" VALUES (1, 'a')`)
  await database.query(`CREATE VIEW "every change" AS SELECT * FROM ${HISTORY}`)
  await expect(database.query(second.up)).rejects.toMatchObject({ code: '2BP01' })
  await database.query('ROLLBACK')
  expect(await checksOf(database)).toEqual([])
  await database.query('DROP VIEW "every change"')
  const halfway = async () => {
    await database.query(
      `${second.up
        .split(/^COMMIT;$/m)
        .slice(0, 3)
        .join('COMMIT;')}; COMMIT`,
    )
    expect(await checksOf(database)).toHaveLength(1)
  }
  await halfway()
  await database.query(second.down)
  expect(await checksOf(database)).toEqual([])
  await halfway()
  await database.query(migration(second.after, state(order)).up)
  expect(await checksOf(database)).toEqual([])
})

it('a policy elsewhere that looks into the history, a CHECK of it alone, and a publication of some of its columns, are named', async () => {
  const cases = [
    [
      `CREATE TABLE other (id int); CREATE POLICY "known" ON other USING (id IN (SELECT id FROM ${HISTORY}))`,
      /policy known of public.other/,
    ],
    [`ALTER TABLE ${HISTORY} ADD CONSTRAINT "own" CHECK (id > 0) NO INHERIT`, /check own \(NO INHERIT\)/],
    ...(serverMajor() < 15
      ? []
      : ([
          [
            `CREATE PUBLICATION p FOR TABLE ${HISTORY} (audit_id) WITH (publish = 'insert', publish_via_partition_root = true)`,
            /publication p/,
          ],
          [
            `CREATE PUBLICATION q FOR TABLE ${HISTORY} WHERE (id > 5) WITH (publish = 'insert', publish_via_partition_root = true)`,
            /publication q/,
          ],
        ] as const)),
  ] as const
  for (const [statement, message] of cases) {
    const { database, second } = await databaseToPartition(order)
    await database.query(statement)
    await expect(database.query(second.up)).rejects.toMatchObject({
      code: '2BP01',
      message: expect.stringMatching(message),
    })
    await database.query('ROLLBACK')
  }
})

it('a policy that looks into another table goes along', async () => {
  const audited = table('Order', { settings: [setting('tenant String?')] })
  const { database, second } = await databaseToPartition(audited, `INSERT INTO "Order" VALUES (1, 'a')`)
  await database.query(`CREATE TABLE tenant (id text, who name);
    ALTER TABLE ${HISTORY} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY p ON ${HISTORY} USING (EXISTS (SELECT FROM tenant AS t WHERE t.id = audit_tenant AND t.who = current_user))`)
  const policies = () => database.query(`SELECT qual FROM pg_policies WHERE tablename = 'Order_audit'`)
  const before = await policies()
  await database.query(second.up)
  expect(await policies()).toEqual(before)
})

it('columns of your own keep their defaults, and those that are generated are so on', async () => {
  const { database, second } = await databaseToPartition(order, `INSERT INTO "Order" VALUES (1, 'a')`)
  await database.query(
    `ALTER TABLE ${HISTORY} ADD COLUMN archived boolean NOT NULL DEFAULT false, ADD COLUMN twice int GENERATED ALWAYS AS (id * 2) STORED`,
  )
  await database.query(second.up)
  await database.query(`INSERT INTO "Order" VALUES (2, 'b')`)
  const rows = () => database.query(`SELECT id, archived, twice FROM ${HISTORY} ORDER BY id`)
  expect(await rows()).toEqual([
    { id: 1, archived: false, twice: 2 },
    { id: 2, archived: false, twice: 4 },
  ])
})

it('a right that is taken from the history is none on its oldest partition', async () => {
  const { database, second } = await databaseToPartition(order, `INSERT INTO "Order" VALUES (1, 'a')`)
  const role = `${database.name}_reader`
  await database.query(`CREATE ROLE "${role}"`)
  onTestFinished(async () => {
    await database.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`)
  })
  await database.query(
    `GRANT SELECT ON ${HISTORY} TO "${role}" WITH GRANT OPTION; GRANT SELECT (note) ON ${HISTORY} TO PUBLIC; GRANT USAGE ON SCHEMA audit TO PUBLIC`,
  )
  await database.query(second.up)
  await database.query(`REVOKE ALL ON ${HISTORY} FROM "${role}", PUBLIC`)
  const [oldest] = await partitionsOf(database)
  const reading = await connected(database)
  await reading.query(`SET ROLE "${role}"`)
  await expect(reading.query(`SELECT note FROM audit."${oldest?.name}"`)).rejects.toMatchObject({
    code: '42501',
  })
})

it('a row that a wrong clock dated far ahead stops no migration, and no partition of the months to come', async () => {
  const { database, second } = await databaseToPartition(order, `INSERT INTO "Order" VALUES (1, 'a')`)
  await database.query(misdated(5))
  await database.query(second.up)
  const [oldest] = await partitionsOf(database)
  expect(oldest?.bound).toBe(`FOR VALUES FROM (MINVALUE) TO ('2099-03-01 00:00:00+00')`)
  const fresh = await auditedDatabase(`INSERT INTO "Order" VALUES (1, 'a')`, partitioned(order))
  await fresh.query(misdated(5))
  await fresh.query(`CALL audit.partition_history('${HISTORY}', 'month')`)
  expect((await partitionsOf(fresh)).at(-2)?.bound).toContain(`TO ('${monthAhead(13)}')`)
  expect(await fresh.query('SELECT audit_id::int AS id FROM audit."Order_audit_default"')).toEqual([
    { id: -5 },
  ])
})

it('what was written before a history became partitioned is sealed after it, without another write', async () => {
  const { database, second } = await databaseToPartition(
    order,
    `INSERT INTO "Order" SELECT g, 'n' FROM generate_series(1, 25) AS g`,
  )
  const client = await connected(database)
  await seal(client)
  await database.query(`INSERT INTO "Order" SELECT g, 'n' FROM generate_series(26, 45) AS g`)
  await database.query(second.up)
  await seal(client)
  expect(await database.query('SELECT max(last_id)::int AS id FROM audit.seal')).toEqual([{ id: 45 }])
  expect(await findingsOf(verify(client))).toEqual([])
})

it('a second run that waited for the first finds its work done', async () => {
  const { database, second } = await databaseToPartition(order, `INSERT INTO "Order" VALUES (1, 'a')`)
  const [first, other] = [await connected(database), await connected(database)]
  const parts = second.up.split(/^COMMIT;$/m)
  await database.query(`${parts.slice(0, 3).join('COMMIT;')}; COMMIT`)
  await first.query(`BEGIN; ${parts[3]}`)
  const waiting = other.query(`CALL audit.partition_history('${HISTORY}', 'month')`)
  const failed = waiting.then(
    () => undefined,
    (error: unknown) => error,
  )
  await sleep(300)
  await first.query('COMMIT')
  expect(await failed).toBeUndefined()
  expect(await partitionsOf(database)).toHaveLength(13)
})

it('settings of the session change no bound', async () => {
  const { database, second } = await databaseToPartition(order, `INSERT INTO "Order" VALUES (1, 'a')`)
  const client = await connected(database)
  await client.query(`SET DateStyle = 'German, DMY'; SET IntervalStyle = 'sql_standard'; SET TimeZone = 'Pacific/Chatham';
    SET escape_string_warning = off; SET standard_conforming_strings = off`)
  await client.query(second.up)
  await client.query(`CALL audit.partition_history('${HISTORY}', 'month')`)
  const partitions = await partitionsOf(database)
  expect(partitions).toHaveLength(13)
  expect(partitions[0]?.bound).toContain(`TO ('${monthAhead(2)}')`)
})

it('a view of the seals stops the migration with its name, before anything has happened', async () => {
  const { database, second } = await databaseToPartition(order, `INSERT INTO "Order" VALUES (1, 'a')`)
  await seal(await connected(database))
  await database.query('CREATE VIEW "sealed" AS SELECT history, last_id FROM audit.seal')
  await expect(database.query(second.up)).rejects.toMatchObject({
    code: '2BP01',
    message: expect.stringMatching(/view public.sealed/),
  })
  await database.query('ROLLBACK')
  expect(await checksOf(database)).toEqual([])
})

it('one migration moves the audit schema and partitions a history with hashes', async () => {
  const secret: AuditedColumn = { ...column('secret', 'text'), policy: 'hash' }
  const hashed = table('Order', { columns: [...order.columns, secret] })
  const { database } = await databaseToPartition(hashed, `INSERT INTO "Order" VALUES (1, 'a', 'same')`)
  const wanted = desiredState({ auditSchema: 'trail', tables: [partitioned(hashed)] })
  await database.query(migration(state(hashed), wanted).up)
  await database.query(`INSERT INTO "Order" VALUES (2, 'b', 'same')`)
  expect(
    await database.query(
      'SELECT count(*)::int AS rows, count(DISTINCT secret)::int AS n FROM trail."Order_audit"',
    ),
  ).toEqual([{ rows: 2, n: 1 }])
})
