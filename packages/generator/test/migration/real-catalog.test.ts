import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createDatabase, serverMajor } from '../../../../test/support/test-database.ts'
import { foldMigrations } from '../../src/migration/fold-migrations.ts'
import { readMigrationsFolder } from '../../src/migration/read-migrations-folder.ts'

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name)

/** Virtual generated columns came with PostgreSQL 18; an older server does not take their folder. */
const folders = serverMajor() >= 18 ? ['shop', 'seldom', 'virtual-columns'] : ['shop', 'seldom']

/** What a folder says of itself: the statements that only PostgreSQL can follow. */
const NOT_FOLLOWED: Readonly<Record<string, readonly string[]>> = {
  seldom: [
    '20260105090000_not_followed:5 function in_sql that changes the structure of the database',
    '20260105090000_not_followed:6 function in_plpgsql that changes the structure of the database',
    '20260105090000_not_followed:7 a DO block that changes the structure of the database',
    '20260105090000_not_followed:13 RENAME TO of unseen, which no migration file creates',
    '20260105090000_not_followed:14 RENAME COLUMN of still_unseen, which no migration file creates',
    '20260105090000_not_followed:15 SET SCHEMA of still_unseen, which no migration file creates',
    '20260105090000_not_followed:16 a change of column unseen of victim, which no migration file creates',
    '20260105090000_not_followed:17 a change of column seen of victim, which no migration file creates',
    '20260105090000_not_followed:18 a change of column seen of victim, which no migration file creates',
    '20260105090000_not_followed:20 PRIMARY KEY USING INDEX unseen_key, which no migration file creates',
    '20260105090000_not_followed:21 CREATE TABLE heir with the columns of still_unseen, which no migration file creates',
    '20260105090000_not_followed:22 LIKE still_unseen, which no migration file creates',
    '20260105090000_not_followed:24 ATTACH PARTITION unseen_low, which no migration file creates',
    '20260105090000_not_followed:25 DETACH PARTITION unseen_low, which no migration file creates',
    '20260105090000_not_followed:28 NO INHERIT still_unseen, which no migration file creates',
    '20260105090000_not_followed:29 DROP TABLE still_unseen, which no migration file creates',
    '20260105090000_not_followed:30 DROP TABLE unseen_low, which no migration file creates',
    '20260106090000_swapped:2 CREATE TABLE … OF takes its columns from a type',
    '20260106090000_swapped:4 CREATE TABLE … AS takes its columns from a query',
    '20260106090000_swapped:10 SELECT INTO takes its columns from a query',
    '20260106090000_swapped:20 CREATE TABLE … AS takes its columns from a query',
  ],
}

test.each(folders)(
  'folding a folder gives the tables, columns, types, nullability and primary keys of the real catalog: %s',
  async (name) => {
    const folder = fixture(name)
    const { files, database } = await readMigrationsFolder(folder, { cacheDir: false, cwd: folder })
    const real = await createDatabase()
    try {
      // One simple query a file, as Prisma sends it.
      for (const { text } of files) await real.query(text)
      const columns = await real.query(COLUMNS)
      expect(
        database.tables.map(({ schema, name, columns, columnsUnknown, primaryKey, partitioned }) => ({
          table: `${schema}.${name}`,
          columns: columnsUnknown
            ? expect.any(Array)
            : columns.map((column) => [column.name, column.type, column.notNull, column.virtual]),
          primaryKey,
          partitioned,
        })),
      ).toEqual(columns)
      expect(
        database.notInterpreted.map(
          ({ place, reason }) => `${place.file.split('/')[0]}:${place.line} ${reason}`,
        ),
      ).toEqual(NOT_FOLLOWED[name] ?? [])
    } finally {
      await real.drop()
    }
  },
)

test.skipIf(serverMajor() < 18)(
  'what a generated column is made of is what the real catalog says',
  async () => {
    const folder = fixture('virtual-columns')
    const { files, database } = await readMigrationsFolder(folder, { cacheDir: false, cwd: folder })
    const real = await createDatabase()
    try {
      for (const { text } of files) await real.query(text)
      const read = database.tables.flatMap(({ schema, name, columns }) =>
        columns.flatMap((column) =>
          (column.reads ?? []).map((each) => `${schema}.${name}.${column.name} <- ${each}`),
        ),
      )
      const known = await real.query<{ edge: string }>(`
      SELECT format('%s.%s.%s <- %s', table_schema, table_name, dependent_column, column_name) AS edge
      FROM information_schema.column_column_usage`)
      expect(read.toSorted()).toEqual(known.map(({ edge }) => edge).toSorted())
      expect(read).toContain('public.Note.search <- the body')
    } finally {
      await real.drop()
    }
  },
)

test('a generated column is made of others after DROP EXPRESSION, too, and of those of a partition', async () => {
  const { tables } = await foldMigrations([
    {
      name: 'a',
      path: 'a',
      text: `CREATE TABLE n (id int, a text, b text, x text GENERATED ALWAYS AS (a) STORED, y text GENERATED ALWAYS AS (b) STORED) PARTITION BY RANGE (id);
CREATE TABLE n1 (id int, a text, b text, x text GENERATED ALWAYS AS (b) STORED, y text GENERATED ALWAYS AS (b) STORED);
ALTER TABLE n ATTACH PARTITION n1 FOR VALUES FROM (0) TO (9);
ALTER TABLE n ALTER COLUMN y DROP EXPRESSION;
`,
    },
  ])
  const [root] = tables
  expect(root?.columns.map(({ reads }) => reads)).toEqual([
    undefined,
    undefined,
    undefined,
    ['a', 'b'],
    ['b'],
  ])
})

test('folding a folder gives the enums and labels of the real catalog', async () => {
  const { files, database } = await readMigrationsFolder(fixture('shop'), { cacheDir: false })
  const real = await createDatabase()
  try {
    for (const { text } of files) await real.query(text)
    const enums = await real.query(`
      SELECT nspname AS schema, typname AS name, array_agg(enumlabel::text ORDER BY enumsortorder) AS values
      FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace JOIN pg_enum e ON enumtypid = t.oid
      GROUP BY n.nspname, t.typname ORDER BY n.nspname, t.typname`)
    expect(database.enums).toEqual(enums)
  } finally {
    await real.drop()
  }
})

/** The catalog's tables in the fold's own words: types that are not built in as `"schema"."name"`. */
const COLUMNS = `
  SELECT n.nspname || '.' || c.relname AS table,
         (SELECT coalesce(json_agg(json_build_array(attname,
            CASE WHEN bn.nspname = 'pg_catalog' THEN format_type(a.atttypid, a.atttypmod)
                 ELSE format('"%s"."%s"', bn.nspname, b.typname) || CASE WHEN t.oid <> b.oid THEN '[]' ELSE '' END END,
            a.attnotnull, a.attgenerated = 'v') ORDER BY attnum), '[]')
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            JOIN pg_type b ON b.oid = CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END
            JOIN pg_namespace bn ON bn.oid = b.typnamespace
            WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns,
         (SELECT coalesce(json_agg(attname ORDER BY position), '[]')
            FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, position)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
            WHERE i.indrelid = c.oid AND i.indisprimary) AS "primaryKey",
         c.relkind = 'p' AS partitioned
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  ORDER BY to_json(n.nspname)::text COLLATE "C", c.relname COLLATE "C"`
