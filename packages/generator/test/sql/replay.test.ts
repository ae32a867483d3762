import { afterAll, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { createSource, install, table } from './fixture.ts'

const order = table('Order')
const migrations = `${createSource(order)} ${install(order)}; INSERT INTO public."Order" VALUES (1, 'by a migration')`

async function useFresh(): Promise<TestDatabase> {
  const database = await createDatabase()
  afterAll(() => database.drop())
  return database
}

/** What Prisma does to a shadow database before each replay, and to a database that is reset. */
async function empty({ query }: TestDatabase) {
  await query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
}

async function auditSchemas({ query }: TestDatabase) {
  const rows = await query(`SELECT nspname FROM pg_namespace WHERE nspname ~ '^audit' ORDER BY 1`)
  return rows.map(({ nspname }) => nspname)
}

const stale = expect.stringMatching(/^audit_stale_\d{8}T\d{12}$/)
const prismas = 'CREATE TABLE public."_prisma_migrations" (id text)'

it('a shadow database whose migrations change audited data keeps one replay, however often it is used', async () => {
  const shadow = await useFresh()
  for (let replay = 0; replay < 4; replay += 1) {
    await empty(shadow)
    await shadow.query(migrations)
  }
  expect(await auditSchemas(shadow)).toEqual(['audit', 'audit_stale_replay'])
})

it('a database that Prisma applies migrations to keeps the history of every reset', async () => {
  const database = await useFresh()
  for (let reset = 0; reset < 3; reset += 1) {
    await empty(database)
    await database.query(prismas)
    await database.query(migrations)
  }
  expect(await auditSchemas(database)).toEqual(['audit', stale, stale])
})

it('history that was written long after a replay is no replay: every one is kept', async () => {
  const database = await useFresh()
  for (let time = 0; time < 3; time += 1) {
    await empty(database)
    await database.query(migrations)
    const [row] = await database.query(
      `SELECT obj_description('audit'::regnamespace) AS mark, extract(epoch FROM now() - interval '11 minutes') AS past`,
    )
    const mark = String(row?.mark).replace(/[0-9.]+$/, String(row?.past))
    await database.query(`COMMENT ON SCHEMA audit IS '${mark}'`)
  }
  expect(await auditSchemas(database)).toEqual(['audit', stale, stale])
})

it('a history that was adopted live is a real one from then on', async () => {
  const database = await useFresh()
  await database.query(migrations)
  await database.query(install(order))
  await empty(database)
  await database.query(migrations)
  await empty(database)
  await database.query(migrations)
  expect(await auditSchemas(database)).toEqual(expect.arrayContaining(['audit', 'audit_stale_replay', stale]))
})

it('a database whose history was written by a replay and then becomes a real one keeps it', async () => {
  const database = await useFresh()
  await database.query(migrations)
  await empty(database)
  await database.query(prismas)
  await database.query(migrations)
  expect(await auditSchemas(database)).toEqual(['audit', stale])
})

it("somebody else's schema called audit_stale_replay stays", async () => {
  const shadow = await useFresh()
  await shadow.query('CREATE SCHEMA audit_stale_replay; CREATE TABLE audit_stale_replay.theirs ()')
  for (let replay = 0; replay < 2; replay += 1) {
    await empty(shadow)
    await shadow.query(migrations)
  }
  expect(await shadow.query(`SELECT to_regclass('audit_stale_replay.theirs')::text AS kept`)).toEqual([
    { kept: 'audit_stale_replay.theirs' },
  ])
  expect(await auditSchemas(shadow)).toHaveLength(3)
})
