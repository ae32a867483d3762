/**
 * What the blocks of a reference page take for granted: the clients of an application, a request, a user. A block that needs more has to say it.
 * It is a module of the documents' project, so that it is checked and run as they are.
 */
export const surroundings = `
import { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { auditHistory } from './generated/audit/history.ts'
import { type AuditContext, auditContext } from './generated/audit/index.ts'
import { PrismaClient } from './generated/client/client.ts'

const connectionString = process.env.DATABASE_URL ?? ''
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }) })
const reader = new PrismaClient({ adapter: new PrismaPg({ connectionString }) })
const db = prisma.$extends(auditContext({ username: 'ann' })).$extends(auditHistory({ reader }))
const pool = new pg.Pool({ connectionString })
const pgClient = new pg.Client({ connectionString })

/** An order with a line that was written twice, the second time in a transaction of its own; and the names that stand for these moments. */
async function seed() {
  await db.line.deleteMany({ where: { orderId: 7 } })
  await db.order.upsert({ where: { id: 7 }, create: { id: 7, total: 5 }, update: { total: 5 } })
  await db.line.create({ data: { orderId: 7, no: 1, product: 'tea' } })
  await db.customer.upsert({ where: { id: 42 }, create: { id: 42, email: 'eve@example.com' }, update: {} })
  await new Promise((resolve) => setTimeout(resolve, 5))
  const monday = new Date()
  await new Promise((resolve) => setTimeout(resolve, 5))
  await db.order.update({ where: { id: 7 }, data: { total: 6, note: 'seen' } })
  const { entries: [newest] } = await db.order.history({ where: { id: 7 }, take: 1 })
  if (newest === undefined) throw new Error('The seed left no history.')
  return { newest, transaction: newest.transaction, monday, yesterday: monday, friday: new Date() }
}

await pgClient.connect()
// Numbers that the database gives are not those that the documents name.
await pool.query(\`SELECT setval(pg_get_serial_sequence('"Order"', 'id'), 1000), setval(pg_get_serial_sequence('"Customer"', 'id'), 1000)\`)
const moments = await seed()

const taken = {
  connectionString, prisma, reader, db, pool, pgClient, ...moments,
  seed: async () => void Object.assign(globalThis, await seed()),
  request: { user: { name: 'ann', id: 42 }, headers: new Map<string, string>() },
  requests: new AsyncLocalStorage<{ readonly audit: AuditContext }>(),
  app: { use: (_handler: (request: { user: { name: string } }, response: object, next: () => void) => unknown): void => {} },
  refund: (order: { id: bigint }) => db.order.update({ where: { id: order.id }, data: { total: 0 } }),
  order: await db.order.findUniqueOrThrow({ where: { id: 7 } }),
  where: { expiresAt: { lt: new Date() } },
  replica: reader,
  secondClient: reader,
  cursor: undefined,
  request_id: '7f8b6c1e-2d43-4a59-9c0f-3e5a1b7d9f02',
  currentTenant: (): string => 'acme',
  sessionOf: async (request: Request): Promise<{ role: string; tenantId: string } | null> =>
    request.headers.has('cookie') ? { role: 'support', tenantId: 'acme' } : null,
}
type Taken = typeof taken
declare global {
  var connectionString: Taken['connectionString']
  var prisma: Taken['prisma']
  var reader: Taken['reader']
  var db: Taken['db']
  var pool: Taken['pool']
  var pgClient: Taken['pgClient']
  var seed: Taken['seed']
  var newest: Taken['newest']
  var request: Taken['request']
  var requests: Taken['requests']
  var transaction: Taken['transaction']
  var monday: Taken['monday']
  var friday: Taken['friday']
  var yesterday: Taken['yesterday']
  var app: Taken['app']
  var refund: Taken['refund']
  var order: Taken['order']
  var where: Taken['where']
  var replica: Taken['replica']
  var secondClient: Taken['secondClient']
  var cursor: Taken['cursor']
  var request_id: Taken['request_id']
  var currentTenant: Taken['currentTenant']
  var sessionOf: Taken['sessionOf']
}
Object.assign(globalThis, taken)
`

/** Imports each file of the list in turn, and prints what became of it. */
export const runner = `
import { pathToFileURL } from 'node:url'
import './surroundings.ts'

const { log } = console
console.log = () => {}
// What a block has to complain of is a failure, too.
console.error = (...what) => {
  throw new Error(what.map(String).join(' '))
}
for (const file of JSON.parse(process.argv[2] ?? '[]')) {
  await seed()
  const problem = await import(pathToFileURL(file).href).then(() => null, (error) => String(error?.stack ?? error))
  log(JSON.stringify({ file, problem }))
}
process.exit(0)
`
