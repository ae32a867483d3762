import type pg from 'pg'
import { expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { planMigration } from '../../src/state/migration-plan.ts'
import { column, createSource, down, install, state, table, up } from './fixture.ts'

const byStatement = table('Order')
const byRow = table('Order', { level: 'row' })
const changedOnly = table('Order', { level: 'row', updates: 'changed' })

async function withInstalled(run: (database: TestDatabase) => Promise<void>) {
  const database = await createDatabase()
  try {
    await database.query(createSource(byStatement) + install(byStatement))
    await run(database)
  } finally {
    await database.drop()
  }
}

/** Waits for a lock no longer than half a second, so that a test that waits fails. */
const change = (from: AuditedTable, to: AuditedTable) =>
  up(state(to), state(from)).replaceAll("lock_timeout = '5000ms'", "lock_timeout = '500ms'")

/**
 * Inserts, updates and deletes rows of its own until `isOver`, in transactions of several statements, some prepared.
 * Returns how many rows it wrote.
 */
async function write(client: pg.PoolClient, writer: number, isOver: () => boolean): Promise<number> {
  let written = 0
  for (let id = writer * 1_000_000; !isOver(); id += 3) {
    await client.query('BEGIN')
    await client.query({
      name: 'insert',
      text: `INSERT INTO "Order" SELECT generate_series($1::int, $1 + 2), 'a'`,
      values: [id],
    })
    await client.query({
      name: 'update',
      text: `UPDATE "Order" SET note = note || 'b' WHERE id BETWEEN $1 AND $1 + 2`,
      values: [id],
    })
    await client.query('COMMIT')
    await client.query(`UPDATE "Order" SET id = -id WHERE id = ${id + 1}`)
    await client.query({ name: 'delete', text: 'DELETE FROM "Order" WHERE id = $1', values: [id] })
    // 3 I, 3 U, the D and U of a key that changes, 1 D.
    written += 9
  }
  return written
}

it('changing the level under writers that never stop records every write, and each once', async () => {
  await withInstalled(async (database) => {
    let isOver = false
    const clients = await Promise.all([1, 2, 3, 4].map(() => database.pool({ max: 1 }).connect()))
    const migrator = await database.pool({ max: 1 }).connect()
    const writers = clients.map((client, index) => write(client, index + 1, () => isOver))
    let changes = 0
    try {
      const steps = [byRow, changedOnly, byStatement, changedOnly, byRow, byStatement]
      let from = byStatement
      for (let round = 0; round < 4; round += 1) {
        for (const to of steps) {
          await migrator.query(up(state(to), state(from)))
          from = to
          changes += 1
        }
      }
    } finally {
      isOver = true
      await Promise.allSettled(writers)
      for (const client of [...clients, migrator]) client.release()
    }
    const written = (await Promise.all(writers)).reduce((sum, each) => sum + each, 0)
    const [row] = await database.query('SELECT count(*)::int AS n FROM audit."Order_audit"')
    expect(row?.n).toBe(written)
    expect(changes).toBe(24)
    expect(written).toBeGreaterThan(24 * 9)
  })
}, 60_000)

it('neither waits for readers of the table and of its history, nor makes them wait', async () => {
  await withInstalled(async (database) => {
    const [reader, migrator] = [
      await database.pool({ max: 1 }).connect(),
      await database.pool({ max: 1 }).connect(),
    ]
    try {
      await reader.query('BEGIN; SELECT count(*) FROM "Order"; SELECT count(*) FROM audit."Order_audit"')
      await migrator.query(`BEGIN; ${change(byStatement, changedOnly)}`)
      await reader.query('SELECT count(*) FROM "Order"')
      await migrator.query('COMMIT')
      await migrator.query(change(changedOnly, byStatement))
      await reader.query('COMMIT')
    } finally {
      reader.release()
      migrator.release()
    }
  })
})

it('a new column and a new level at once: the writer in between is not the victim of a deadlock', async () => {
  await withInstalled(async (database) => {
    const [writer, migrator] = [
      await database.pool({ max: 1 }).connect(),
      await database.pool({ max: 1 }).connect(),
    ]
    const wider = { ...byRow, columns: [...byRow.columns, column('total', 'integer')] }
    try {
      await migrator.query('ALTER TABLE "Order" ADD total int')
      await writer.query(`BEGIN; UPDATE "Order" SET note = 'a'`)
      const migrated = migrator.query(up(state(wider), state(byStatement)))
      await new Promise((resolve) => setTimeout(resolve, 200))
      await writer.query(`INSERT INTO "Order" VALUES (1, 'a'); COMMIT`)
      await migrated
      await writer.query(`INSERT INTO "Order" VALUES (2, 'b', 5)`)
      expect(await database.query('SELECT id, total FROM audit."Order_audit" ORDER BY audit_id')).toEqual([
        { id: 1, total: null },
        { id: 2, total: 5 },
      ])
    } finally {
      writer.release()
      migrator.release()
    }
  })
})

it('down.sql gives back the former level, whatever it was', async () => {
  await withInstalled(async (database) => {
    await database.query(up(state(changedOnly), state(byStatement)))
    await database.query(`INSERT INTO "Order" VALUES (1, 'a'); UPDATE "Order" SET note = note`)
    await database.query(down(state(changedOnly), state(byStatement)))
    await database.query(`UPDATE "Order" SET note = note; DELETE FROM "Order"`)
    const rows = await database.query(
      'SELECT audit_operation AS op FROM audit."Order_audit" ORDER BY audit_id',
    )
    expect(rows.map(({ op }) => op).join('')).toBe('IUD')
  })
})

it.each([
  ['first', true],
  ['last', false],
])(
  'branches that met, of which the %s one changed the level, leave one level and every column',
  async (_, isFirst) => {
    await withInstalled(async (database) => {
      const from = state(byStatement)
      const wider = { ...byStatement, columns: [...byStatement.columns, column('total', 'integer')] }
      const branches = [
        up(state(byRow), from),
        `ALTER TABLE "Order" ADD total int; ${up(state(wider), from)}`,
      ]
      for (const branch of isFirst ? branches : branches.toReversed()) {
        await database.query(branch)
        await database.query(`INSERT INTO "Order" (id, note) VALUES ((SELECT count(*) FROM "Order"), 'a')`)
      }
      const met = state({ ...wider, level: 'row' })
      const merge = { kind: 'replaceFunctions', source: byRow.source, reason: 'branches met' } as const
      await database.query(renderMigration(planMigration(met, [merge]), { from: met }))
      await database.query(
        `INSERT INTO "Order" VALUES (7, 'a', 5); UPDATE "Order" SET total = 6 WHERE id = 7`,
      )
      expect(
        await database.query(
          'SELECT audit_operation AS op, id, total FROM audit."Order_audit" ORDER BY audit_id',
        ),
      ).toEqual([
        { op: 'I', id: 0, total: null },
        { op: 'I', id: 1, total: null },
        { op: 'I', id: 7, total: 5 },
        { op: 'U', id: 7, total: 6 },
      ])
      const functions = `SELECT proname AS name FROM pg_proc WHERE pronamespace = 'audit'::regnamespace AND proname LIKE '%capture%'`
      expect(await database.query(functions)).toEqual([{ name: 'Order_audit_capture_row' }])
    })
  },
)
