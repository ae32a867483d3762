import { expect, test } from 'vitest'
import { condenseFile } from '../../src/migration/condense-file.ts'
import { foldMigrations } from '../../src/migration/fold-migrations.ts'
import { loadSqlParser } from '../../src/migration/sql-parser.ts'

const TABLES = `CREATE TABLE "User" (id int PRIMARY KEY, n int);
CREATE TABLE post (id int PRIMARY KEY, author int REFERENCES "User" (id) ON DELETE CASCADE ON UPDATE CASCADE);`

async function fold(text: string) {
  return await foldMigrations([
    { name: '1_init', path: '1_init/migration.sql', text: TABLES },
    { name: '2_data', path: '2_data/migration.sql', text },
  ])
}

async function changes(text: string): Promise<string[]> {
  const { dataChanges } = await fold(text)
  return dataChanges.map(
    ({ verb, table, place, settingsBefore }) =>
      `${verb} ${table.name} ${place.line}:${place.column} [${settingsBefore}]`,
  )
}

test('every verb that changes rows is found at its line and column', async () => {
  const text = `INSERT INTO "User" VALUES (1);
  UPDATE ONLY public."User" SET n = 1;
DELETE FROM post; MERGE INTO post USING "User" u ON false WHEN MATCHED THEN DO NOTHING;
COPY post FROM '/tmp/x'; COPY post TO '/tmp/y';
TRUNCATE TABLE post, "User";`
  expect(await changes(text)).toEqual([
    'INSERT User 1:1 []',
    'UPDATE User 2:3 []',
    'DELETE post 3:1 []',
    'MERGE post 3:19 []',
    'COPY post 4:1 []',
    'TRUNCATE post 5:1 []',
    'TRUNCATE User 5:22 []',
  ])
})

test('places are right behind characters of two, three and four bytes', async () => {
  expect(await changes(`/* é€😀 */ SELECT 'é€😀'; INSERT INTO "User" VALUES (1);`)).toEqual([
    'INSERT User 1:27 []',
  ])
})

test('a change in a WITH part is found', async () => {
  const text = 'WITH gone AS (DELETE FROM post RETURNING *)\nSELECT * FROM gone;'
  expect(await changes(text)).toEqual(['DELETE post 1:15 []'])
})

test('a foreign key that cascades changes the referencing table too', async () => {
  expect(await changes('DELETE FROM "User";')).toEqual(['DELETE User 1:1 []', 'DELETE post 1:1 []'])
  expect(await changes('UPDATE "User" SET id = 2;')).toEqual(['UPDATE User 1:1 []', 'UPDATE post 1:1 []'])
  expect(await changes('TRUNCATE "User" CASCADE;')).toEqual(['TRUNCATE User 1:1 []', 'TRUNCATE post 1:1 []'])
})

test('settings count from the statement after them to the end of their transaction', async () => {
  const insert = 'INSERT INTO post VALUES (1);'
  expect(
    await changes(`${insert} SELECT set_config('audit.Who', 'x', true); ${insert} COMMIT; ${insert}`),
  ).toEqual(['INSERT post 1:1 []', 'INSERT post 1:73 [who]', 'INSERT post 1:110 []'])
  expect(await changes(`SET audit.who = 'x'; COMMIT; ${insert}`)).toEqual(['INSERT post 1:30 [who]'])
  expect(await changes(`SET LOCAL audit.who = 'x'; ${insert} RESET audit.who; ${insert}`)).toEqual([
    'INSERT post 1:28 [who]',
    'INSERT post 1:74 []',
  ])
})

test('an empty value, or a setting that some rows only would run, is no setting', async () => {
  const insert = 'INSERT INTO post VALUES (1);'
  expect(await changes(`SELECT set_config('audit.who', '', true); ${insert}`)).toEqual([
    'INSERT post 1:43 []',
  ])
  expect(await changes(`SELECT set_config('audit.who', 'x', true) WHERE false; ${insert}`)).toEqual([
    'INSERT post 1:56 []',
  ])
})

test('audit.set_context sets everything', async () => {
  expect(await changes(`SELECT audit.set_context('{"who": "x"}');\nDELETE FROM post;`)).toEqual([
    'DELETE post 2:1 [*]',
  ])
})

test('changes inside a DO block are found at their place; its dynamic SQL is reported', async () => {
  const { dataChanges, notInterpreted } = await fold(`DO $$
BEGIN
  IF true THEN
    PERFORM set_config('audit.who', 'x', true);
    UPDATE post SET id = 1;
  END IF;
  DELETE FROM post;
  EXECUTE 'DROP TABLE post';
END $$;`)
  expect(
    dataChanges.map(({ verb, place, settingsBefore }) => [verb, place.line, place.column, settingsBefore]),
  ).toEqual([
    ['UPDATE', 5, 5, ['who']],
    ['DELETE', 7, 3, []],
  ])
  expect(notInterpreted.map(({ reason, place }) => [reason, place.line])).toEqual([
    ['a DO block that runs SQL that is put together at run time', 1],
  ])
})

