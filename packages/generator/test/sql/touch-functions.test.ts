import { expect, it, onTestFinished } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { renderTouch } from '../../src/sql/touch-functions.ts'
import { column, state, table, up } from './fixture.ts'

const audited = table('Order', { columns: [column('id', 'integer'), column('mood', 'text', true)] })
const [auditTable] = state(audited).tables
const TABLE = `CREATE TYPE mood AS ENUM ('calm', 'cross', 'odd');
CREATE TABLE "Order" (id int PRIMARY KEY, mood mood);`

/** As Prisma does it when an enum loses a value, in a transaction of its own. */
const recreateEnum = (before = '') => `BEGIN;
CREATE TYPE mood_new AS ENUM ('calm', 'cross');
ALTER TABLE "Order" ALTER COLUMN mood TYPE mood_new USING (mood::text::mood_new);
ALTER TYPE mood RENAME TO mood_old;
ALTER TYPE mood_new RENAME TO mood;
DROP TYPE mood_old;
${before}COMMIT;`

/** Open connections that have run every function of the table, as an application has them. */
async function openConnections(database: TestDatabase) {
  const pool = database.pool({ max: 2 })
  const clients = await Promise.all([pool.connect(), pool.connect()])
  let id = 0
  const write = async (client: (typeof clients)[number]) => {
    id += 1
    const run = (name: string, text: string, values: unknown[]) => client.query({ name, text, values })
    await client.query('BEGIN')
    try {
      await client.query(`SELECT audit.set_context('{"username": "ann"}')`)
      // No parameter of the enum's type: PostgreSQL would refuse that one with or without an audit.
      await run('insert', `INSERT INTO "Order" (id, mood) VALUES ($1, 'calm')`, [id])
      await run('update', 'UPDATE "Order" SET id = -id WHERE id = $1', [id])
      await run('delete', 'DELETE FROM "Order" WHERE id = $1', [-id])
      await client.query('TRUNCATE "Order"')
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK')
      throw error
    }
  }
  onTestFinished(() => {
    for (const client of clients) client.release()
  })
  return {
    // One after the other: TRUNCATE waits for whoever has written.
    write: async () => {
      for (const client of clients) await write(client)
    },
  }
}

async function installed(): Promise<TestDatabase> {
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  await database.query(TABLE + up(state(audited)))
  return database
}

it('without it open connections fail after an enum was recreated', async () => {
  const database = await installed()
  const { write } = await openConnections(database)
  await write()
  await database.query(recreateEnum())
  await expect(write()).rejects.toMatchObject({ code: 'XX000' })
})

it('with it open connections go on writing between the recreated enum and the audit part, and each row is recorded', async () => {
  const database = await installed()
  const { write } = await openConnections(database)
  await write()
  if (auditTable === undefined) throw new Error('no audit table')
  await database.query(recreateEnum(renderTouch(auditTable)))
  await write()
  await write()
  const rows = await database.query(
    'SELECT audit_operation AS o, mood, count(*)::int AS n FROM audit."Order_audit" GROUP BY 1, 2 ORDER BY 1',
  )
  // Of each connection and round: the row, the old key's end, the new key, its end.
  expect(rows).toEqual([
    { o: 'D', mood: 'calm', n: 12 },
    { o: 'I', mood: 'calm', n: 6 },
    { o: 'U', mood: 'calm', n: 6 },
  ])
})
