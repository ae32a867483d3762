import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPrismaProject, type PrismaProject } from '../support/prisma-project.ts'
import { useTestDatabase } from '../support/test-database.ts'

const prisma = (path: string) => fileURLToPath(new URL(`../../prisma/${path}`, import.meta.url))
const migrations = Object.fromEntries(
  readdirSync(prisma('migrations'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => [name, readFileSync(prisma(`migrations/${name}/migration.sql`), 'utf8')]),
)
const database = await useTestDatabase()
let project: PrismaProject

beforeAll(async () => {
  const schema = readFileSync(prisma('schema.prisma'), 'utf8')
  project = await createPrismaProject({ schema, migrations, databaseUrl: database.url })
  await project.prisma(['migrate', 'deploy'])
})

afterAll(() => project.cleanup())

test('the committed migrations hold all that the reference schema asks for: generate writes nothing', async () => {
  const before = await project.migrationFiles()
  await project.prisma(['generate'])
  expect(await project.migrationFiles()).toEqual(before)
})

test('the committed migrations are what Prisma itself would write: it finds no difference', async () => {
  const from = ['--from-config-datasource', '--to-schema', project.schemaPath, '--exit-code']
  const { stdout } = await project.prisma(['migrate', 'diff', ...from])
  expect(stdout).toContain('No difference detected')
})

test('a model without @audit, and one with @audit(disabled), gets nothing', async () => {
  const rows = await database.query<{ table_name: string }>(
    `SELECT table_name FROM information_schema.columns
     WHERE table_schema = 'audit' AND column_name = 'audit_operation' ORDER BY table_name COLLATE "C"`,
  )
  expect(rows.map(({ table_name }) => table_name)).toEqual([
    'Category_audit',
    'Parcel_audit',
    'Payment_audit',
    'Product Catalogue_audit',
    'Review_audit',
    'StockMovement_audit',
    '_CategoryToProduct_audit',
    'customer_addresses_audit',
    'customers_audit',
    'exchange_rates_audit',
    'order_audit',
    'order_lines_audit',
  ])
})
