import { expect, test } from 'vitest'
import { foldMigrations } from '../../src/migration/fold-migrations.ts'

const TABLES = 'CREATE TABLE "Order" (id int PRIMARY KEY, note text); CREATE TABLE post (id int);\n'

async function fold(text: string) {
  return await foldMigrations([{ name: '1', path: '1/migration.sql', text: TABLES + text }])
}

async function changes(text: string): Promise<readonly string[]> {
  const { dataChanges } = await fold(text)
  return dataChanges.map(({ verb, table }) => `${verb} ${table.name}`)
}

test.each([
  ['SQL', `LANGUAGE sql AS $$ DELETE FROM post; ALTER TABLE "Order" DROP COLUMN note; $$`],
  ['PL/pgSQL', `LANGUAGE plpgsql AS $$ BEGIN DELETE FROM post; ALTER TABLE "Order" DROP COLUMN note; END $$`],
])(
  'a function in %s that changes the structure is reported where it is called, with its text',
  async (_, body) => {
    const made = `CREATE FUNCTION mig() RETURNS void ${body};`
    expect((await fold(made)).notInterpreted).toEqual([])
    const { tables, notInterpreted } = await fold(`${made}\n-- then\nSELECT mig();`)
    expect(tables[0]?.columns.map(({ name }) => name)).toEqual(['id', 'note'])
    expect(notInterpreted).toEqual([
      {
        reason: 'function mig that changes the structure of the database',
        text: made.slice(0, -1),
        place: { file: '1/migration.sql', line: 4, column: 8, length: 3 },
        migration: '1',
      },
    ])
    expect(await changes(`${made}\nSELECT mig();`)).toEqual(['DELETE post'])
  },
)

test('a function in another language, or one that does not parse, is reported where it is called', async () => {
  const { notInterpreted } = await fold(`CREATE FUNCTION py() RETURNS int LANGUAGE plpython3u AS 'return 1';
CREATE FUNCTION bad() RETURNS int LANGUAGE sql AS 'SELEC 1';
CREATE FUNCTION c() RETURNS int LANGUAGE c AS 'library', 'symbol';
SELECT py(), bad(), c();`)
  expect(notInterpreted.map(({ reason, place }) => [reason, place.line])).toEqual([
    ['function py in plpython3u', 5],
    ['function bad whose body does not parse', 5],
  ])
})

test('of functions of one name a call may mean each, until one is replaced or dropped', async () => {
  const two = `CREATE FUNCTION f(int) RETURNS void LANGUAGE sql AS 'UPDATE post SET id = 1';
CREATE FUNCTION f(a text, OUT b int) LANGUAGE sql AS 'DELETE FROM "Order" RETURNING id';\n`
  expect(await changes(`${two} SELECT f(1);`)).toEqual(['UPDATE post', 'DELETE Order'])
  const replaced = `CREATE OR REPLACE FUNCTION f(b integer) RETURNS void LANGUAGE sql AS 'INSERT INTO post VALUES (1)';`
  expect(await changes(`${two} ${replaced} SELECT f(1);`)).toEqual(['DELETE Order', 'INSERT post'])
  expect(await changes(`${two} DROP FUNCTION f(text); SELECT f(1);`)).toEqual(['UPDATE post'])
  expect(await changes(`${two} DROP FUNCTION f(int), f(text); SELECT f(1);`)).toEqual([])
  const beside = `CREATE SCHEMA s; CREATE FUNCTION s.f(date) RETURNS void LANGUAGE sql AS 'TRUNCATE post';`
  expect(await changes(`${two} ${beside} SET search_path = s, public; SELECT f(1);`)).toEqual([
    'TRUNCATE post',
    'UPDATE post',
    'DELETE Order',
  ])
})

test('a function that is renamed or moved is called under its new name', async () => {
  const made = `CREATE SCHEMA s; CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM post';`
  expect(await changes(`${made} ALTER FUNCTION f() RENAME TO g; SELECT g();`)).toEqual(['DELETE post'])
  expect(await changes(`${made} ALTER FUNCTION f SET SCHEMA s; SELECT s.f(); SELECT f();`)).toEqual([
    'DELETE post',
  ])
  const inside = `CREATE SCHEMA s; CREATE FUNCTION s.f() RETURNS void LANGUAGE sql AS 'DELETE FROM post';`
  expect(await changes(`${inside} ALTER SCHEMA s RENAME TO r; SELECT r.f();`)).toEqual(['DELETE post'])
  expect(await changes(`${inside} DROP SCHEMA s CASCADE; CREATE SCHEMA s; SELECT s.f();`)).toEqual([])
})
