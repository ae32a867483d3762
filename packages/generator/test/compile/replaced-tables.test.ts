import { describe, expect, test } from 'vitest'
import type { TestDatabase } from '../../../../test/support/test-database.ts'
import { renderReport } from '../../src/report.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { foldHistory, liveRows } from '../sql/fold-history.ts'
import {
  auditedModel,
  type CompiledProject,
  compileProject,
  createTable,
  type Migrations,
} from './compile-project.ts'
import { apply, audited, followed, history, schemaWith, steps } from './follow-project.ts'

const schema = schemaWith(auditedModel('Order', 'note'))
const silenced = schema.replace('@audit(enabled)', '@audit(disabled)')
const start = await audited(schema, createTable('Order', 'note'))

const PARTITIONS = `ALTER TABLE "Order" RENAME TO "Order_p1";
ALTER TABLE "Order_p1" RENAME CONSTRAINT "Order_pkey" TO "Order_p1_pkey";
CREATE TABLE "Order" (LIKE "Order_p1") PARTITION BY RANGE (id);
ALTER TABLE "Order" ADD PRIMARY KEY (id);
ALTER TABLE "Order" ATTACH PARTITION "Order_p1" DEFAULT;
`
const ARCHIVE = `CREATE SCHEMA archive;
ALTER TABLE "Order" SET SCHEMA archive;
${createTable('Order', 'note')}`
const SWAP = `CREATE TABLE "Order_new" (LIKE "Order" INCLUDING ALL);
INSERT INTO "Order_new" SELECT * FROM "Order";
ALTER TABLE "Order" RENAME TO "Order_old";
ALTER TABLE "Order_new" RENAME TO "Order";
`
const NAME = '20260103000000_replace'
const with_ = (sql: string): Migrations => ({ ...start, [NAME]: sql })

async function expectFolded(database: TestDatabase, { model }: CompiledProject): Promise<void> {
  const [table] = desiredState(model).tables
  if (table === undefined) throw new Error('nothing is audited')
  const query = (text: string) => database.query<{ row: string }>(text)
  expect(await foldHistory(query, table)).toEqual(await liveRows(query, table))
}

/** The tables that carry our triggers, clones too. */
const carriers = async (database: TestDatabase) =>
  (
    await database.query(
      `SELECT DISTINCT t.tgrelid::regclass::text AS name FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
       WHERE f.pronamespace = 'audit'::regnamespace AND t.tgname <> 'append_only' ORDER BY 1`,
    )
  ).map(({ name }) => name)

const FIRST = `INSERT INTO "Order" VALUES (1, 'old'), (2, 'old')`
const LAST = `UPDATE "Order" SET note = 'new'; UPDATE "Order" SET id = 9 WHERE id = 2; DELETE FROM "Order" WHERE id = 1; INSERT INTO "Order" VALUES (4, 'four')`

