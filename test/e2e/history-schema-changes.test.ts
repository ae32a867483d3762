import { beforeAll, expect, test } from 'vitest'
import { comparable, type HistoryClient, importHistory, type Row, textOf } from './history/shop-history.ts'
import { importAudit, install, openClient, useProject } from './main-path/audited-project.ts'

/** A process keeps a module that it has loaded: the client of either schema has a folder of its own. */
const schema = (folder: string, document: string) => `generator client {
  provider = "prisma-client"
  output   = "../generated/${folder}"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String", "reason String?"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Document {
  id Int @id
${document}
}
`

const before = schema(
  'before',
  `  title String
  note  String?
  size  Int
  code  String
  gone  String[]
  late  Boolean @default(true)
  extra__2 String?
  /// @audit(whenChanged)
  body  String  @default("long")`,
)

const after = schema(
  'after',
  `  title  String
  remark String? @map("remark")
  size   BigInt
  code   Int
  late   Boolean @default(true)
  extra  String? @default("new")
  tags   String[]
  body   String  @default("long")`,
)

const change = `ALTER TABLE "Document" RENAME COLUMN "note" TO "remark";
ALTER TABLE "Document" DROP COLUMN "gone", DROP COLUMN "extra__2", ADD COLUMN "extra" TEXT DEFAULT 'new', ADD COLUMN "tags" TEXT[];
ALTER TABLE "Document" ALTER COLUMN "size" TYPE BIGINT, ALTER COLUMN "code" TYPE INTEGER USING length("code");
`

const project = await useProject({ schema: before })
let db: HistoryClient<'document'>
let snapshot: string
let copy: readonly Row[]

async function open(folder: string): Promise<HistoryClient<'document'>> {
  const { auditContext } = await importAudit(project)
  const { auditHistory } = await importHistory(project)
  const client = await openClient<'document'>(project, { path: `generated/${folder}/client.ts` })
  return client
    .$extends(auditContext({ username: 'ann' }))
    .$extends(auditHistory()) as unknown as HistoryClient<'document'>
}

beforeAll(async () => {
  await install(project)
  const old = await open('before')
  await old.document.create({
    data: { id: 1, title: 'one', note: 'first', size: 5, code: 'abc', gone: ['x'], extra__2: 'another' },
  })
  await old.document.create({ data: { id: 2, title: 'two', size: 6, code: 'd', gone: [] } })
  await old.document.update({ where: { id: 1 }, data: { note: 'second', size: 7 } })
  await old.document.delete({ where: { id: 2 } })
  await old.document.create({ data: { id: 3, title: 'three', size: 8, code: 'ef', gone: ['y', 'z'] } })
  const [row] = await old.$queryRaw<{ snapshot: string }[]>`SELECT pg_current_snapshot()::text AS snapshot`
  snapshot = row?.snapshot ?? ''
  copy = await old.document.findMany()
  await old.$disconnect()
  await project.project.write('prisma/schema.prisma', after)
  await project.project.write('prisma/migrations/29990101000000_change/migration.sql', change)
  await project.project.prisma(['generate'])
  await project.project.prisma(['migrate', 'deploy'])
  db = await open('after')
  await db.document.update({ where: { id: 1 }, data: { title: 'uno' } })
}, 120_000)

const of = async (id: number) => (await db.document.history({ where: { id } })).entries

test('rows from before a column was renamed, dropped or retyped still read, typed as what they were', async () => {
  const [now, second, first] = await of(1)
  expect(first).toMatchObject({
    row: { id: 1, title: 'one', remark: 'first', size: 5n, code: null, late: true, extra: null, tags: null },
    other: { gone: ['x'], code__2: 'abc', extra__2: 'another' },
  })
  expect(second?.changes).toEqual([
    { field: 'remark', before: 'first', after: 'second' },
    { field: 'size', before: 5n, after: 7n },
  ])
  expect(now?.row).toMatchObject({
    title: 'uno',
    remark: 'second',
    size: 7n,
    code: 3,
    extra: 'new',
    tags: null,
  })
  // What the migration changed no write changed; what it gave to older rows shows with the first write after it.
  expect(now?.changes?.map(({ field }) => field).sort()).toEqual([
    'code',
    'extra',
    'extra__2',
    'gone',
    'title',
  ])
})

