import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPrismaProject, type PrismaProject } from '../../../test/support/prisma-project.ts'
import { createDatabase } from '../../../test/support/test-database.ts'
import type { ActivityAnswer, AsOfAnswer, ChartAnswer, RecordAnswer, TablesAnswer } from '../src/answers.ts'
import { createAuditViewer } from '../src/index.ts'

const schemaWith = (field: string) =>
  `generator audit {
  provider          = "prisma-generator-audit"
  output            = "../generated/audit"
  sessionSettings   = ["actor String", "reason String?", "ticket Int?"]
  facts             = ["client_addr"]
  schema            = "History 100%"
  table             = "{schema}.{model} ""log"""
  function          = "on {table} {role}"
  trigger           = "{model}-{operation}"
  settingColumn     = "by {setting}"
  captureWaiverRole = "pg_maintain"
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled, backfill: true)
model Order {
  id     Int    @id
  name   String
  audit_like String?
${field}

  @@map("order")
}
`.replaceAll('""log""', 'log')

const database = await createDatabase()
let project: PrismaProject
afterAll(async () => {
  project?.cleanup()
  await database.drop()
})

beforeAll(async () => {
  project = await createPrismaProject({ schema: schemaWith('  gone String?'), databaseUrl: database.url })
  await project.prisma(['migrate', 'dev', '--name', 'init'])
  await database.query(
    `INSERT INTO "order" VALUES (1, 'older', NULL, 'g'), (2, 'than the audit', NULL, NULL)`,
  )
  await project.prisma(['generate'])
  await project.prisma(['migrate', 'dev'])
  const as = (sql: string) =>
    database.query(
      `BEGIN; SELECT "History 100%".set_context('{"actor": "ann", "reason": "odd names"}'); ${sql}; COMMIT`,
    )
  await as(`UPDATE "order" SET name = 'newer', audit_like = 'not a setting' WHERE id = 1`)
  await as(`UPDATE "order" SET id = 3 WHERE id = 2`)
  await project.write('prisma/schema.prisma', schemaWith(''))
  // As one writes it by hand: Prisma would ask first, for there are values in the column.
  await project.write(
    'prisma/migrations/29990101000000_drop/migration.sql',
    'ALTER TABLE "order" DROP COLUMN "gone";',
  )
  await project.prisma(['migrate', 'deploy'])
  await project.prisma(['generate'])
  await project.prisma(['migrate', 'deploy'])
  await as(`INSERT INTO "order" VALUES (4, 'after', NULL)`)
  await database.query(
    `BEGIN; SELECT "History 100%".waive_capture('import'); INSERT INTO "order" VALUES (5, 'unseen', NULL); COMMIT`,
  )
}, 240_000)

const viewer = createAuditViewer({ pool: database.pool({ max: 2 }), authorize: () => true })
async function ask<Answer>(question: string, parameters: Record<string, string> = {}): Promise<Answer> {
  const query = new URLSearchParams(parameters)
  const response = await viewer(new Request(`http://viewer.test/api/${question}?${query}`))
  if (response.status !== 200) throw new Error(await response.text())
  return (await response.json()) as Answer
}

const LOG = 'History 100%.public.Order log'

test('schemas, tables, functions and columns of settings may have any name', async () => {
  const { tables, actor } = await ask<TablesAnswer>('tables')
  const log = tables.find(({ id }) => id === LOG)
  expect(log).toMatchObject({ label: 'order', key: ['id'], isWaivers: false, isRetired: false })
  expect(log?.settings.map(({ name, column }) => `${name}: ${column}`)).toEqual([
    'actor: by actor',
    'reason: by reason',
    'ticket: by ticket',
  ])
  expect(log?.columns.map(({ name, isRetired }) => `${name}${isRetired ? ' retired' : ''}`)).toEqual([
    'id',
    'name',
    'audit_like',
    'gone retired',
  ])
  expect(actor).toBe('actor')
  const from = await ask<ActivityAnswer>('activity', { 'fact.client_addr': '127.0.0.1', op: 'U' })
  expect(from.entries.map(({ facts }) => facts)).toEqual([
    { client_addr: '127.0.0.1' },
    { client_addr: '127.0.0.1' },
  ])
  const { entries } = await ask<ActivityAnswer>('activity', { 'by.actor': 'ann', 'by.reason': 'odd names' })
  expect(entries.map(({ operation, key }) => `${operation} ${key}`)).toEqual(['I 4', 'U 3', 'D 2', 'U 1'])
})

test('a baseline is the version before the first change, and nobody’s', async () => {
  const { entries } = await ask<RecordAnswer>('record', { table: LOG, key: '["1"]' })
  expect(entries.map(({ operation, settings }) => [operation, settings.actor])).toEqual([
    ['U', 'ann'],
    ['B', null],
  ])
  expect(entries[0]?.changes.find(({ column }) => column === 'name')).toMatchObject({
    before: { text: 'older' },
    after: { text: 'newer' },
    isChanged: true,
  })
  const baselines = await ask<ActivityAnswer>('activity', { op: 'B' })
  expect(baselines.entries.map(({ key }) => key[0]).sort()).toEqual(['1', '2'])
  const [oldest] = baselines.entries
  const since = await ask<ActivityAnswer>('activity', {
    op: 'B',
    from: oldest?.at ?? '',
    to: '2999-01-01T00:00:00Z',
  })
  expect(since.entries.length).toBeGreaterThan(0)
  const { series } = await ask<ChartAnswer>('chart', { table: LOG, group: 'operation' })
  expect(series.map(({ name }) => name).sort()).toEqual(['D', 'I', 'U'])
})

test('a column that was dropped is still told of older versions', async () => {
  const { entries } = await ask<RecordAnswer>('record', { table: LOG, key: '["1"]' })
  expect(entries[1]?.changes.find(({ column }) => column === 'gone')?.after?.text).toBe('g')
})

test('a table as of a moment follows a key that changed', async () => {
  const { rows } = await ask<AsOfAnswer>('as-of', { table: LOG, at: new Date().toISOString() })
  expect(rows.map(({ key, state }) => `${key} ${state}`)).toEqual(['1 known', '3 known', '4 known', '5 live'])
})

test('what was not captured because it was waived is among the activity, and says so', async () => {
  const { tables } = await ask<TablesAnswer>('tables')
  const waivers = tables.find(({ isWaivers }) => isWaivers)
  const { entries } = await ask<ActivityAnswer>('activity', { table: waivers?.id ?? '' })
  expect(entries.map(({ operation }) => operation)).toEqual(['I', 'W'])
  expect(entries[1]?.changes.find(({ column }) => column === 'reason')?.after?.text).toBe('import')
})
