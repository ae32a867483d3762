import { expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { renderDown } from '../../src/sql/render-down.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import type { DatabaseState } from '../../src/state/database-state.ts'
import { planMigration } from '../../src/state/migration-plan.ts'
import type { MigrationStep } from '../../src/state/migration-step.ts'
import { createSource, state, table, up } from './fixture.ts'

const order = table('Order')
const item = table('Item')
const from = state(order, item)

const move = (shared: boolean, name: string): readonly MigrationStep[] => [
  { kind: 'moveSchema', name, sqlVersion: 1, ...(shared ? { shared: true } : {}) },
  ...from.tables.map(({ source, names }) => ({
    kind: 'renameObjects' as const,
    source,
    schema: name,
    names,
    ...(shared ? { shared: true as const } : {}),
  })),
  { kind: 'dropSchema', name: 'audit' },
]
const text = (state: DatabaseState, steps: readonly MigrationStep[]) =>
  renderMigration(planMigration(state, steps), { from: state })

async function withAudit(run: (database: TestDatabase) => Promise<void>) {
  const database = await createDatabase()
  try {
    await database.query(createSource(order) + createSource(item))
    await database.query(up(from))
    await database.query(`INSERT INTO "Order" VALUES (1, 'a'); INSERT INTO "Item" VALUES (1, 'a')`)
    await run(database)
  } finally {
    await database.drop()
  }
}

const schemas = `SELECT nspname AS name FROM pg_namespace WHERE nspname ~ '^(audit|trail)' ORDER BY 1`

it('what others put into the former audit schema stays, and the schema with it', async () => {
  await withAudit(async (database) => {
    await database.query(
      'CREATE TABLE audit.mine (id int); INSERT INTO audit.mine VALUES (1); CREATE VIEW audit.seen AS SELECT id FROM audit."Order_audit"',
    )
    await database.query(text(from, move(false, 'trail')))
    expect(await database.query(schemas)).toEqual([{ name: 'audit' }, { name: 'trail' }])
    expect(
      await database.query('SELECT id FROM audit.mine UNION ALL SELECT id FROM audit.seen'),
    ).toHaveLength(2)
    expect(
      await database.query(`SELECT proname FROM pg_proc WHERE pronamespace = 'audit'::regnamespace`),
    ).toEqual([])
    await database.query(`INSERT INTO "Order" VALUES (2, 'b')`)
    expect(await database.query('SELECT id FROM trail."Order_audit" ORDER BY audit_id')).toEqual([
      { id: 1 },
      { id: 2 },
    ])
  })
})

it('the audit moves into public and back, and public stays', async () => {
  await withAudit(async (database) => {
    const plan = planMigration(from, move(true, 'public'))
    await database.query(renderMigration(plan, { from }))
    await database.query(`INSERT INTO "Order" VALUES (2, 'b')`)
    expect(await database.query(schemas)).toEqual([])
    await database.query(renderDown(plan, { from }))
    await database.query(`INSERT INTO "Order" VALUES (3, 'c')`)
    expect(await database.query('SELECT id FROM audit."Order_audit" ORDER BY audit_id')).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ])
    expect(
      await database.query(
        `SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname ~ 'audit'`,
      ),
    ).toEqual([])
    await expect(database.query('DELETE FROM audit."Order_audit"')).rejects.toMatchObject({ code: 'AU002' })
  })
})

it('a new schema that is left over from a reset makes room, though it looks like half of a move', async () => {
  await withAudit(async (database) => {
    const sections = text(from, move(false, 'trail')).split(/^COMMIT;$/m)
    // The schema and the first table have moved, then the database is reset.
    await database.query(sections.slice(0, 2).join('COMMIT;'))
    await database.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    await database.query(createSource(order) + createSource(item))
    await database.query(up(from))
    await database.query(text(from, move(false, 'trail')))
    await database.query(`INSERT INTO "Order" VALUES (7, 'b'); INSERT INTO "Item" VALUES (7, 'b')`)
    expect(await database.query('SELECT id FROM trail."Order_audit"')).toEqual([{ id: 7 }])
    expect(await database.query('SELECT id FROM trail."Item_audit"')).toEqual([{ id: 7 }])
    const names = (await database.query(schemas)).map(({ name }) => name)
    expect(names.filter((name) => /_stale_/.test(name)).length).toBeGreaterThan(0)
  })
})
