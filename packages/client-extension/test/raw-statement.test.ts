import { describe, expect, test } from 'vitest'
import { rawForm } from '../src/raw-statement.ts'

describe('is sent as it is', () => {
  test.each([
    'vacuum',
    'VACUUM (FULL) "Order"',
    'cluster verbose',
    'REINDEX DATABASE CONCURRENTLY shop',
    'ALTER SYSTEM SET work_mem = 1',
    'alter database shop set tablespace fast',
    'CREATE UNIQUE  INDEX\nCONCURRENTLY i ON t (c)',
    'ALTER TABLE t DETACH PARTITION p CONCURRENTLY',
    "COMMIT PREPARED 'x'",
    'DISCARD ALL;',
    'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
    'LOCK TABLE t',
    '-- why\n/* /* deep */ */ VACUUM',
  ])('%j', (text) => {
    expect(rawForm([text])).toBe('unwrapped')
    expect(rawForm({ sql: text, values: [] })).toBe('unwrapped')
  })
})

describe('gets the context', () => {
  test.each([
    'INSERT INTO t VALUES (1)',
    'SELECT 1',
    'WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x',
    'CALL p()',
    'DO $$ BEGIN DELETE FROM t; END $$',
    'MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE',
    'CREATE INDEX i ON t (c)',
    'CREATE TABLE vacuum ()',
    'TRUNCATE t',
    'SET LOCAL x.y = 1; DELETE FROM t',
    'VACUUM t;\nDELETE FROM t',
    '/* VACUUM */ DELETE FROM t',
    '-- VACUUM\nDELETE FROM t',
    '/* never closed',
    '-- only a comment',
    'vacuumed',
    '',
  ])('%j', (text) => {
    expect(rawForm([text])).not.toBe('unwrapped')
    expect(rawForm({ sql: text, values: [] })).not.toBe('unwrapped')
  })

  test.each([undefined, null, [], [5], {}, 'VACUUM'])('arguments of an unknown form: %j', (args) => {
    expect(rawForm(args)).toBe('one')
  })
})

test('a long run of comments is read in linear time', () => {
  const text = `${'/*'.repeat(50_000)}${'*/'.repeat(50_000)}${'--\n'.repeat(50_000)}VACUUM`
  const started = performance.now()
  expect(rawForm([text])).toBe('unwrapped')
  expect(performance.now() - started).toBeLessThan(1000)
})

test.each([
  ['one', 'DELETE FROM t;'],
  ['one', ' \n-- why\nDELETE FROM t'],
  ['one', "\nINSERT INTO t VALUES ('a;b')"],
  ['one', `UPDATE t SET "a;b" = 'it''s; so' -- and; this`],
  ['one', 'DO $$ BEGIN DELETE FROM t; DELETE FROM u; END $$'],
  ['one', 'DO $do$ BEGIN EXECUTE $$ DELETE FROM t; $$; END $do$;'],
  ['several', 'SET LOCAL x.y = 1; DELETE FROM t'],
  ['several', "DELETE FROM t WHERE a = 'a;b'; DELETE FROM u"],
  ['several', 'DO $$ BEGIN NULL; END $$; DELETE FROM t'],
  // What is not surely one is taken for several.
  ['several', '/* a; b */ DELETE FROM t'],
  ['several', "SELECT E'it\\'s; so'"],
  ['several', "SELECT 'a\\'; DELETE FROM t --'"],
  ['several', 'SELECT a$t$; DELETE FROM b$t$'],
  ['several', 'SELECT ä$t$; DELETE FROM ä$t$'],
  ['several', "SELECT 'never closed; DELETE FROM t"],
  ['several', 'SELECT $$ never closed; DELETE FROM t'],
  ['several', `SELECT '${'a'.repeat(10_000)}; b'`],
] as const)('is taken for %s: %j', (form, text) => {
  expect(rawForm([text])).toBe(form)
  expect(rawForm({ sql: text, values: [] })).toBe(form)
})

test('with values it is one statement, whatever stands in it: PostgreSQL takes no other', () => {
  expect(rawForm(["SELECT $1, E'\\'; b'", 1])).toBe('one')
  expect(rawForm({ sql: 'SELECT $1; SELECT 2', values: [1] })).toBe('one')
  expect(rawForm(['VACUUM', 1])).toBe('unwrapped')
})
