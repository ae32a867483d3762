import { expect, test } from 'vitest'
import type { TestDatabase } from '../../../../test/support/test-database.ts'
import { foldMigrations } from '../../src/migration/fold-migrations.ts'
import { findTable } from '../../src/state/database-state.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { foldHistory, liveRows } from '../sql/fold-history.ts'
import { type CompiledProject, compileProject } from './compile-project.ts'
import { apply, audited, followed, history, schemaWith, steps } from './follow-project.ts'

const schema = (id = '@id', annotation = '@audit(enabled)') =>
  schemaWith(`/// ${annotation}\nmodel Item {\n  id Int ${id}\n  note String?\n}\n`)
const DEFERRED =
  'CREATE TABLE "Item" ("id" INTEGER NOT NULL PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, "note" TEXT);\n'
const IMMEDIATE =
  'CREATE TABLE "Item" ("id" INTEGER NOT NULL, "note" TEXT, CONSTRAINT "Item_pkey" PRIMARY KEY ("id"));\n'
const EXCHANGE = `INSERT INTO "Item" VALUES (1, 'a'), (2, 'b');
  BEGIN; UPDATE "Item" SET id = 2 WHERE id = 1; UPDATE "Item" SET id = 1 WHERE note = 'b'; COMMIT`

const rows = async (database: TestDatabase) =>
  (await history(database, 'audit."Item_audit"', 'id', 'note')).map((row) => Object.values(row).join(' '))

async function folded(database: TestDatabase, { model }: CompiledProject) {
  const table = findTable(desiredState(model), { schema: 'public', name: 'Item' })
  if (table === undefined) throw new Error('not audited')
  const query = (sql: string) => database.query<{ row: string }>(sql)
  return { fold: await foldHistory(query, table), live: await liveRows(query, table) }
}

test.each([
  ['a primary key', schema(), DEFERRED],
  ['a primary key, whatever level is written', schema('@id', '@audit(enabled, level: statement)'), DEFERRED],
  [
    'a unique column of a model without @id',
    schema('@unique'),
    'CREATE TABLE "Item" ("id" INTEGER NOT NULL, "note" TEXT);\nALTER TABLE "Item" ADD UNIQUE ("id") DEFERRABLE INITIALLY DEFERRED;\n',
  ],
])(
  'two statements that exchange keys under %s leave a history that folds to the table',
  async (_, of, init) => {
    const { project, done } = await followed(of, { '20260101000000_init': init })
    expect(project.text).toMatch(
      /20260101000000_init\/migration\.sql:\d:1 - warning AUD630: This makes the key/,
    )
    const database = await apply(done, { '20260104': EXCHANGE })
    expect((await rows(database)).slice(2)).toEqual(['D 1 a', 'U 2 a', 'U 1 b'])
    const { fold, live } = await folded(database, project)
    expect(live).toEqual(['(1,b)', '(2,a)'])
    expect(fold).toEqual(live)
    await database.drop()
  },
)

test('what AUD630 says of a key that two rows have: the former one gives it up first, or history ends the key', async () => {
  const { project, done } = await followed(schema(), { '20260101000000_init': DEFERRED })
  const database = await apply(done, {
    '20260104': `INSERT INTO "Item" VALUES (1, 'a'); BEGIN; DELETE FROM "Item" WHERE note = 'a'; INSERT INTO "Item" VALUES (1, 'b'); COMMIT;
      BEGIN; INSERT INTO "Item" VALUES (1, 'c'); UPDATE "Item" SET id = 2 WHERE note = 'b'; COMMIT`,
  })
  const told = await folded(database, project)
  expect(told.fold).toEqual(told.live)
  await database.query(
    `BEGIN; INSERT INTO "Item" VALUES (1, 'd'); DELETE FROM "Item" WHERE note = 'c'; COMMIT`,
  )
  expect((await rows(database)).slice(-2)).toEqual(['I 1 d', 'D 1 c'])
  expect(await folded(database, project)).toEqual({ fold: ['(2,b)'], live: ['(1,d)', '(2,b)'] })
  await database.drop()
})

test('a key that becomes deferrable is recorded by row from then on, and by statement once it is so no more', async () => {
  const again = 'ALTER TABLE "Item" DROP CONSTRAINT "Item_pkey", ADD PRIMARY KEY ("id")'
  const folder = {
    ...(await audited(schema(), IMMEDIATE)),
    '20260103000000_deferrable': `${again} DEFERRABLE;\n`,
  }
  const { project, done } = await followed(schema(), folder)
  expect(steps(project)).toEqual(['changeLevel Item'])
  const left = await followed(
    schema(),
    { ...done, '20260105000000_immediate': `${again};\n` },
    '20260106000000',
  )
  expect(steps(left.project)).toEqual(['changeLevel Item'])
  expect(left.project.text).not.toContain('AUD630')
})

test('of deferrable constraints that are not the key nothing is said, and nothing changes', async () => {
  const init = `${IMMEDIATE}ALTER TABLE "Item" ADD UNIQUE ("note") DEFERRABLE;\n`
  const project = await compileProject(schema(), { '20260101000000_init': init })
  expect(project.text).not.toContain('AUD630')
  expect(project.migration?.sql).not.toContain('FOR EACH ROW\n')
})

test('deferrable keys are followed through all that makes, renames and drops one', async () => {
  const made = `CREATE TABLE "A" ("x" INT PRIMARY KEY DEFERRABLE, "y" INT UNIQUE INITIALLY DEFERRED, "z" INT UNIQUE, UNIQUE ("y", "z") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "B" (LIKE "A" INCLUDING ALL);
CREATE TABLE "C" ("x" INT, "y" INT);
`
  const texts = [
    made,
    `CREATE UNIQUE INDEX "i" ON "C" ("x"); ALTER TABLE "C" ADD CONSTRAINT "k" UNIQUE USING INDEX "i" DEFERRABLE, ADD COLUMN "v" INT UNIQUE DEFERRABLE;`,
    `ALTER TABLE "A" RENAME COLUMN "x" TO "q"; ALTER TABLE "A" RENAME CONSTRAINT "A_y_key" TO "other"; ALTER TABLE "A" DROP CONSTRAINT "other";`,
    `ALTER INDEX "B_pkey" RENAME TO "p"; ALTER TABLE "B" DROP CONSTRAINT "p"; ALTER TABLE "C" DROP COLUMN "v";`,
  ]
  for (const [index] of texts.entries()) {
    const files = texts
      .slice(0, index + 1)
      .map((text, at) => ({ name: `${at}`, path: `${at}/migration.sql`, text }))
    const { tables } = await foldMigrations(files)
    const said = tables.flatMap(({ name, deferrableKeys = [] }) =>
      deferrableKeys.map(({ columns }) => `${name} ${columns.join()}`),
    )
    const database = await apply(Object.fromEntries(files.map(({ name, text }) => [name, text])), {})
    const found = await database.query<{ key: string }>(
      `SELECT r.relname || ' ' || string_agg(a.attname, ',' ORDER BY k.position) AS key
       FROM pg_constraint AS c JOIN pg_class AS r ON r.oid = c.conrelid
       CROSS JOIN unnest(c.conkey) WITH ORDINALITY AS k (number, position)
       JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = k.number
       WHERE c.contype IN ('p', 'u') AND c.condeferrable GROUP BY r.relname, c.oid`,
    )
    expect(said.toSorted()).toEqual(found.map(({ key }) => key).toSorted())
    await database.drop()
  }
})
