import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { findTable } from '../../src/state/database-state.ts'
import { createSource, install, setting, state, table } from '../sql/fixture.ts'
import { foldHistory, liveRows } from '../sql/fold-history.ts'
import { auditedTables, WAYS } from './audited-table.ts'

const { run, audited } = await auditedTables()

it.each(WAYS)(
  '%s: under session_replication_role = replica nothing is recorded, and the history stays append-only',
  async (_, way) => {
    const { name, auditTable, history } = await audited(way)
    await run(`INSERT INTO ${name} VALUES (1, 'a'); BEGIN; SET LOCAL session_replication_role = replica;
      UPDATE ${name} SET id = 2; TRUNCATE ${name}; INSERT INTO ${name} VALUES (3, 'c'); COMMIT`)
    for (const attack of [
      `UPDATE ${auditTable} SET note = 'x'`,
      `DELETE FROM ${auditTable}`,
      `TRUNCATE ${auditTable}`,
    ]) {
      await expect(
        run(`BEGIN; SET LOCAL session_replication_role = replica; ${attack}; COMMIT`),
      ).rejects.toMatchObject({ code: 'AU002' })
      await run('ROLLBACK')
    }
    await run(`UPDATE ${name} SET note = 'd'`)
    expect(await history()).toEqual(['I (1,a)', 'U (3,d)'])
  },
)

const [wal] = await run('SHOW wal_level')
const isLogical = wal?.wal_level === 'logical'
if (!isLogical)
  console.info('wal_level of this server is not logical: logical replication is not tried here.')

it.skipIf(!isLogical).each(WAYS)(
  '%s: logical replication applies rows and their history, and records none of them a second time',
  async (_, way) => {
    const order = table('Order', { ...way, settings: [setting('username String')] })
    const [publisher, subscriber] = [await createDatabase(), await createDatabase()]
    const slot = `audit_${publisher.name}`
    try {
      for (const each of [publisher, subscriber]) await each.query(createSource(order) + install(order))
      // Both in one cluster: CREATE SUBSCRIPTION would wait for itself if it made the slot.
      await publisher.query('CREATE PUBLICATION audited FOR TABLE "Order", audit."Order_audit"')
      await publisher.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`)
      await subscriber.query(`CREATE SUBSCRIPTION "${slot}" CONNECTION '${connection(publisher.url)}' PUBLICATION audited
        WITH (create_slot = false, slot_name = '${slot}', copy_data = false)`)
      await publisher.query(`BEGIN; SET LOCAL audit.username = 'ann'; INSERT INTO "Order" VALUES (1, 'a'), (2, 'b');
        UPDATE "Order" SET id = 3 WHERE id = 1; DELETE FROM "Order" WHERE id = 2; COMMIT`)
      await publisher.query(
        `BEGIN; SET LOCAL audit.username = 'bob'; TRUNCATE "Order"; INSERT INTO "Order" VALUES (4, 'd'); COMMIT`,
      )
      await expectEventually(() => subscriber.query('SELECT id, note FROM "Order"'), [{ id: 4, note: 'd' }])

      const all = 'SELECT * FROM audit."Order_audit" ORDER BY audit_id'
      expect(await subscriber.query(all)).toEqual(await publisher.query(all))
      const found = findTable(state(order), order.source)
      if (found === undefined) throw new Error('the fixture lost its table')
      const query = (sql: string) => subscriber.query<{ row: string }>(sql)
      expect(await foldHistory(query, found)).toEqual(await liveRows(query, found))
    } finally {
      await removeSubscription(subscriber, publisher, slot)
      await subscriber.drop()
      await publisher.drop()
    }
  },
)

function connection(url: string): string {
  const { hostname, port, username, password, pathname } = new URL(url)
  return `host=${hostname} port=${port || 5432} user=${username} password=${password} dbname=${pathname.slice(1)}`
}

async function expectEventually(read: () => Promise<unknown[]>, expected: readonly unknown[]) {
  for (let waited = 0; waited < 20_000; waited += 50) {
    if (JSON.stringify(await read()) === JSON.stringify(expected)) return
    await sleep(50)
  }
  expect(await read()).toEqual(expected)
}

/** A database with a subscription or a slot cannot be dropped. */
async function removeSubscription(subscriber: TestDatabase, publisher: TestDatabase, slot: string) {
  const found = await subscriber.query(
    'SELECT FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())',
  )
  if (found.length > 0) await subscriber.query(`ALTER SUBSCRIPTION "${slot}" DISABLE`)
  if (found.length > 0) await subscriber.query(`ALTER SUBSCRIPTION "${slot}" SET (slot_name = NONE)`)
  if (found.length > 0) await subscriber.query(`DROP SUBSCRIPTION "${slot}"`)
  await expectEventually(
    () => publisher.query(`SELECT FROM pg_replication_slots WHERE slot_name = '${slot}' AND active`),
    [],
  )
  await publisher.query(
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${slot}'`,
  )
}
