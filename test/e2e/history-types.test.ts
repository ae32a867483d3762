import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { createPrismaProject } from '../support/prisma-project.ts'

const compiler = path.join(
  path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
)

const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator js {
  provider = "prisma-client-js"
  output   = "../generated/js"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String", "age Int?", "at DateTime?", "size BigInt?", "ratio Decimal?"]
  facts           = ["application_name"]
}

datasource db {
  provider = "postgresql"
}

enum Channel {
  web
  phone @map("call centre")
}

/// @audit(enabled)
model Order {
  id       BigInt    @id
  total    Decimal
  channel  Channel
  placedAt DateTime  @map("placed_at")
  note     String?
  tags     String[]
  image    Bytes?
  details  Json?
  password String?
  /// @audit(hash)
  iban     String?
  /// @audit(exclude)
  search   String?
  lines    Line[]
  customer Customer? @relation(fields: [customerId], references: [id])
  customerId Int?
  labels     Tag[]
}

/// @audit(enabled)
model Tag {
  name   String  @id
  orders Order[]
}

/// @audit(enabled)
model Line {
  orderId BigInt
  no      Int
  order   Order  @relation(fields: [orderId], references: [id])

  @@id([orderId, no])
}

/// @audit(enabled)
model Customer {
  id     Int     @id
  orders Order[]
}

model Session {
  id Int @id
}
`

const project = await createPrismaProject({ schema, databaseUrl: 'postgresql://localhost/never', git: false })
afterAll(() => project.cleanup())
await project.prisma(['generate'])

async function problems(client: string, body: string): Promise<string> {
  await project.write(
    'checked.ts',
    `import { PrismaClient, type Prisma } from '${client}'
