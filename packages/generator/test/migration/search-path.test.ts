import { expect, test } from 'vitest'
import { foldMigrations } from '../../src/migration/fold-migrations.ts'
import type { FoldOptions } from '../../src/migration/migration-file.ts'

/** The tables that these migrations make, with their schemas. */
async function tablesOf(texts: readonly string[], options?: FoldOptions): Promise<readonly string[]> {
  const files = texts.map((text, index) => ({ name: `${index}`, path: `${index}/migration.sql`, text }))
  const { tables } = await foldMigrations(files, options)
  return tables.map(({ schema, name }) => `${schema}.${name}`)
}

test('a new table goes into the first schema of search_path that is there', async () => {
  const create = 'CREATE TABLE "Extra" (id int);'
  expect(await tablesOf([`SET search_path = "$user", public; ${create}`])).toEqual(['public.Extra'])
  expect(await tablesOf([`SET search_path = nowhere, public; ${create}`])).toEqual(['public.Extra'])
  expect(await tablesOf([`CREATE SCHEMA s; SET search_path = s, public; ${create}`])).toEqual(['s.Extra'])
  expect(
    await tablesOf([
      `CREATE SCHEMA s; ALTER SCHEMA s RENAME TO r; SET search_path = s, r, public; ${create}`,
    ]),
  ).toEqual(['r.Extra'])
})

test('a schema that the datasource or a file names, and that no file creates, is there from the beginning', async () => {
  const create = 'SET search_path = app, public; CREATE TABLE "Extra" (id int);'
  expect(await tablesOf([create], { schemas: ['app'] })).toEqual(['app.Extra'])
  expect(await tablesOf([create], { defaultSchema: 'app' })).toEqual(['app.Extra'])
  expect(await tablesOf([create, 'CREATE TABLE app.other (id int);'])).toEqual(['app.Extra', 'app.other'])
  expect(await tablesOf([create, 'CREATE SCHEMA app;'], { schemas: ['app'] })).toEqual(['public.Extra'])
})

test('a schema that nothing but search_path names has to be there, if it is the only one', async () => {
  expect(await tablesOf(['SET search_path = "$user", app; CREATE TABLE t (id int);'])).toEqual(['app.t'])
})

test('RESET ALL and DISCARD ALL set search_path back', async () => {
  for (const reset of ['RESET ALL', 'DISCARD ALL']) {
    const text = `CREATE SCHEMA s; SET search_path = s; ${reset}; CREATE TABLE t (id int);`
    expect(await tablesOf([text])).toEqual(['public.t'])
  }
})

test('CREATE SCHEMA AUTHORIZATION names the schema after the role; a role that only the run knows is reported', async () => {
  expect(await tablesOf(['CREATE SCHEMA AUTHORIZATION joe CREATE TABLE t (id int);'])).toEqual(['joe.t'])
  const text = 'CREATE SCHEMA AUTHORIZATION CURRENT_USER CREATE TABLE t (id int);'
  const { tables, notInterpreted } = await foldMigrations([{ name: '1', path: '1/migration.sql', text }])
  expect(tables).toEqual([])
  expect(notInterpreted.map(({ reason, place }) => [reason, place.column])).toEqual([
    ['CREATE SCHEMA takes its name from the role that runs it', 1],
  ])
})