describe.each([
  ['converted to partitions', PARTITIONS, 'Order_p1', ['"Order"', '"Order_p1"']],
  ['moved to an archive', ARCHIVE, 'Order', ['"Order"']],
  ['swapped for a copy, while the old one is kept', SWAP, 'Order_old', ['"Order"']],
])('a table that is %s', (_, sql, renamed, carrying) => {
  const level = sql === PARTITIONS ? ['changeLevel Order'] : []

  test('keeps its history under its name, and the triggers leave the former table', async () => {
    const { project, done } = await followed(schema, with_(sql))
    expect(steps(project)).toEqual([...level, 'resumeTable Order'])
    expect(project.diagnostics.filter(({ severity }) => severity !== 'info')).toMatchObject([
      { code: 'AUD613', place: { file: `migrations/${NAME}/migration.sql` } },
    ])
    expect(project.text).toContain(
      `renames the table to "${sql === ARCHIVE ? 'archive' : 'public'}"."${renamed}"`,
    )
    // What is written meanwhile is the risk that is announced: here the next write of each row makes up for it.
    const between = `INSERT INTO "Order" VALUES (3, 'unseen')`
    const database = await apply(done, { '20260102': FIRST, '20260103': between, '20260104': LAST })
    expect(await carriers(database)).toEqual(carrying)
    expect(await history(database, 'audit."Order_audit"', 'id', 'note')).not.toContainEqual(
      expect.objectContaining({ note: 'unseen' }),
    )
    if (sql === ARCHIVE)
      await database.query(
        `INSERT INTO audit."Order_audit" (audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id, id) SELECT 'D', now(), now(), 'archived', 0, id FROM archive."Order"`,
      )
    await expectFolded(database, project)
    await database.drop()
  })

  test('is followed in a draft without a gap, and the file may run while rows are there', async () => {
    const folder = with_(sql)
    const project = await compileProject(schema, folder, { draft: NAME })
    expect(steps(project)).toEqual([...level, 'resumeTable Order'])
    expect(project.text).not.toContain('AUD613')
    const done = { ...folder, [NAME]: project.migration?.file ?? '' }
    expect(steps(await compileProject(schema, done))).toEqual([])
    const database = await apply(done, { '20260102': FIRST, '20260103': LAST })
    expect(await carriers(database)).toEqual(carrying)
    if (sql !== ARCHIVE) await expectFolded(database, project)
    await database.drop()
  })

  test('may run again, and down.sql gives the triggers back to the former table, by whichever name', async () => {
    const { project } = await followed(schema, with_(sql))
    const { sql: up = '', downSql = '' } = project.migration ?? {}
    const database = await apply(with_(sql), { '20260102': FIRST })
    const catalog = () =>
      database.query(
        `SELECT pg_get_triggerdef(t.oid) AS text FROM pg_trigger t JOIN pg_proc f ON f.oid = t.tgfoid
         WHERE f.pronamespace = 'audit'::regnamespace ORDER BY t.tgrelid, t.tgname`,
      )
    const functions = () =>
      database.query(
        `SELECT pg_get_functiondef(oid) AS text, proacl::text FROM pg_proc WHERE pronamespace = 'audit'::regnamespace ORDER BY oid::regprocedure::text`,
      )
    const before = [await catalog(), await functions()]
    await database.query(up)
    const after = [await catalog(), await functions()]
    await database.query(up)
    expect([await catalog(), await functions()]).toEqual(after)
    await database.query(downSql)
    expect([await catalog(), await functions()]).toEqual(before)
    await database.query(downSql)
    expect([await catalog(), await functions()]).toEqual(before)
    await database.query(up)
    expect([await catalog(), await functions()]).toEqual(after)
    // The application's part is taken back by hand, and then the audit's.
    const former = sql === ARCHIVE ? 'archive."Order"' : `"${renamed}"`
    const detach = sql === PARTITIONS ? `ALTER TABLE "Order" DETACH PARTITION "Order_p1";` : ''
    const back = sql === ARCHIVE ? 'SET SCHEMA public' : 'RENAME TO "Order"'
    await database.query(`${detach} DROP TABLE "Order"; ALTER TABLE ${former} ${back}`)
    await database.query(downSql)
    await database.query('COMMIT')
    expect(await carriers(database)).toEqual(['"Order"'])
    await database.query(`INSERT INTO "Order" VALUES (7, 'back'); UPDATE "Order" SET id = 8 WHERE id = 7`)
    expect((await history(database, 'audit."Order_audit"', 'id')).slice(-3)).toEqual([
      { op: 'I', id: 7 },
      { op: 'D', id: 7 },
      { op: 'U', id: 8 },
    ])
    await database.drop()
  })

  test('whose audit ends with it is retired: no trigger stays, and nothing has to be recorded row by row', async () => {
    const { project, done } = await followed(silenced, with_(sql))
    expect(steps(project)).toEqual(['retireTable Order'])
    expect(project.diagnostics).toEqual([])
    const database = await apply(done, {
      '20260104': `INSERT INTO "Order" VALUES (1, 'unseen'); TRUNCATE "Order"`,
    })
    expect(await carriers(database)).toEqual([])
    await database.query(project.migration?.downSql ?? '')
    expect(await carriers(database)).toEqual([sql === ARCHIVE ? 'archive."Order"' : `"${renamed}"`])
    await database.query(project.migration?.sql ?? '')
    expect(await carriers(database)).toEqual([])
    expect(await history(database, 'audit."Order_audit"', 'id')).toEqual([])
    await database.drop()
  })
})