import { auditHistory } from './generated/audit/history.ts'
import { auditContext } from './generated/audit/index.ts'
declare const prisma: PrismaClient
const db = prisma.$extends(auditHistory())
const audited = prisma.$extends(auditContext({ username: 'ann' })).$extends(auditHistory({ reader: prisma }))
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const equal = <A, B>(_: Equal<A, B>) => undefined
void [db, audited, equal]
${body}`,
  )
  const flags = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noEmit',
    '--allowImportingTsExtensions',
    '--skipLibCheck',
  ]
  const modules = ['--module', 'nodenext', '--target', 'es2023', '--types', 'node']
  return promisify(execFile)(process.execPath, [compiler, ...flags, ...modules, 'checked.ts'], {
    cwd: project.dir,
  }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  )
}

const typed = `
const { entries, nextCursor } = await db.order.history({ where: { id: 1n, total: { gte: 5 } }, by: { username: 'ann', age: 3 } })
const entry = entries[0]!
equal<typeof nextCursor, string | null>(true)
type Live = NonNullable<Awaited<ReturnType<typeof prisma.order.findFirst>>>
equal<typeof entry.row.id, Live['id']>(true)
equal<typeof entry.row.total, Live['total']>(true)
equal<typeof entry.row.channel, Live['channel']>(true)
equal<typeof entry.row.placedAt, Live['placedAt']>(true)
equal<typeof entry.row.note, Live['note']>(true)
equal<typeof entry.row.tags, Live['tags']>(true)
equal<typeof entry.row.image, Live['image']>(true)
equal<typeof entry.row.details, Live['details']>(true)
equal<typeof entry.row.password, '[redacted]' | '[redacted, changed]' | null>(true)
equal<typeof entry.row.iban, string | null>(true)
equal<typeof entry.context.username, string | null>(true)
equal<typeof entry.context.age, number | null>(true)
equal<typeof entry.context.at, Date | null>(true)
equal<typeof entry.context.size, bigint | null>(true)
equal<typeof entry.context.ratio, string | null>(true)
equal<typeof entry.facts.application_name, string | null>(true)
for (const change of entry.changes ?? []) {
  if (change.field === 'channel') equal<typeof change.after, Live['channel'] | null>(true)
  if (change.field === 'total') equal<typeof change.before, Live['total'] | null>(true)
}
const { rows, unknown, coverageFrom } = await audited.order.asOf(new Date(), {
  where: { channel: 'phone', OR: [{ note: null }, { note: { contains: 'x' } }] },
  orderBy: { placedAt: 'desc' },
  include: { lines: true, customer: true },
})
const row = rows[0]!
equal<typeof row.lines[number]['no'], number>(true)
equal<typeof coverageFrom, Date | null>(true)
const id: number | undefined = row.customer?.id
const key: bigint = unknown[0]!.id
const plain = await db.order.asOf({ auditId: 5n })
// @ts-expect-error nothing was included
plain.rows[0]!.lines
const differences = await db.line.diff({ snapshot: '1:1:' }, new Date(), { where: { orderId: 1n } })
equal<typeof differences[number]['key'], { readonly orderId: bigint; readonly no: number }>(true)
const blame = await db.line.blame({ where: { orderId: 1n, no: 1 } })
equal<NonNullable<typeof blame.no>['context']['username'], string | null>(true)
const aggregate = await db.order.historyWith({ where: { id: 1n }, include: { lines: true } })
for (const each of aggregate.entries) {
  if (each.model === 'Line') equal<typeof each.row.no, number>(true)
  else equal<typeof each.row.channel, Live['channel']>(true)
}
const tagged = (await db.order.asOf(new Date(), { include: { labels: true } })).rows[0]!
equal<typeof tagged.labels[number]['name'], string>(true)
const connections = await db.order.historyWith({ where: { id: 1n }, include: { labels: true } })
for (const each of connections.entries) {
  if (each.model === '_OrderToTag') equal<typeof each.row.tag_name, string>(true)
}
const across = await db.$history({ transaction: entry.transaction, by: { username: 'ann' } })
for (const each of across.entries) {
  if (each.model === 'Customer') equal<typeof each.row.id, number>(true)
  if (each.model === 'Order') equal<typeof each.row.id, bigint>(true)
}
const some = await db.$history({ models: ['Line'] })
equal<typeof some.entries[number]['model'], 'Line'>(true)
const plan = await db.order.planRevert({ where: { id: 1n }, to: new Date(), seen: entry.auditId })
equal<typeof plan.steps[number]['action'], 'insert' | 'update' | 'delete'>(true)
const done = await db.$revert(plan)
const whole = await db.$planRevert({ transaction: done })
for (const step of whole.steps) if (step.model === 'Line') equal<NonNullable<typeof step.after>['no'], number>(true)
await db.$revert(whole, { timeout: 1000 })
for await (const each of db.customer.historyStream({ order: 'asc' })) equal<typeof each.row.id, number>(true)
await audited.$transaction(async (tx) => {
  await tx.order.history({ take: 1 })
  await tx.order.findMany()
})
const found = await db.order.findFirst({ select: { id: true, lines: { select: { no: true } } } })
equal<typeof found, { id: bigint; lines: { no: number }[] } | null>(true)
void [id, key]
`

const wrong = {
  'an unknown field in where': `db.order.history({ where: { totl: 5 } })`,
  'a value of another type': `db.order.history({ where: { id: 'x' } })`,
  'an excluded field': `db.order.history({ where: { search: 'x' } })`,
  'a redacted field': `db.order.history({ where: { password: 'x' } })`,
  'an enum value that is not one': `db.order.asOf(new Date(), { where: { channel: 'call centre' } })`,
  'an unknown setting': `db.order.history({ by: { user: 'ann' } })`,
  'a setting of another type': `db.$history({ by: { age: 'old' } })`,
  'an unknown relation': `db.order.asOf(new Date(), { include: { payments: true } })`,
  'a model without an audit': `db.session.history()`,
  'an operation that is not one': `db.order.history({ operations: ['X'] })`,
  'blame by something else than the key': `db.line.blame({ where: { orderId: 1n } })`,
  'a difference by another field': `db.order.diff(new Date(), new Date(), { where: { note: 'x' } })`,
  'a revert without the version that was seen': `db.order.planRevert({ where: { id: 1n }, to: new Date() })`,
  'a transaction by its id alone': `db.$planRevert({ transaction: { id: 1n } })`,
  'the value of an excluded field': `(await db.order.history()).entries[0]!.row.search`,
  'a moment that is none': `db.order.asOf('yesterday')`,
} as const

describe.each(['./generated/client/client.ts', './generated/js/index.js'])('with the client %s', (client) => {
  test('results have the types of the model, of the settings and of the relations', async () => {
    expect(await problems(client, typed)).toBe('')
  })

  test('what is wrong does not compile', async () => {
    const body = Object.entries(wrong)
      .map(([name, text]) => `// @ts-expect-error ${name}\n;${text}`)
      .join('\n')
    expect(await problems(client, body)).toBe('')
  })
})