test('what an older row did not hold because it had not changed is still read, after it is recorded each time again', async () => {
  const rows = await project.database.query(
    'SELECT body FROM audit."Document_audit" WHERE id = 1 ORDER BY audit_id',
  )
  expect(rows[1]).toEqual({ body: null })
  const entries = await of(1)
  expect(entries.map(({ row }) => row.body)).toEqual(entries.map(() => 'long'))
  expect(
    entries.flatMap(({ operation, changes }) => (operation === 'U' ? (changes ?? []) : [])),
  ).not.toContainEqual(expect.objectContaining({ field: 'body' }))
})

test('conditions find rows by what they were, also where the type has changed since', async () => {
  const found = await db.document.history({ where: { size: { in: [5n, 8n] } }, order: 'asc' })
  expect(found.entries.map(({ row }) => row.size)).toEqual([5n, 8n])
  const { rows } = await db.document.asOf({ snapshot }, { where: { size: { gte: 8n } } })
  expect(rows.map(({ id }) => id)).toEqual([3])
})

test('as of a snapshot from before the change, the rows are those of a copy that was taken then', async () => {
  const { historyModels } = await importHistory(project)
  const model = historyModels.Document
  if (model === undefined) throw new Error('no history')
  const { rows } = await db.document.asOf({ snapshot })
  const shared = (row: Row) => ({
    id: row.id,
    title: row.title,
    size: BigInt(row.size as number),
    late: row.late,
  })
  expect(rows.map(shared)).toEqual(copy.map(shared))
  expect(rows.map((row) => row.remark)).toEqual(copy.map((row) => row.note))
  expect(textOf(comparable(model, rows))).toContain('"extra":null')
})

test('a revert to a version from before leaves alone what that version does not know', async () => {
  const [newest, , first] = await of(1)
  await db.document.update({ where: { id: 1 }, data: { extra: 'kept', tags: ['kept'] } })
  const [seen] = await of(1)
  expect(newest?.auditId).not.toBe(seen?.auditId)
  const plan = await db.document.planRevert({
    where: { id: 1 },
    to: { auditId: first?.auditId },
    seen: seen?.auditId,
  })
  expect(plan.steps[0]?.skipped.toSorted()).toEqual(['code', 'extra', 'tags'])
  await db.$revert(plan)
  expect(await db.document.findMany({ where: { id: 1 } })).toEqual([
    {
      id: 1,
      title: 'one',
      remark: 'first',
      size: 5n,
      code: 3,
      late: true,
      extra: 'kept',
      tags: ['kept'],
      body: 'long',
    },
  ])
})

test('a row that was deleted before the change is restored, where its required columns are known', async () => {
  const [gone, made] = await of(2)
  expect(gone?.operation).toBe('D')
  const plan = await db.document.planRevert({
    where: { id: 2 },
    to: { auditId: made?.auditId },
    seen: gone?.auditId,
  })
  expect(plan.steps).toMatchObject([{ action: 'insert', key: { id: 2 } }])
  await expect(db.$revert(plan)).rejects.toMatchObject({
    code: 'CONFLICT',
    conflicts: [{ model: 'Document', key: { id: 2 }, kind: 'not recorded' }],
  })
  await project.database.query('ALTER TABLE "Document" ALTER COLUMN "code" SET DEFAULT 9')
  await db.$revert(plan)
  expect(await db.document.findMany({ where: { id: 2 } })).toMatchObject([
    { title: 'two', size: 6n, code: 9, extra: 'new' },
  ])
})
