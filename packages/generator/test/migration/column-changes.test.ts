import { expect, test } from 'vitest'
import { foldMigrations } from '../../src/migration/fold-migrations.ts'

/** Migrations `1`, `2`, … with these texts. */
function fold(...texts: readonly string[]) {
  const files = texts.map((text, index) => ({
    name: `${index + 1}`,
    path: `${index + 1}/migration.sql`,
    text,
  }))
  return foldMigrations(files)
}

/** `1:2 dropped a`, `2:1 renamed a -> b`, sorted by table. */
async function changesOf(...texts: readonly string[]): Promise<readonly string[]> {
  const { tables } = await fold(...texts)
  return tables.flatMap(({ name, columnChanges = [] }) =>
    columnChanges.map(({ kind, column, to, isNaming, migration, place }) => {
      expect(place.file).toBe(`${migration}/migration.sql`)
      const what = to === undefined ? column : `${column} -> ${to}`
      return `${name}: ${migration}:${place.line} ${kind} ${what}${isNaming ? ' (naming)' : ''}`
    }),
  )
}

const start = `CREATE TYPE "Status" AS ENUM ('NEW', 'DONE');
CREATE TABLE "A" ("id" INTEGER NOT NULL, "a" TEXT, "status" "Status" DEFAULT 'NEW', "all" "Status"[], CONSTRAINT "A_pkey" PRIMARY KEY ("id"));
CREATE TABLE "B" ("id" INTEGER NOT NULL, "b" "Status");`

test('a dropped, a renamed and a retyped column are remembered in their order, at their statements', async () => {
  expect(
    await changesOf(
      start,
      '-- first\nALTER TABLE "A" DROP COLUMN "a",\nADD COLUMN "c" TEXT;\nALTER TABLE "A" RENAME COLUMN "c" TO "d";',
      'ALTER TABLE "A" ALTER COLUMN "d" SET DATA TYPE BIGINT USING 1;',
    ),
  ).toEqual(['A: 2:2 dropped a', 'A: 2:4 renamed c -> d', 'A: 3:1 retyped d'])
})

test('an enum that Prisma recreates in BEGIN … COMMIT is one change of type for each of its columns', async () => {
  const recreate = `BEGIN;
CREATE TYPE "Status_new" AS ENUM ('NEW');
ALTER TABLE "A" ALTER COLUMN "status" DROP DEFAULT;
ALTER TABLE "A" ALTER COLUMN "status" TYPE "Status_new" USING ("status"::text::"Status_new");
ALTER TABLE "A" ALTER COLUMN "all" TYPE "Status_new"[] USING ("all"::text::"Status_new"[]);
ALTER TABLE "B" ALTER COLUMN "b" TYPE "Status_new" USING ("b"::text::"Status_new");
ALTER TYPE "Status" RENAME TO "Status_old";
ALTER TYPE "Status_new" RENAME TO "Status";
DROP TYPE "Status_old";
ALTER TABLE "A" ALTER COLUMN "status" SET DEFAULT 'NEW';
COMMIT;`
  expect(await changesOf(start, recreate)).toEqual([
    'A: 2:4 retyped status',
    'A: 2:5 retyped all',
    'B: 2:6 retyped b',
  ])
})

test.each([
  ['a new value', `ALTER TYPE "Status" ADD VALUE 'HELD';`],
  ['a renamed value', `ALTER TYPE "Status" RENAME VALUE 'NEW' TO 'FRESH';`],
  ['a renamed type', `ALTER TYPE "Status" RENAME TO "State";`],
  ['a moved type', `CREATE SCHEMA s; ALTER TYPE "Status" SET SCHEMA s;`],
])('%s of an enum is a change of naming for each of its columns, in every table', async (_, text) => {
  expect(await changesOf(start, text)).toEqual([
    'A: 2:1 retyped status (naming)',
    'A: 2:1 retyped all (naming)',
    'B: 2:1 retyped b (naming)',
  ])
})

test('a type that is written again as it is changes nothing', async () => {
  expect(await changesOf(start, 'ALTER TABLE "A" ALTER COLUMN "a" TYPE TEXT;')).toEqual([])
})

test('a type that is dropped with its columns drops each of them', async () => {
  expect(await changesOf(start, 'DROP TYPE "Status" CASCADE;')).toEqual([
    'A: 2:1 dropped status',
    'A: 2:1 dropped all',
    'B: 2:1 dropped b',
  ])
})

