import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import type { TestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedColumn, AuditedTable } from '../../src/model/audit-model.ts'
import { renderErasureTables } from '../../src/sql/erasure-tables.ts'
import { renderPauseTable } from '../../src/sql/pause-table.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { sqlText } from '../../src/sql/sql.ts'
import { applySteps } from '../../src/state/apply-steps.ts'
import { EMPTY_STATE } from '../../src/state/database-state.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { diffState } from '../../src/state/diff-state.ts'
import { planMigration } from '../../src/state/migration-plan.ts'
import { column, createSource, facts, migration, setting, state, table } from './fixture.ts'
import { databaseToPartition, order, partitioned, partitionsOf } from './partitioning.ts'
import { auditedDatabase, connected, findingsOf, HOME, seal, verify } from './sealing.ts'

const roleOf = async (database: TestDatabase, name: string) => {
  const role = `${database.name}_${name}`
  await database.query(`CREATE ROLE "${role}"`)
  onTestFinished(async () => {
    await database.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`)
  })
  return role
}

it('rights, policies, comments and rules stay with the history that becomes partitioned', async () => {
  const audited = table('Order', { settings: [setting('username String'), setting('tenant String?')] })
  const { database, second } = await databaseToPartition(audited)
  const reader = await roleOf(database, 'reader')
  await database.query(`
    GRANT SELECT ON audit."Order_audit" TO "${reader}" WITH GRANT OPTION;
    GRANT SELECT (note), REFERENCES (id) ON audit."Order_audit" TO PUBLIC;
    COMMENT ON COLUMN audit."Order_audit".note IS 'it''s a note';
    CREATE INDEX "by time" ON audit."Order_audit" (audit_operation_timestamp) WHERE id > 0;
    ALTER TABLE audit."Order_audit" ADD CONSTRAINT "positive" CHECK (id > 0) NOT VALID;
    ALTER TABLE audit."Order_audit" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY "of a tenant" ON audit."Order_audit" AS RESTRICTIVE FOR SELECT TO "${reader}" USING (audit_tenant = current_setting('app.tenant'));
    CREATE POLICY "all" ON audit."Order_audit" WITH CHECK (true)`)
  const facts_ = () =>
    database.query(`
      SELECT
        c.relacl::text AS rights, c.relrowsecurity, c.relforcerowsecurity, obj_description(c.oid, 'pg_class') AS about,
        (SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnum, a.attacl::text, col_description(c.oid, a.attnum), a.attidentity) ORDER BY a.attnum)
          FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0) AS columns,
        (SELECT json_agg(json_build_array(p.policyname, p.permissive, p.roles, p.cmd, p.qual, p.with_check) ORDER BY p.policyname)
          FROM pg_policies AS p WHERE p.schemaname = 'audit' AND p.tablename = c.relname) AS policies,
        (SELECT json_agg(json_build_array(k.conname, pg_get_constraintdef(k.oid)) ORDER BY k.conname) FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'c') AS checks,
        (SELECT json_agg(regexp_replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') ORDER BY 1) FROM pg_index AS i WHERE i.indrelid = c.oid AND NOT i.indisunique) AS indexes,
        pg_get_serial_sequence('audit."Order_audit"', 'audit_id') AS sequence
      FROM pg_class AS c WHERE c.oid = 'audit."Order_audit"'::regclass`)
  const before = await facts_()
  await database.query(second.up)
  expect(await facts_()).toEqual(before)
  const [kind] = await database.query(
    `SELECT relkind FROM pg_class WHERE oid = 'audit."Order_audit"'::regclass`,
  )
  expect(kind).toEqual({ relkind: 'p' })
})

it('seals, holds, pauses and keys of hashes find the history after it became partitioned', async () => {
  const hashed: AuditedColumn = { ...column('secret', 'text'), policy: 'hash' }
  const audited = table('Order', { columns: [column('id', 'integer'), column('note', 'text'), hashed] })
  const { database, second } = await databaseToPartition(
    audited,
    `INSERT INTO "Order" SELECT g, 'n', 'same' FROM generate_series(1, 25) AS g`,
  )
  const client = await connected(database)
  await seal(client)
  expect(await findingsOf(verify(client))).toEqual([])
  await database.query(`${sqlText(renderErasureTables(HOME))} ${renderPauseTable(HOME)}
    INSERT INTO audit.legal_hold (kind, history, reason, made_by) VALUES ('H', 'audit."Order_audit"', 'a case', 'ann');
    INSERT INTO audit.pause (history, event, transaction_id) VALUES ('audit."Order_audit"', 'pause', 1), ('audit."Order_audit"', 'resume', 2)`)
  await database.query(second.up)
  expect(await findingsOf(verify(client))).toEqual([])
  await database.query(`INSERT INTO "Order" VALUES (26, 'n', 'same')`)
  expect(
    await database.query('SELECT DISTINCT count(DISTINCT secret)::int AS n FROM audit."Order_audit"'),
  ).toEqual([{ n: 1 }])
  await seal(client)
  expect(await findingsOf(verify(client))).toEqual([])
  for (const pointing of ['seal', 'seal_watermark', 'legal_hold', 'pause', 'hash_key']) {
    expect([
      pointing,
      await database.query(`SELECT DISTINCT history::text FROM audit.${pointing} WHERE history IS NOT NULL`),
    ]).toEqual([pointing, [{ history: 'audit."Order_audit"' }]])
    if (pointing !== 'seal_watermark')
      await expect(database.query(`DELETE FROM audit.${pointing}`)).rejects.toMatchObject({ code: 'AU002' })
  }
  // What is forged in the partition is found.
  const [oldest] = await partitionsOf(database)
  const name = `audit."${oldest?.name}"`
  await database.query(
    `ALTER TABLE ${name} DISABLE TRIGGER append_only; UPDATE ${name} SET note = 'forged' WHERE audit_id = 7; ALTER TABLE ${name} ENABLE ALWAYS TRIGGER append_only`,
  )
  expect(await findingsOf(verify(client))).toEqual(['rows-changed 0–10'])
})

it('marks go by the numbers of columns, which stay what they are where a column was dropped', async () => {
  const audited = table('Order', {
    level: 'row',
    columns: [
      column('id', 'integer'),
      column('note', 'text'),
      { ...column('body', 'text'), whenChanged: true },
    ],
    settings: facts('unchanged_columns'),
  })
  const { database, second } = await databaseToPartition(
    audited,
    `INSERT INTO "Order" VALUES (1, 'a', 'long')`,
  )
  await database.query(`ALTER TABLE audit."Order_audit" ADD COLUMN gone int`)
  await database.query(
    `ALTER TABLE audit."Order_audit" DROP COLUMN gone; ALTER TABLE audit."Order_audit" ADD COLUMN more int`,
  )
  await database.query(second.up)
  await database.query(`UPDATE "Order" SET note = 'b'`)
  const numbers = await database.query<{ numbers: string }>(`
    SELECT DISTINCT string_agg(a.attname || a.attnum, ' ' ORDER BY a.attnum) AS numbers
    FROM pg_attribute AS a WHERE a.attnum > 0 AND NOT a.attisdropped AND (
      a.attrelid = 'audit."Order_audit"'::regclass OR a.attrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'audit."Order_audit"'::regclass)
    ) GROUP BY a.attrelid`)
  expect(numbers).toHaveLength(1)
  const [row] = await database.query(`
    SELECT h.body, a.attname FROM audit."Order_audit" AS h
    JOIN pg_attribute AS a ON a.attrelid = 'audit."Order_audit"'::regclass AND a.attnum = ANY (h.audit_unchanged_columns)`)
  expect(row).toEqual({ body: null, attname: 'body' })
})

it('no write fails and none is missed while a history becomes partitioned, under writers and long readers', async () => {
  const { database, second } = await databaseToPartition(order)
  await database.query(`INSERT INTO "Order" SELECT g FROM generate_series(1, 1000) AS g`)
  const pool = database.pool({ max: 6 })
  const failures: unknown[] = []
  let isStopped = false
  let written = 0
  const write = async (from: number) => {
    for (let id = from; !isStopped; id += 10) {
      try {
        await pool.query(`INSERT INTO "Order" VALUES (${id}, 'w')`)
        written += 1
      } catch (error) {
        failures.push(error)
      }
    }
  }
  const read = async () => {
    while (!isStopped) await pool.query('SELECT count(*), pg_sleep(0.3) FROM audit."Order_audit"')
  }
  const all = [write(2001), write(2002), write(2003), read()]
  try {
    await sleep(300)
    await database.query(second.up)
    await sleep(300)
  } finally {
    isStopped = true
    await Promise.all(all)
    await pool.end()
  }
  expect(failures).toEqual([])
  const [counted] = await database.query(
    `SELECT count(*)::int AS rows, count(DISTINCT audit_id)::int AS ids FROM audit."Order_audit" WHERE note = 'w'`,
  )
  expect(counted).toEqual({ rows: written, ids: written })
  expect(written).toBeGreaterThan(0)
})

it('what was made for the ordinary table stops the migration with its name, and nothing has happened', async () => {
  const cases = [
    ['CREATE VIEW "every change" AS SELECT * FROM audit."Order_audit"', /view public."every change"/],
    [
      `CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
       CREATE TRIGGER "tell" AFTER INSERT ON audit."Order_audit" FOR EACH ROW EXECUTE FUNCTION told()`,
      /trigger tell/,
    ],
    ['CREATE RULE "no" AS ON INSERT TO audit."Order_audit" DO ALSO NOTHING', /rule no/],
    ['CREATE PUBLICATION p FOR TABLE audit."Order_audit"', /publication p/],
    ['CREATE TABLE heir () INHERITS (audit."Order_audit")', /table public.heir/],
  ] as const
  for (const [statement, message] of cases) {
    const { database, second } = await databaseToPartition(order, `INSERT INTO "Order" VALUES (1, 'a')`)
    await database.query(statement)
    await expect(database.query(second.up)).rejects.toMatchObject({
      code: '2BP01',
      message: expect.stringMatching(message),
    })
    await database.query('ROLLBACK')
    await database.query(`INSERT INTO "Order" VALUES (2, 'b')`)
    expect(await database.query('SELECT count(*)::int AS n FROM audit."Order_audit"')).toEqual([{ n: 2 }])
  }
})

it('a published history is published by its root, from the moment when it is partitioned', async () => {
  const { database, second } = await databaseToPartition(order)
  await database.query(
    `CREATE PUBLICATION p FOR TABLE audit."Order_audit" WITH (publish = 'insert', publish_via_partition_root = true)`,
  )
  await database.query(second.up)
  expect(await database.query(`SELECT tablename FROM pg_publication_tables WHERE pubname = 'p'`)).toEqual([
    { tablename: 'Order_audit' },
  ])
})

/** A database in which the history was partitioned, and what each migration after that does to it. */
const AFTERWARDS: readonly (readonly [string, Partial<AuditedTable>, string])[] = [
  [
    'a column',
    { columns: [...order.columns, column('price', 'integer')] },
    'ALTER TABLE "Order" ADD price integer',
  ],
  ['a required setting', { settings: [setting('username String')] }, ''],
  ['level row', { level: 'row', updates: 'changed' }, ''],
  ['quarters', { partitionBy: 'quarter' }, ''],
  ['another history name', { names: { ...order.names, table: 'Orders of old' } }, ''],
]

it.each(AFTERWARDS)('a partitioned history gets %s, and goes back', async (_, wishes, prisma) => {
  const database = await auditedDatabase(`INSERT INTO "Order" VALUES (1, 'a')`, partitioned(order))
  const before = state(partitioned(order))
  const next = migration(before, state({ ...partitioned(order), ...wishes }))
  expect(next.steps.length).toBeGreaterThan(0)
  await database.query(prisma)
  await database.query(next.up)
  await database.query(next.up)
  const name = wishes.names?.table ?? 'Order_audit'
  const context = `SELECT set_config('audit.username', 'u', true)`
  await database.query(`BEGIN; ${context}; INSERT INTO "Order" (id, note) VALUES (2, 'b'); COMMIT`)
  expect(await database.query(`SELECT id FROM audit."${name}" ORDER BY audit_id`)).toEqual([
    { id: 1 },
    { id: 2 },
  ])
  await database.query(next.down)
  await database.query(`INSERT INTO "Order" (id, note) VALUES (3, 'c')`)
  expect(await database.query('SELECT count(*)::int AS n FROM audit."Order_audit"')).toEqual([{ n: 3 }])
})

it('partitions go along when the audit schema gets another name, with their guards, and come back', async () => {
  const database = await auditedDatabase(`INSERT INTO "Order" VALUES (1, 'a')`, partitioned(order))
  const before = state(partitioned(order))
  const moved = migration(before, desiredState({ auditSchema: 'the trail', tables: [partitioned(order)] }))
  await database.query(moved.up)
  await database.query(`INSERT INTO "Order" VALUES (2, 'b')`)
  const places = () =>
    database.query(`
      SELECT DISTINCT n.nspname AS place, p.pronamespace::regnamespace::text AS guard
      FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_trigger AS t ON t.tgrelid = c.oid AND t.tgname = 'append_only' AND t.tgenabled = 'A' JOIN pg_proc AS p ON p.oid = t.tgfoid`)
  expect(await places()).toEqual([{ place: 'the trail', guard: '"the trail"' }])
  expect(await database.query(`SELECT FROM pg_namespace WHERE nspname = 'audit'`)).toEqual([])
  await database.query(`CALL "the trail".partition_history('"the trail"."Order_audit"', 'month')`)
  await database.query(moved.down)
  await database.query(`INSERT INTO "Order" VALUES (3, 'c')`)
  expect(await places()).toEqual([{ place: 'audit', guard: 'audit' }])
  expect(await database.query('SELECT count(*)::int AS n FROM audit."Order_audit"')).toEqual([{ n: 3 }])
})

it('where partitions are wanted no more the history stays as it is, and is written on', async () => {
  const database = await auditedDatabase(`INSERT INTO "Order" VALUES (1, 'a')`, partitioned(order))
  const less = migration(state(partitioned(order)), state(order))
  await database.query(less.up)
  await database.query(`INSERT INTO "Order" VALUES (2, 'b')`)
  expect(await database.query('SELECT count(*)::int AS n FROM audit."Order_audit"')).toEqual([{ n: 2 }])
  // And are wanted again.
  await database.query(migration(less.after, state(partitioned(order))).up)
  expect(await partitionsOf(database)).toHaveLength(14)
})

it('in a draft all of it is one transaction, and down.sql leaves the history partitioned', async () => {
  const { database } = await databaseToPartition(order, `INSERT INTO "Order" VALUES (1, 'a')`)
  const from = state(order)
  const steps = diffState(from, state(partitioned(order)))
  const text = renderMigration(planMigration(from, steps), { from, appended: true })
  expect(text).not.toContain('COMMIT')
  await database.query(`BEGIN; ALTER TABLE "Order" ADD price int; ${text}; COMMIT`)
  await database.query(`INSERT INTO "Order" VALUES (2, 'b')`)
  await database.query(migration(from, applySteps(from, steps)).down)
  await database.query(`INSERT INTO "Order" VALUES (3, 'c')`)
  expect(await database.query('SELECT count(*)::int AS n FROM audit."Order_audit"')).toEqual([{ n: 3 }])
  expect(await database.query(`SELECT FROM pg_proc WHERE proname = 'partition_history'`)).toEqual([])
  await database.query(migration(from, state(partitioned(order))).up)
  expect(await partitionsOf(database)).not.toEqual([])
})

it('a migration that stopped between its parts is run again, and an ordinary history of a fresh database is empty', async () => {
  const { database, second } = await databaseToPartition(order, `INSERT INTO "Order" VALUES (1, 'a')`)
  const parts = second.up.split(/^COMMIT;$/m)
  expect(parts.length).toBe(4)
  for (let upTo = 1; upTo <= parts.length; upTo += 1) {
    await database.query(`${parts.slice(0, upTo).join('COMMIT;')}; COMMIT`)
    await database.query(`INSERT INTO "Order" VALUES (${upTo + 1}, 'b')`)
  }
  expect(await database.query('SELECT count(*)::int AS n FROM audit."Order_audit"')).toEqual([{ n: 5 }])
  const fresh = await auditedDatabase('', order)
  await fresh.query(
    createSource(table('Item')) + migration(EMPTY_STATE, state(partitioned(table('Item')))).up,
  )
})