test('the old table may be dropped later, or before the audit follows', async () => {
  const { done } = await followed(schema, with_(SWAP))
  const later = { ...done, '20260105000000_drop': 'DROP TABLE "Order_old";\n' }
  expect(steps(await compileProject(schema, later))).toEqual([])
  const database = await apply(later, { '20260102': FIRST, '20260105': LAST })
  expect(await carriers(database)).toEqual(['"Order"'])
  await database.drop()
  const { project } = await followed(schema, with_(`${SWAP}DROP TABLE "Order_old";\n`))
  expect(steps(project)).toEqual(['resumeTable Order'])
})

test('a table that takes the place may be older than the audit, and its columns have a past of their own', async () => {
  const init = `${createTable('Order', 'note')}${createTable('Spare', 'remark')}`
  const before = await audited(schema, init)
  const swap = `ALTER TABLE "Spare" RENAME COLUMN remark TO note;
ALTER TABLE "Order" RENAME TO "Order_old";
ALTER TABLE "Spare" RENAME TO "Order";
`
  for (const end of ['', 'DROP TABLE "Order_old";\n']) {
    const { project, done } = await followed(schema, { ...before, [NAME]: swap + end })
    expect(steps(project)).toEqual(['resumeTable Order'])
    const database = await apply(done, {
      '20260102': FIRST,
      '20260104': `INSERT INTO "Order" VALUES (5, 'spare')`,
    })
    expect((await history(database, 'audit."Order_audit"', 'id', 'note')).at(-1)).toEqual({
      op: 'I',
      id: 5,
      note: 'spare',
    })
    await database.drop()
  }
})

test('tables that are swapped back hand the triggers back', async () => {
  const { done } = await followed(schema, with_(SWAP))
  const back = `ALTER TABLE "Order" RENAME TO "Order_new";\nALTER TABLE "Order_old" RENAME TO "Order";\n`
  const again = await followed(schema, { ...done, '20260105000000_back': back }, '20260106000000')
  expect(steps(again.project)).toEqual(['resumeTable Order'])
  const database = await apply(again.done, { '20260102': FIRST, '20260106': LAST })
  expect(await carriers(database)).toEqual(['"Order"'])
  await expectFolded(database, again.project)
  await database.drop()
})

test('a former table that was renamed again is found all the same', async () => {
  const { project } = await followed(schema, with_(SWAP))
  const database = await apply(with_(SWAP), { '20260102': FIRST })
  await database.query('ALTER TABLE "Order_old" RENAME TO "Somewhere"')
  await database.query(project.migration?.sql ?? '')
  expect(await carriers(database)).toEqual(['"Order"'])
  await database.drop()
})

