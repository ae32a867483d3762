import { expect, test } from 'vitest'
import { foldMigrations } from '../../src/migration/fold-migrations.ts'

/** The fold of a folder with a table "Item", whose column `code` has a type of an extension, and then `text`. */
async function fold(text: string) {
  return await foldMigrations([
    {
      name: '1',
      path: '1/migration.sql',
      text: 'CREATE EXTENSION citext; CREATE TABLE "Item" (id int PRIMARY KEY, code citext); CREATE TABLE plain (a int);',
    },
    { name: '2', path: '2/migration.sql', text },
  ])
}

test.each([
  [
    'DROP EXTENSION citext CASCADE;',
    'DROP EXTENSION citext CASCADE drops the columns of its types',
    '"Item"',
  ],
  ['DROP OWNED BY joe;', 'DROP OWNED drops what the role owns', 'DROP OWNED BY joe'],
  [
    'IMPORT FOREIGN SCHEMA far LIMIT TO ("Item") FROM SERVER s INTO public;',
    'IMPORT FOREIGN SCHEMA creates the tables that another server has',
    'IMPORT FOREIGN SCHEMA far LIMIT TO ("Item") FROM SERVER s INTO public',
  ],
  [
    'ALTER TABLE ghost RENAME TO "Item2";',
    'RENAME TO of ghost, which no migration file creates',
    '"ghost" "Item2"',
  ],
  ['ALTER TABLE ghost ADD a int;', 'ALTER TABLE on ghost, which no migration file creates', '"ghost"'],
])(
  'what cannot be followed is reported at its place, with the names in it: %s',
  async (statement, reason, text) => {
    const { notInterpreted } = await fold(`-- first\n${statement}`)
    expect(notInterpreted).toEqual([
      {
        reason,
        text,
        migration: '2',
        place: { file: '2/migration.sql', line: 2, column: 1, length: statement.length },
      },
    ])
  },
)

test('what is there no more, or may not be there, is not reported', async () => {
  const { notInterpreted } = await fold(`DROP EXTENSION citext;
DROP TABLE IF EXISTS ghost; ALTER TABLE IF EXISTS ghost RENAME a TO b; ALTER TABLE IF EXISTS ghost ADD a int;
ALTER TABLE plain DROP COLUMN IF EXISTS ghost;
CREATE TEMP TABLE scratch AS SELECT 1 AS a; ALTER TABLE scratch RENAME a TO b;`)
  expect(notInterpreted).toEqual([])
})

test('a table that a query makes has unknown columns, and stands for itself: renamed, moved, dropped', async () => {
  const { tables, droppedTables } = await fold(`CREATE SCHEMA s;
CREATE TABLE n AS SELECT * FROM "Item"; DROP TABLE "Item"; ALTER TABLE n RENAME TO "Item";
ALTER TABLE "Item" SET SCHEMA s; ALTER TABLE s."Item" ADD COLUMN d int;
SELECT 1 AS a INTO m; DROP TABLE m;
CREATE TEMP TABLE plain AS SELECT * FROM plain; DROP TABLE plain;`)
  expect(
    tables.map(({ schema, name, columns, columnsUnknown }) => [
      `${schema}.${name}`,
      columns.map((column) => column.name),
      columnsUnknown,
    ]),
  ).toEqual([
    ['public.plain', ['a'], undefined],
    ['s.Item', ['d'], true],
  ])
  expect(droppedTables.map(({ name }) => name)).toEqual(['Item', 'm'])
})