test('a change of a parent reaches the same column of its children, and of no other table', async () => {
  const family = 'CREATE TABLE p (a int, b int); CREATE TABLE c (x int) INHERITS (p);'
  expect(await changesOf(family, 'ALTER TABLE p RENAME a TO z; ALTER TABLE p DROP b;')).toEqual([
    'c: 2:1 renamed a -> z',
    'c: 2:1 dropped b',
    'p: 2:1 renamed a -> z',
    'p: 2:1 dropped b',
  ])
})

test('a table that is dropped and created anew has no past, and the drop is remembered with its place', async () => {
  const { tables, droppedTables } = await fold(
    start,
    'ALTER TABLE "A" DROP COLUMN "a";\n  DROP TABLE "A";',
    'CREATE TABLE "A" (id INTEGER);',
  )
  expect(tables.find(({ name }) => name === 'A')?.columnChanges).toBeUndefined()
  expect(droppedTables).toEqual([
    {
      schema: 'public',
      name: 'A',
      migration: '2',
      place: { file: '2/migration.sql', line: 2, column: 3, length: 15 },
    },
  ])
})

test('a renamed, a moved and a carried-along table remember their former names and where they lost them', async () => {
  const { tables } = await fold(
    start,
    'CREATE SCHEMA s;\nALTER TABLE "A" RENAME TO "C";\nALTER TABLE "C" SET SCHEMA s;',
    'ALTER SCHEMA s RENAME TO t;',
  )
  expect(
    tables.map(({ schema, name, formerNames = [] }) => [
      `${schema}.${name}`,
      ...formerNames.map(
        (former) => `${former.schema}.${former.name} until ${former.until}:${former.place.line}`,
      ),
    ]),
  ).toEqual([
    ['public.B'],
    [
      't.C',
      'public.A until 2/migration.sql:2',
      'public.C until 2/migration.sql:3',
      's.C until 3/migration.sql:1',
    ],
  ])
})

test('what a migration does to our triggers, functions and schema is remembered; what our own part does is not', async () => {
  const { interferences } = await fold(
    start,
    `ALTER TABLE "A" DISABLE TRIGGER audit_insert, DISABLE TRIGGER ALL;
ALTER TABLE "A" ENABLE TRIGGER USER;
DROP FUNCTION audit."A_audit_capture" CASCADE;
DROP FUNCTION other.f;
DROP SCHEMA audit CASCADE;
-- prisma-generator-audit v1 from=0000000000000000
DROP FUNCTION audit."A_audit_key";`,
  )
  expect(
    interferences.map(({ kind, target, trigger, place }) => [kind, target.name, trigger, place.line]),
  ).toEqual([
    ['triggers disabled', 'A', 'audit_insert', 1],
    ['triggers disabled', 'A', undefined, 1],
    ['triggers enabled', 'A', undefined, 2],
    ['function dropped', 'A_audit_capture', undefined, 3],
    ['schema dropped', 'audit', undefined, 5],
  ])
})

test('a column whose foreign key points to another table is remembered, under its present name, while the former table is there', async () => {
  const tables = `CREATE TABLE "P" ("id" INTEGER PRIMARY KEY); CREATE TABLE "Q" ("id" INTEGER PRIMARY KEY);
CREATE TABLE "L" ("A" INTEGER REFERENCES "P", "B" INTEGER, "D" INTEGER, CONSTRAINT "B_fkey" FOREIGN KEY ("B") REFERENCES "Q"("id"));`
  const pointAway = `ALTER TABLE "L" DROP CONSTRAINT "B_fkey", ADD FOREIGN KEY ("B") REFERENCES "P"("id");`
  const repointed = async (...texts: readonly string[]) =>
    (await fold(tables, ...texts)).tables.find(({ name }) => name === 'L')?.repointed
  expect(await repointed()).toBeUndefined()
  expect(await repointed(pointAway)).toEqual([{ column: 'B', migration: '2' }])
  expect(
    await repointed(pointAway, 'ALTER TABLE "L" RENAME "B" TO "C"; ALTER TABLE "P" RENAME TO "R"'),
  ).toEqual([{ column: 'C', migration: '2' }])
  // The same table by another name, one that took the place of a dropped one, and what was taken back.
  expect(await repointed('ALTER TABLE "Q" RENAME TO "R"', pointAway.replace('"P"', '"R"'))).toBeUndefined()
  expect(await repointed(`${pointAway} DROP TABLE "Q";`)).toBeUndefined()
  expect(await repointed(`BEGIN; ${pointAway} ROLLBACK;`)).toBeUndefined()
  expect(await repointed(`${pointAway} ALTER TABLE "L" DROP COLUMN "B";`)).toBeUndefined()
})