test('the key, columns and names may change in the same migration', async () => {
  const sql = `ALTER TABLE "Order" RENAME TO "Order_p1";
CREATE TABLE "Order" (id int NOT NULL, remark text, region text NOT NULL DEFAULT 'eu', PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE "Order_eu" PARTITION OF "Order" FOR VALUES IN ('eu');
INSERT INTO "Order" (id, remark) SELECT id, note FROM "Order_p1";
`
  const model = `/// @audit(enabled, table: "order_history")
model Order {
  id Int
  /// @audit(renamedFrom: "note")
  remark String?
  region String
  @@id([id, region])
}
`
  const wish = schemaWith(model)
  const { project, done } = await followed(wish, with_(sql))
  expect(steps(project)).toEqual([
    'renameObjects Order -> audit.order_history',
    'renameColumn note -> remark',
    'addColumn region',
    'changeKey Order',
    'changeLevel Order',
    'resumeTable Order',
  ])
  const write = `UPDATE "Order_eu" SET remark = 'new'; UPDATE "Order" SET id = id + 10`
  const database = await apply(done, { '20260102': FIRST, '20260104': write })
  expect(await carriers(database)).toEqual(['"Order"', '"Order_eu"'])
  expect((await history(database, 'audit.order_history', 'id', 'remark', 'region')).slice(-2)).toEqual([
    { op: 'D', id: 2, remark: 'new', region: 'eu' },
    { op: 'U', id: 12, remark: 'new', region: 'eu' },
  ])
  await database.query(project.migration?.downSql ?? '')
  expect(await carriers(database)).toEqual(['"Order_p1"'])
  await database.query(`UPDATE "Order_p1" SET note = 'down' WHERE id = 1`)
  expect((await history(database, 'audit."Order_audit"', 'id', 'note')).at(-1)).toEqual({
    op: 'U',
    id: 1,
    note: 'down',
  })
  await database.query(project.migration?.sql ?? '')
  expect(await carriers(database)).toEqual(['"Order"', '"Order_eu"'])
  await database.drop()

  const draft = await compileProject(wish, with_(sql), { draft: NAME })
  const whole = { ...start, [NAME]: draft.migration?.file ?? '' }
  expect(steps(await compileProject(wish, whole))).toEqual([])
  const other = await apply(whole, { '20260102': FIRST, '20260103': write })
  expect(await carriers(other)).toEqual(['"Order"', '"Order_eu"'])
  await other.drop()
})

test('two histories may exchange their names meanwhile: no trigger of the other table goes, once and again', async () => {
  const named = (model: string, other: string) =>
    auditedModel(model, 'note').replace(
      'enabled',
      `enabled, table: "${other}_audit", function: "${other}_audit_{role}"`,
    )
  const two = schemaWith(auditedModel('Order', 'note') + auditedModel('Item', 'note'))
  const folder = {
    ...(await audited(two, createTable('Order', 'note') + createTable('Item', 'note'))),
    [NAME]: SWAP,
  }
  const wish = schemaWith(named('Order', 'Item') + named('Item', 'Order'))
  const { project } = await followed(wish, folder)
  const { sql: up = '', downSql = '' } = project.migration ?? {}
  const database = await apply(folder, { '20260102': `${FIRST}; INSERT INTO "Item" VALUES (5, 'item')` })
  const rows = (id: number) =>
    `INSERT INTO "Order" VALUES (${id}, 'o'); INSERT INTO "Item" VALUES (${id}, 'i')`
  for (const [index, text] of [up, up, downSql, up].entries()) {
    await database.query(text)
    await database.query('COMMIT')
    expect(await carriers(database)).toEqual(['"Item"', text === downSql ? '"Order_old"' : '"Order"'])
    await database.query(rows(10 + index))
  }
  const found = async (table: string) => (await history(database, table, 'id', 'note')).map(({ id }) => id)
  // What is written to the new table after down.sql is not recorded, as before the migration.
  expect(await found('audit."Item_audit"')).toEqual([1, 2, 10, 11, 13])
  expect(await found('audit."Order_audit"')).toEqual([5, 10, 11, 12, 13])
  await database.drop()
})

test('a model for the renamed table takes the history along, unless it is not audited', async () => {
  const withOld = (text: string) => schemaWith(auditedModel('Order', 'note') + text)
  const both = await followed(withOld(auditedModel('Order_old', 'note')), with_(SWAP))
  expect(steps(both.project)).toEqual([
    'renameTable public.Order -> public.Order_old',
    'renameObjects Order_old -> audit.Order_old_audit',
    'createAuditTable Order',
  ])
  const quiet = auditedModel('Order_old', 'note').replace('/// @audit(enabled)\n', '')
  const { project, done } = await followed(withOld(quiet), with_(SWAP))
  expect(steps(project)).toEqual(['resumeTable Order'])
  const database = await apply(done, { '20260102': FIRST, '20260104': LAST })
  expect(await carriers(database)).toEqual(['"Order"'])
  await expectFolded(database, project)
  await database.drop()
})

