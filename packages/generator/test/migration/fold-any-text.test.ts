import fc from 'fast-check'
import { test } from 'vitest'
import { foldMigrations } from '../../src/migration/fold-migrations.ts'

const words = fc.constantFrom(
  ...`CREATE|TABLE|ALTER|DROP|TYPE|"T"|t|"é😀"|(|)|;|,|int|serial|PRIMARY KEY|REFERENCES|ADD COLUMN|RENAME|TO|
|DO $$|BEGIN|END $$|INSERT INTO|VALUES (1)|UPDATE|SET|x = 1|DELETE FROM|WITH q AS (|SELECT|set_config('audit.x','y',true)|'|"|--|
/*|*/|NULL|\0|é|😀|CASCADE|INHERITS (t)|PARTITION OF t DEFAULT|search_path|audit.set_context('{}')`.split(
    '|',
  ),
)

const statements = fc.constantFrom(
  'CREATE TABLE t (id serial PRIMARY KEY, "é" t);',
  'CREATE TABLE u (LIKE t INCLUDING ALL) INHERITS (t);',
  'ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME id TO "constructor";',
  'ALTER TABLE u INHERIT t; ALTER TABLE t INHERIT u; ALTER TABLE t ADD COLUMN z int;',
  'DROP TABLE t CASCADE;',
  "CREATE TYPE e AS ENUM (); ALTER TYPE e ADD VALUE 'é'; DROP TYPE e CASCADE;",
  '/* é😀 */ DELETE FROM "é"; UPDATE t SET id = 1;',
  'ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES t ON DELETE CASCADE; DELETE FROM t;',
  "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT f(); DELETE FROM t'; SELECT f();",
  'BEGIN; SAVEPOINT s; ALTER TABLE t ADD COLUMN w int; ROLLBACK TO s; ROLLBACK TO s; RELEASE s;',
  'ROLLBACK; SAVEPOINT s; COMMIT;',
  'CREATE TABLE u AS SELECT * FROM t; CREATE TEMP TABLE t AS SELECT 1; DROP TABLE t;',
  'CREATE SCHEMA s CREATE TABLE t (LIKE u); ALTER SCHEMA s RENAME TO public; DROP SCHEMA public CASCADE;',
  'CREATE INDEX k ON t (id); ALTER TABLE k RENAME TO t; ALTER TABLE t SET SCHEMA s;',
  'PREPARE p AS DELETE FROM t; EXECUTE p; EXPLAIN ANALYZE EXECUTE p;',
  "ALTER FUNCTION f() RENAME TO g; SET search_path = '$user', s; CALL g(); RESET ALL;",
)

async function foldAndCheckPlaces(texts: readonly string[]) {
  const files = texts.map((text, index) => ({ name: `${index}`, path: `${index}/migration.sql`, text }))
  const { tables, dataChanges, notInterpreted } = await foldMigrations(files)
  for (const { place } of [...tables, ...dataChanges, ...notInterpreted]) {
    const text = texts[Number.parseInt(place.file, 10)]?.replace(/^\uFEFF/, '')
    const line = text?.split('\n')[place.line - 1]
    if (line === undefined) throw new Error(`no line ${place.line} in ${JSON.stringify(text)}`)
    const end = place.column - 1 + place.length
    if (place.column < 1 || place.length < 1 || end > Math.max(line.length, place.column)) {
      throw new Error(`${JSON.stringify(place)} is not in ${JSON.stringify(line)}`)
    }
  }
}

test('folding never throws, and places lie in the file: random characters', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 200 })
  await fc.assert(fc.asyncProperty(fc.array(text, { maxLength: 3 }), foldAndCheckPlaces), { numRuns: 300 })
})

test('folding never throws, and places lie in the file: random SQL words', async () => {
  const text = fc.array(words, { maxLength: 30 }).map((parts) => parts.join(' '))
  await fc.assert(fc.asyncProperty(fc.array(text, { maxLength: 3 }), foldAndCheckPlaces), { numRuns: 500 })
})

test('folding never throws, and places lie in the file: random sequences of statements', async () => {
  const text = fc.array(statements, { maxLength: 12 }).map((parts) => parts.join('\r\n'))
  await fc.assert(fc.asyncProperty(fc.array(text, { maxLength: 3 }), foldAndCheckPlaces), { numRuns: 500 })
})
