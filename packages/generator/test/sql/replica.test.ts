import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { renderErasureTables, renderPruningTable } from '../../src/sql/erasure-tables.ts'
import { renderPauseTable } from '../../src/sql/pause-table.ts'
import { renderPublication } from '../../src/sql/publication.ts'
import { renderReplica } from '../../src/sql/replica.ts'
import { sqlText } from '../../src/sql/sql.ts'
import { columnOrders } from '../../src/state/column-order.ts'
import type { DatabaseState } from '../../src/state/database-state.ts'
import { foldParts, type PartFile } from '../../src/state/fold-parts.ts'
import { column, createSource, facts, setting, table, up, waivable } from './fixture.ts'

async function newDatabase(): Promise<TestDatabase> {
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  return database
}

const setup = { formerHomes: [], publication: 'p', lockTimeout: 5000 }
const replica = (state: DatabaseState, files: readonly PartFile[] = []) =>
  renderReplica({ ...setup, state, former: new Map(), orders: columnOrders(files), renames: false })

/** Of every table with rows of history: `Order_audit.id 7 integer`. */
const columns = async (database: TestDatabase) => {
  const rows = await database.query<{ line: string }>(
    `SELECT format('%s.%s %s %s', c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod)) AS line
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'audit'::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE 'seal%'
       AND c.relname <> 'hash_key' ORDER BY 1`,
  )
  return rows.map(({ line }) => line)
}

/** What commands make at any time. */
const HOME = { schema: 'audit' }
const RECORDS = `${sqlText(renderErasureTables(HOME))} ${sqlText(renderPruningTable(HOME))} ${renderPauseTable(HOME)}`

it('the second server has every column of the reference schema, of the same type and number', async () => {
  const folder = fileURLToPath(new URL('../../../../prisma/migrations', import.meta.url))
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ migration: name, text: readFileSync(`${folder}/${name}/migration.sql`, 'utf8') }))
  const [primary, second] = [await newDatabase(), await newDatabase()]
  for (const { text } of files) await primary.query(text)
  await primary.query(RECORDS)
  await second.query(replica(foldParts(files).state, files))
  const expected = await columns(primary)
  expect(expected.length).toBeGreaterThan(100)
  expect(await columns(second)).toEqual(expected)
})

it('also those of facts, of settings, of marks of big columns, of redacted and hashed ones, and of waivers', async () => {
  const role = `replica_waiver_${process.pid}`
  const order = table('Order', {
    level: 'row',
    settings: [
      setting('username String'),
      setting('tenant Uuid?'),
      ...facts('client_addr', 'changed_columns', 'unchanged_columns'),
    ],
    columns: [
      column('id', 'integer'),
      { ...column('note', 'text'), policy: 'redact' },
      { ...column('mail', 'text'), policy: 'hash' },
      { ...column('big', 'jsonb'), whenChanged: true },
    ],
  })
  const state = waivable(role, order)
  const [primary, second] = [await newDatabase(), await newDatabase()]
  await primary.query(`CREATE ROLE ${role}`)
  onTestFinished(async () => {
    const admin = await createDatabase()
    await admin.query(`DROP ROLE ${role}`)
    await admin.drop()
  })
  await primary.query(createSource(order) + up(state))
  await primary.query(RECORDS)
  await second.query(replica(state))
  const expected = await columns(primary)
  expect(expected.length).toBeGreaterThan(20)
  expect(await columns(second)).toEqual(expected)
})

it('both scripts may be run again, and change nothing then', async () => {
  const order = table('Order')
  const state = waivable('postgres', order)
  const [primary, second] = [await newDatabase(), await newDatabase()]
  await primary.query(createSource(order) + up(state))
  const catalog = `SELECT c.oid, c.relname, c.relfilenode, c.relacl::text FROM pg_class c WHERE c.relnamespace = 'audit'::regnamespace ORDER BY 1`
  for (const [database, script] of [
    [primary, renderPublication({ ...setup, state, role: 'pg_monitor' })],
    [second, replica(state)],
  ] as const) {
    await database.query(script)
    const before = await database.query(catalog)
    await database.query(script)
    expect(await database.query(catalog)).toEqual(before)
  }
})

it('the same state gives the same bytes', () => {
  const state = waivable('postgres', table('Order'), table('Line'))
  expect(replica(state)).toBe(replica(structuredClone(state)))
  const script = () => renderPublication({ ...setup, state: structuredClone(state), role: 'r' })
  expect(script()).toBe(script())
})
