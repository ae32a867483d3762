import { expect, test } from 'vitest'
import { foldMigrations } from '../../src/migration/fold-migrations.ts'

/** What the migration `2` leaves of a table "Order" with a column `note`. */
async function after(text: string) {
  return await foldMigrations([
    { name: '1', path: '1/migration.sql', text: 'CREATE TABLE "Order" (id int PRIMARY KEY, note text);' },
    { name: '2', path: '2/migration.sql', text },
  ])
}

test('what ROLLBACK takes back has not happened to the table, and nobody is told that it had', async () => {
  const { tables, droppedTables, interferences, notInterpreted } = await after(`BEGIN;
ALTER TABLE "Order" DROP COLUMN note;
ALTER TABLE "Order" RENAME TO "Purchase";
ALTER TABLE "Purchase" DISABLE TRIGGER ALL;
DO $$ BEGIN EXECUTE 'DROP TABLE "Purchase"'; END $$;
DROP TABLE "Purchase";
ROLLBACK;`)
  expect(tables).toMatchObject([{ name: 'Order', columns: [{ name: 'id' }, { name: 'note' }] }])
  expect(tables[0]?.columnChanges).toBeUndefined()
  expect(tables[0]?.formerNames).toBeUndefined()
  expect([droppedTables, interferences, notInterpreted]).toEqual([[], [], []])
})

test('what COMMIT ends stays, whatever is rolled back after it', async () => {
  const { tables } = await after(
    'BEGIN; ALTER TABLE "Order" DROP COLUMN note; COMMIT; DROP TABLE "Order"; ROLLBACK;',
  )
  expect(tables).toMatchObject([{ columns: [{ name: 'id' }], columnChanges: [{ kind: 'dropped' }] }])
})

test('a data change that is taken back is found all the same: a trigger refuses it before', async () => {
  const { dataChanges } = await after('BEGIN; DELETE FROM "Order"; ROLLBACK;')
  expect(dataChanges.map(({ verb }) => verb)).toEqual(['DELETE'])
})

test('settings that are taken back are in force no more', async () => {
  const { dataChanges } = await after(`SET audit.kept = 'x';
COMMIT;
SET audit.lost = 'x';
DELETE FROM "Order";
ROLLBACK;
DELETE FROM "Order";
SAVEPOINT s;
SELECT set_config('audit.local', 'x', true);
DELETE FROM "Order";
ROLLBACK TO s;
DELETE FROM "Order";`)
  expect(dataChanges.map(({ settingsBefore }) => settingsBefore)).toEqual([
    ['kept', 'lost'],
    ['kept'],
    ['kept', 'local'],
    ['kept'],
  ])
})

test('a transaction in two phases, or a ROLLBACK inside a block, is reported at its place', async () => {
  const { notInterpreted } = await after(`PREPARE TRANSACTION 'a';
DO $$ BEGIN DELETE FROM "Order"; ROLLBACK; END $$;`)
  expect(notInterpreted.map(({ reason, place }) => [reason, place.line])).toEqual([
    ['a transaction in two phases', 1],
    ['a DO block that takes back what it did (ROLLBACK)', 2],
  ])
})
