import { expect, test } from 'vitest'
import type { TestDatabase } from '../../../../test/support/test-database.ts'
import { auditedModel, compileProject, createTable, schemaOf, withNext } from './compile-project.ts'
import { apply, audited, followed, history } from './follow-project.ts'

const model = auditedModel('Order', 'note')
const before = schemaOf(model, '["username String?"]')
const init = createTable('Order', 'note')

/** What a new installation would make beside the live one: everything of the audit, by OID. */
const objects = (database: TestDatabase) =>
  database.query(`SELECT c.oid::int, c.oid::regclass::text AS name FROM pg_class c
    WHERE relnamespace::regnamespace::text IN ('audit', 'trail') AND relkind IN ('r', 'i', 'S') ORDER BY 2`)
const functions = (database: TestDatabase) =>
  database.query(
    `SELECT oid::regprocedure::text AS name FROM pg_proc WHERE pronamespace::regnamespace::text IN ('audit', 'trail') ORDER BY 1`,
  )
const triggers = (database: TestDatabase) =>
  database.query(
    `SELECT tgname, tgfoid::regprocedure::text AS calls FROM pg_trigger WHERE tgrelid = '"Order"'::regclass ORDER BY 1`,
  )

test.each([
  [
    'its objects got other names',
    schemaOf(
      model.replace(
        'enabled',
        'enabled, table: "order_history", function: "of_{role}", trigger: "z_{operation}"',
      ),
      '["username String?"]',
    ),
    'audit.order_history',
  ],
  [
    'it moved to another audit schema',
    schemaOf(model, '["username String?"]', 'schema = "trail"'),
    'trail."Order_audit"',
  ],
  [
    'its columns of settings got other names',
    schemaOf(model, '["username String?"]', 'settingColumn = "by_{setting}"'),
    'audit."Order_audit"',
  ],
])(
  'a folder that is squashed after %s adopts the live history, under the names that it has',
  async (_, schema, table) => {
    const { done } = await followed(schema, await audited(before, init))
    const database = await apply(done, {
      '20260102': `SET audit.username = 'ann'; INSERT INTO "Order" VALUES (1, 'old')`,
      '20260104': `INSERT INTO "Order" VALUES (2, 'renamed')`,
    })
    const all = async () => [await objects(database), await functions(database), await triggers(database)]
    const live = await all()

    // The squashed migration is marked as applied; only the new audit migration runs.
    const squashed = { '20270101000000_squashed': init }
    const adopting = await compileProject(schema, squashed)
    await database.query(adopting.migration?.sql ?? '')
    await database.query('COMMIT')
    expect(await all()).toEqual(live)
    await database.query(`INSERT INTO "Order" VALUES (3, 'adopted')`)
    expect(await history(database, table, 'id', 'note')).toEqual([
      { op: 'I', id: 1, note: 'old' },
      { op: 'I', id: 2, note: 'renamed' },
      { op: 'I', id: 3, note: 'adopted' },
    ])
    const again = await compileProject(schema, withNext(squashed, adopting, '20270102000000'))
    expect(again.migration).toBeUndefined()
    await database.drop()
  },
)