test('the table that takes the place waits for what it lacks, and says only that', async () => {
  const project = await compileProject(schemaWith(auditedModel('Order', 'note', 'more')), with_(SWAP))
  expect(steps(project)).toEqual([])
  expect(project.waiting).toEqual([
    {
      source: { schema: 'public', name: 'Order' },
      reason: { kind: 'columns not created', columns: ['more'] },
    },
  ])
})

describe('what still waits names the other table, and the ways out', () => {
  const report = async (wish: string, sql: string) => {
    const compilation = await compileProject(wish, with_(sql))
    expect(steps(compilation)).toEqual([])
    const { diagnostics, files } = compilation
    return renderReport({ diagnostics, compilation, outcome: { kind: 'nothing to write' }, files })
  }

  test('a table that was moved away', async () => {
    const sql = 'CREATE SCHEMA archive;\nALTER TABLE "Order" SET SCHEMA archive;\n'
    expect(await report(schema, sql)).toContain(
      '"public"."Order": a migration renamed it to "archive"."Order", which no model has; map the model to that name, and the history follows, or let a migration create this table anew, and the history stays here',
    )
  })

  test('one whose model is gone', async () => {
    expect(
      await report(schemaWith(auditedModel('Other')), 'ALTER TABLE "Order" RENAME TO "Kept";\n'),
    ).toContain(
      '"public"."Kept": the model of "public"."Order", as it was called, is gone, but no migration drops the table yet; to keep it, give it a model with @audit(disabled)',
    )
    const kept = auditedModel('Kept', 'note').replace('enabled', 'disabled')
    const { project } = await followed(schemaWith(kept), with_('ALTER TABLE "Order" RENAME TO "Kept";\n'))
    expect(steps(project)).toEqual(['renameTable public.Order -> public.Kept', 'retireTable Kept'])
  })

  test('one whose model is gone, while another table has its name', async () => {
    for (const sql of [PARTITIONS, SWAP]) {
      expect(await report(schemaWith(auditedModel('Other')), sql)).toContain(
        'the model of "public"."Order", as it was called, is gone',
      )
    }
  })

  test('one under the name of another that waits', async () => {
    const wish = schemaWith(auditedModel('Order', 'note') + auditedModel('Order_old', 'note', 'more'))
    const text = await report(wish, SWAP)
    expect(text).toContain('"public"."Order_old": no migration adds "more" yet')
    expect(text).toContain(
      '"public"."Order": the history under its name is that of "public"."Order_old", as a migration renamed the table, and cannot follow it yet; give that one what it waits for, or a model, or drop it',
    )
  })
})

test('two audited tables that exchange their names, of which one loses its model: the other waits until that one has one', async () => {
  const two = schemaWith(auditedModel('A', 'note') + auditedModel('B', 'note'))
  const before = await audited(two, createTable('A', 'note') + createTable('B', 'note'))
  const folder = {
    ...before,
    [NAME]:
      'ALTER TABLE "A" RENAME TO "tmp";\nALTER TABLE "B" RENAME TO "A";\nALTER TABLE "tmp" RENAME TO "B";\n',
  }
  const waits = await compileProject(schemaWith(auditedModel('A', 'note')), folder)
  expect(steps(waits)).toEqual([])
  expect(waits.waiting).toEqual([
    {
      source: { schema: 'public', name: 'A' },
      reason: { kind: 'name not free', other: { schema: 'public', name: 'B' } },
    },
  ])
  const quiet = auditedModel('B', 'note').replace('enabled', 'disabled')
  const { project } = await followed(schemaWith(auditedModel('A', 'note') + quiet), folder)
  expect(steps(project)).toContain('retireTable B')
})
