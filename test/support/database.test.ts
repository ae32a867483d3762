import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { dropAbandonedDatabases, holdPrefix } from './abandoned-databases.ts'
import { administer, createDatabaseOn, createTemplateOn } from './database.ts'
import { createDatabase, createTemplate, useTestDatabase } from './test-database.ts'

const names = (url: string) =>
  administer(url, async (admin) => {
    const { rows } = await admin.query<{ datname: string }>('SELECT datname FROM pg_database')
    return rows.map((row) => row.datname)
  })

test('a template is prepared once, however many ask for it at the same time', async () => {
  let prepared = 0
  const prepare = async (url: string) => {
    prepared += 1
    await administer(url, (client) => client.query('CREATE TABLE made AS SELECT 1 AS once'))
  }
  const templates = await Promise.all([1, 2, 3, 4].map(() => createTemplate('asked four times', prepare)))
  expect(prepared).toBe(1)
  expect(new Set(templates.map((each) => each.databaseName)).size).toBe(1)
  const database = await useTestDatabase(templates[0])
  expect(await database.query('SELECT once FROM made')).toEqual([{ once: 1 }])
})

test('a template whose preparation failed is prepared anew by the next who asks', async () => {
  const failing = createTemplate('fails first', async (url) => {
    await administer(url, (client) => client.query('CREATE TABLE half (id int); SELECT 1 / 0'))
  })
  await expect(failing).rejects.toThrow('division by zero')
  const template = await createTemplate('fails first', async (url) => {
    await administer(url, (client) => client.query('CREATE TABLE half (id int)'))
  })
  const database = await useTestDatabase(template)
  expect(await database.query('SELECT count(*)::int AS n FROM half')).toEqual([{ n: 0 }])
})

test('databases copied from one template do not see each other', async () => {
  const template = createTemplate('shared', async (url) => {
    await administer(url, (client) => client.query('CREATE TABLE t (id int)'))
  })
  const [one, two] = await Promise.all([useTestDatabase(template), useTestDatabase(template)])
  await one.query('INSERT INTO t VALUES (1)')
  expect(await two.query('SELECT * FROM t')).toEqual([])
})

test('drop removes the database although somebody is still connected', async () => {
  const database = await createDatabase()
  const other = new pg.Client({ connectionString: database.url })
  other.on('error', () => {})
  await other.connect()
  await database.drop()
  expect(await names(inject('database').url)).not.toContain(database.name)
})

test('two runs that ask for a template of one name on one server get a template each', async () => {
  const { url, prefix } = inject('database')
  const prepare = async () => {}
  const hosts = ['a', 'b'].map((run) => ({ url, prefix: `${prefix}_run_${run}` }))
  const templates = await Promise.all(hosts.map((host) => createTemplateOn(host, 'same name', prepare)))
  expect(new Set(templates.map((each) => each.databaseName)).size).toBe(2)
  const databases = await Promise.all(hosts.map((host, index) => createDatabaseOn(host, templates[index])))
  expect(new Set(databases.map((each) => each.name)).size).toBe(2)
  await Promise.all(databases.map((each) => each.drop()))
})

test('databases of a run that was killed are dropped by the next, those of a running one are not', async () => {
  const { url, prefix } = inject('database')
  const family = `${prefix}_family`
  const [killed, running] = await Promise.all(
    ['00000001', '00000002'].map((run) => createDatabaseOn({ url, prefix: `${family}_${run}` })),
  )
  const release = await holdPrefix(url, `${family}_00000002`)
  await dropAbandonedDatabases(url, family)
  const left = await names(url)
  expect([left.includes(killed?.name ?? ''), left.includes(running?.name ?? '')]).toEqual([false, true])
  await release()
  await running?.drop()
})
