import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { TestDatabase } from '../../../../test/support/test-database.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { foldHistory, liveRows } from '../sql/fold-history.ts'
import { auditedModel, type CompiledProject, compileProject, createTable } from './compile-project.ts'
import { apply, audited, schemaWith } from './follow-project.ts'

const schema = schemaWith(auditedModel('Order', 'note'))
const start = await audited(schema, createTable('Order', 'note'))
const NAME = '20260103000000_partitions'
const CONVERSION = `ALTER TABLE "Order" RENAME TO "Order_p1";
ALTER TABLE "Order_p1" RENAME CONSTRAINT "Order_pkey" TO "Order_p1_pkey";
CREATE TABLE "Order" (LIKE "Order_p1") PARTITION BY RANGE (id);
ALTER TABLE "Order" ADD PRIMARY KEY (id);
ALTER TABLE "Order" ATTACH PARTITION "Order_p1" DEFAULT;
`

/** Connections that stay open and never stop to write; `$n` is a number that was not used yet. */
function writers(database: TestDatabase, transactions: readonly string[]) {
  const pool = database.pool({ max: transactions.length })
  const failures: string[] = []
  let isStopped = false
  let written = 0
  let number = 0
  const loop = async (transaction: string) => {
    const client = await pool.connect()
    while (!isStopped) {
      number += 1
      try {
        await client.query(`BEGIN; ${transaction.replaceAll('$n', String(number))}; COMMIT`)
        written += 1
      } catch (error) {
        failures.push(error instanceof Error ? error.message : String(error))
        await client.query('ROLLBACK')
      }
    }
    client.release()
  }
  const loops = transactions.map(loop)
  return {
    failures,
    async goOn() {
      const first = written
      while (written < first + 60 && failures.length === 0) await sleep(5)
    },
    async stop() {
      isStopped = true
      await Promise.all(loops)
      return written
    },
  }
}

async function expectFolded(database: TestDatabase, { model }: CompiledProject): Promise<void> {
  const [table] = desiredState(model).tables
  if (table === undefined) throw new Error('nothing is audited')
  const query = (text: string) => database.query<{ row: string }>(text)
  const live = await liveRows(query, table)
  expect(live.length).toBeGreaterThan(0)
  expect(await foldHistory(query, table)).toEqual(live)
}

const WRITES = [
  `INSERT INTO "Order" VALUES ($n, 'a'); UPDATE "Order" SET note = 'b' WHERE id = $n`,
  `INSERT INTO "Order" VALUES ($n, 'c'); UPDATE "Order" SET id = -id WHERE id = $n`,
  `INSERT INTO "Order" VALUES ($n, 'd'); SELECT count(*) FROM "Order"`,
]
const DELETES = `INSERT INTO "Order" VALUES ($n, 'e'); DELETE FROM "Order" WHERE id = $n`

test('in a draft, a table becomes partitions while open connections write: no write fails, and none is unrecorded', async () => {
  const folder = { ...start, [NAME]: CONVERSION }
  const project = await compileProject(schema, folder, { draft: NAME })
  const database = await apply(start, {})
  const application = writers(database, [...WRITES, DELETES])
  await application.goOn()
  await database.query(project.migration?.file ?? '')
  await application.goOn()
  const written = await application.stop()
  expect(application.failures).toEqual([])
  expect(written).toBeGreaterThan(120)
  await expectFolded(database, project)
  await database.drop()
})

test('an audit migration of its own takes the triggers over while the table and its partition are written and read: no deadlock', async () => {
  const folder = { ...start, [NAME]: CONVERSION }
  const project = await compileProject(schema, folder)
  const database = await apply(folder, { '20260102': `INSERT INTO "Order" VALUES (0, 'first')` })
  const partitionFirst = `SELECT count(*) FROM "Order_p1"; INSERT INTO "Order_p1" VALUES ($n, 'p'); UPDATE "Order" SET note = 'q' WHERE id = $n`
  // Who reads the partition and then writes it waits between two locks that must not be raised.
  const readFirst = `SELECT count(*) FROM "Order_p1"; INSERT INTO "Order_p1" VALUES ($n, 'r')`
  const application = writers(database, [...WRITES, partitionFirst, readFirst, readFirst, readFirst])
  await application.goOn()
  await database.query(project.migration?.sql ?? '')
  await application.goOn()
  await database.query(project.migration?.downSql ?? '')
  await application.goOn()
  await database.query(project.migration?.sql ?? '')
  await application.goOn()
  await application.stop()
  expect(application.failures).toEqual([])
  // What was not recorded meanwhile is announced; the next write of each row makes up for it.
  await database.query(`UPDATE "Order" SET note = note || '.'`)
  await expectFolded(database, project)
  await database.drop()
})
