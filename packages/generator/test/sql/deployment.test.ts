import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { EMPTY_STATE } from '../../src/state/database-state.ts'
import { createSource, down, install, planBetween, setting, state, table, up } from './fixture.ts'

const order = table('Order', { settings: [setting('username String')] })
const item = table('Item', { settings: [setting('username String')] })
const recording = state({ ...order, missingSettings: 'record' }, { ...item, missingSettings: 'record' })
const refusing = state(order, item)

async function withSources(run: (database: TestDatabase) => Promise<void>) {
  const database = await createDatabase()
  try {
    await database.query(createSource(order) + createSource(item))
    await run(database)
  } finally {
    await database.drop()
  }
}

/** Writes both tables in one transaction, again and again on a pool, until it is stopped; gives the failures. */
function writers(database: TestDatabase, context: string) {
  const pool = database.pool({ max: 2 })
  const failures: { code?: string; message?: string }[] = []
  let isStopped = false
  let written = 0
  const loop = async () => {
    while (!isStopped) {
      const client = await pool.connect()
      try {
        written += 1
        const id = `${context === '' ? 1 : 2} + 2 * (random() * 1e8)::int`
        await client.query(
          `BEGIN; ${context}; INSERT INTO "Order" VALUES (${id}, 'a') ON CONFLICT DO NOTHING; INSERT INTO "Item" VALUES (${id}, 'b') ON CONFLICT DO NOTHING;
           UPDATE "Order" SET note = 'c' WHERE id = 1; COMMIT`,
        )
      } catch (error) {
        failures.push(error as { code?: string })
        await client.query('ROLLBACK')
      } finally {
        client.release()
      }
    }
  }
  const loops = [loop(), loop()]
  return {
    failures,
    written: () => written,
    async stop() {
      isStopped = true
      await Promise.all(loops)
    },
  }
}

/** Resolves when the loops have written on for a while. */
async function goOn(...loops: readonly { written: () => number }[]) {
  for (const each of loops) {
    const start = each.written()
    while (each.written() < start + 20) await sleep(5)
  }
}

it('old and new versions of an application write on while the audit is deployed with record; refuse stops only the old one; down serves both again', async () => {
  await withSources(async (database) => {
    const oldVersion = writers(database, '')
    const next = writers(database, `SELECT set_config('audit.username', 'alice', true)`)
    await goOn(oldVersion, next)
    await database.query(up(recording))
    await goOn(oldVersion, next)
    expect([oldVersion.failures, next.failures]).toEqual([[], []])

    await database.query(up(refusing, recording))
    await goOn(oldVersion, next)
    expect(next.failures).toEqual([])
    const refused = oldVersion.failures.length
    expect(refused).toBeGreaterThan(0)
    // A write under way at that moment meets the CHECK before the new function: refused too, by another code.
    const codes = oldVersion.failures.map(({ code }) => code)
    expect(codes.filter((code) => code !== 'AU001' && code !== '23514')).toEqual([])
    expect(codes.filter((code) => code === '23514').length).toBeLessThanOrEqual(2)

    await database.query(down(refusing, recording))
    const settled = oldVersion.failures.length
    await goOn(oldVersion, next)
    // At most the writes that were under way when the functions changed.
    expect(oldVersion.failures.length - settled).toBeLessThanOrEqual(2)
    await database.query(down(recording))
    await goOn(oldVersion, next)
    expect(next.failures).toEqual([])
    await Promise.all([oldVersion.stop(), next.stop()])
    const [row] = await database.query(
      `SELECT bool_or(audit_username IS NULL) AS absent, bool_or(audit_username = 'alice') AS present FROM audit."Order_audit"`,
    )
    expect(row).toEqual({ absent: true, present: true })
  })
})

it('the first installation never holds two live tables, so it cannot deadlock with a transaction that writes both', async () => {
  await withSources(async (database) => {
    const client = await database.pool({ max: 1 }).connect()
    try {
      // The application writes Order first and Item second; the installation goes Item, Order.
      await client.query(`BEGIN; INSERT INTO "Order" VALUES (1, 'a')`)
      const installing = database.query(
        install({ ...order, missingSettings: 'record' }, { ...item, missingSettings: 'record' }),
      )
      await sleep(300)
      await client.query(`INSERT INTO "Item" VALUES (1, 'a')`)
      await client.query('COMMIT')
      await installing
    } finally {
      client.release()
    }
    await database.query(`INSERT INTO "Item" VALUES (2, 'b')`)
    expect(await database.query('SELECT id FROM audit."Item_audit"')).toContainEqual({ id: 2 })
  })
})

it('a table that is held too long stops the installation with a lock time-out, and the tables before it stay installed', async () => {
  await withSources(async (database) => {
    const client = await database.pool({ max: 1 }).connect()
    const sql = install(order, item).replaceAll("'5000ms'", "'200ms'")
    try {
      await client.query(`BEGIN; INSERT INTO "Order" VALUES (1, 'a')`)
      await expect(database.query(sql)).rejects.toMatchObject({ code: '55P03' })
      expect(
        await database.query(
          `SELECT to_regclass('audit."Item_audit"') IS NOT NULL AS item, to_regclass('audit."Order_audit"') IS NOT NULL AS "order"`,
        ),
      ).toEqual([{ item: true, order: false }])
      await client.query('COMMIT')
    } finally {
      client.release()
    }
    await database.query(sql)
    await expect(database.query(`INSERT INTO "Order" VALUES (2, 'b')`)).rejects.toMatchObject({
      code: 'AU001',
    })
  })
})

it('a part appended to a draft leaves the lock time-out and search_path of the draft as they were', async () => {
  await withSources(async (database) => {
    const part = renderMigration(planBetween(EMPTY_STATE, refusing), { from: EMPTY_STATE, appended: true })
    expect(part).not.toMatch(/^COMMIT;$/m)
    const rows = await database.query(
      `${part}; SELECT current_setting('lock_timeout') AS lock, current_setting('search_path') AS path`,
    )
    expect(rows).toEqual([{ lock: '0', path: '"$user", public' }])
  })
})