test('a DO block that changes the structure is reported and not followed', async () => {
  const { tables, notInterpreted } = await fold('DO $$ BEGIN DROP TABLE post; END $$;')
  expect(tables.map(({ name }) => name)).toEqual(['User', 'post'])
  expect(notInterpreted.map(({ reason }) => reason)).toEqual([
    'a DO block that changes the structure of the database',
  ])
})

test('a function changes rows where it is called, not where it is made', async () => {
  const made = `CREATE FUNCTION clean() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM post; END $$;
CREATE FUNCTION clean2() RETURNS void LANGUAGE sql AS 'DELETE FROM post';\n`
  expect(await changes(made)).toEqual([])
  expect(await changes(`${made}SELECT clean();\nSELECT clean2();`)).toEqual([
    'DELETE post 3:8 []',
    'DELETE post 4:8 []',
  ])
})

test('temporary tables and our own audit tables are no source tables', async () => {
  const text = `CREATE TEMP TABLE post (id int); INSERT INTO post VALUES (1); DROP TABLE post;
CREATE SCHEMA audit; CREATE TABLE audit.t (a int); INSERT INTO audit.t VALUES (1);
-- prisma-generator-audit v1 from=0123456789abcdef
CREATE TABLE public.post_audit (a int); DO $$ BEGIN EXECUTE 'x'; END $$; INSERT INTO post_audit VALUES (1);`
  const { tables, dataChanges, notInterpreted } = await fold(text)
  expect(tables.map(({ name }) => name)).toEqual(['User', 'post'])
  expect([dataChanges, notInterpreted]).toEqual([[], []])
})

test('a file that does not parse is reported where PostgreSQL stops, and the others are still read', async () => {
  const { tables, notInterpreted } = await fold(`SELECT 'é';\nCREATE TABEL x ();`)
  expect(tables).toHaveLength(2)
  expect(notInterpreted).toEqual([
    {
      reason: 'the file does not parse: syntax error at or near "TABEL"',
      text: `SELECT 'é';\nCREATE TABEL x ();`,
      place: { file: '2_data/migration.sql', line: 2, column: 8, length: 1 },
      migration: '2_data',
    },
  ])
})

test('a changed search_path that outlives its file is reported', async () => {
  const { notInterpreted } = await fold(`SELECT pg_catalog.set_config('search_path', '', false);`)
  expect(notInterpreted.map(({ reason }) => reason)).toEqual(['search_path stays changed after this file'])
})

test('five megabytes of INSERTs are read in seconds', async () => {
  const rows = Array.from(
    { length: 60_000 },
    (_, id) => `INSERT INTO post VALUES (${id}, '${'x'.repeat(50)}');\n`,
  )
  const { dataChanges } = await fold(rows.join(''))
  expect(dataChanges).toHaveLength(60_000)
  expect(dataChanges.at(-1)?.place.line).toBe(60_000)
})

test('EXPLAIN changes nothing, EXPLAIN ANALYZE does; PREPARE changes nothing, EXECUTE does', async () => {
  const text = `EXPLAIN UPDATE post SET id = 1;
EXPLAIN (ANALYZE off) DELETE FROM post;
EXPLAIN ANALYZE DELETE FROM post;
EXPLAIN (COSTS, ANALYZE) INSERT INTO post VALUES (1);
PREPARE purge(int) AS DELETE FROM post WHERE id = $1;
SELECT set_config('audit.who', 'x', true);
EXECUTE purge(1);`
  expect(await changes(text)).toEqual(['DELETE post 3:17 []', 'INSERT post 4:26 []', 'DELETE post 7:1 [who]'])
})

test('EXECUTE of a statement that another session prepared is reported at its place', async () => {
  const { dataChanges, notInterpreted } = await fold('SELECT 1;\nEXECUTE purge(1);')
  expect(dataChanges).toEqual([])
  expect(notInterpreted.map(({ reason, place }) => [reason, place.line])).toEqual([
    ['EXECUTE purge, which this file does not PREPARE', 2],
  ])
})

test('one INSERT of 130,000 rows that each call a function is read, and the function counts once', async () => {
  const rows = 'clean()),('.repeat(130_000)
  expect(
    await changes(`CREATE FUNCTION clean() RETURNS int LANGUAGE sql AS 'DELETE FROM post RETURNING 1';
INSERT INTO "User" (n) VALUES (${rows}1);`),
  ).toEqual(['INSERT User 2:1 []', 'DELETE post 2:32 []'])
})

test('of the calls in a data migration only those are kept that a migration can have made', async () => {
  const text = `INSERT INTO post VALUES (now(), gen_random_uuid(), f()), (now(), pg_catalog.lower('A'), f()), (s.now(), f(), 1);`
  const { statements } = condenseFile(text, await loadSqlParser())
  expect(statements.map((each) => (each.kind === 'call' ? each.function : each.kind))).toEqual([
    'change',
    { name: 'f' },
    { schema: 's', name: 'now' },
  ])
})
