import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareFold, copyTables } from '../support/large-project/fold.ts'
import { writeAll } from '../support/large-project/write-all.ts'
import { fullSize, inventLargeProject } from '../support/large-project.ts'
import { createPrismaProject, type PrismaProject } from '../support/prisma-project.ts'
import { createDatabase, type TestDatabase } from '../support/test-database.ts'

const seed = 20_240_229
const large = inventLargeProject(seed, fullSize)
const { tables, enums } = large.database

let database: TestDatabase
let project: PrismaProject
let client: pg.Client

beforeAll(async () => {
  database = await createDatabase()
  project = await createPrismaProject({ ...large, databaseUrl: database.url })
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await project.prisma(['generate', '--generator', 'audit'])
  await project.prisma(['migrate', 'deploy'])
}, 300_000)

afterAll(async () => {
  await client.end()
  project.cleanup()
  await database.drop()
})

const count = (pattern: RegExp) => Object.values(large.migrations).filter((sql) => pattern.test(sql)).length

test('the invented project holds what large applications hold', () => {
  const again = inventLargeProject(seed, fullSize)
  expect([again.schema, again.migrations]).toEqual([large.schema, large.migrations])
  expect(tables).toHaveLength(300)
  expect(enums).toHaveLength(120)
  expect(Object.keys(large.migrations)).toHaveLength(700)
  expect(count(/^(INSERT|UPDATE|DELETE|WITH)\b/m)).toBeGreaterThanOrEqual(700 / 6)
  expect(count(/^DO \$/m)).toBeGreaterThanOrEqual(20)
  expect(count(/^CREATE INDEX CONCURRENTLY[^;]*;\s*$/)).toBeGreaterThanOrEqual(60)
  expect(tables.filter(({ primaryKey }) => primaryKey.length === 0)).toHaveLength(10)
  const names = tables.map(({ name }) => name)
  expect(names.length - new Set(names).size).toBeGreaterThanOrEqual(8)
  expect(names.filter((name) => Buffer.byteLength(name) === 63)).toHaveLength(4)
  expect(names).toEqual(expect.arrayContaining(['user', 'order', 'select', 'says "hi"', 'größe', '$1']))
  expect(tables.some(({ columns }) => columns.some(({ list }) => list))).toBe(true)
  expect(Object.keys(large.schema).length).toBeGreaterThan(10)
})

test('every model of a large project is audited after one generate and one deploy', async () => {
  const { rows } = await client.query<{ n: number }>(
    `SELECT count(DISTINCT tgrelid)::int AS n FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
     WHERE pronamespace = 'audit'::regnamespace AND tgrelid IN (
       SELECT oid FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'billing'::regnamespace))`,
  )
  const { rows: joins } = await client.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_class WHERE relkind = 'r' AND relname LIKE '\\_%' AND relname <> '_prisma_migrations'
       AND relnamespace IN ('public'::regnamespace, 'billing'::regnamespace)`,
  )
  expect(joins[0]?.n).toBeGreaterThan(0)
  expect(rows[0]?.n).toBe(tables.length + (joins[0]?.n ?? 0))
})

test('Prisma sees no drift in an audited large project', async () => {
  const from = ['--from-config-datasource', '--to-schema', project.schemaPath]
  const { stdout } = await project.prisma(['migrate', 'diff', ...from, '--exit-code'])
  expect(stdout).toContain('No difference detected')
})

test('a second generate writes nothing', async () => {
  const before = await project.migrationFiles()
  await project.prisma(['generate', '--generator', 'audit'])
  expect(await project.migrationFiles()).toEqual(before)
})

test('after random writes on every table, folding the history gives exactly the live tables', async () => {
  await copyTables(client, tables)
  const { statements, refused } = await writeAll(client, large.database, seed)
  expect(statements).toBeGreaterThan(tables.length * 7)
  expect(refused).toBeLessThan(statements / 5)
  for (const [index, table] of tables.entries()) {
    const { differences, auditRows, writers } = await compareFold(client, table, index)
    expect({ table: table.name, differences }).toEqual({ table: table.name, differences: [] })
    expect(auditRows).toBeGreaterThan(12)
    // Rows of other writers come from keys and deletes that cascade; those rolled back left none.
    expect(writers).toContain(`writer of ${table.model}`)
    expect(writers).not.toContain('nobody')
  }
})
