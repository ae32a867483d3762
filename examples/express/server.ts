import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { PrismaPg } from '@prisma/adapter-pg'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { type AuditContext, auditContext } from './generated/audit/index.ts'
import { PrismaClient } from './generated/client/client.ts'

const connectionString = process.env.DATABASE_URL
if (!connectionString) throw new Error('Set DATABASE_URL to a PostgreSQL database.')
const prisma = new PrismaClient({
  adapter: new PrismaPg({ connectionString }),
  // Under load a transaction waits for its turn; Prisma's own limits are 2 s and 5 s.
  transactionOptions: { maxWait: 30_000, timeout: 30_000 },
})

const clientFor = (context: AuditContext) => prisma.$extends(auditContext(context))

declare global {
  namespace Express {
    interface Locals {
      /** The client of this request: every write that it makes says who asked for it. */
      db: ReturnType<typeof clientFor>
    }
  }
}

/** Stands in for authentication: it believes what the header says. */
const identify: RequestHandler = (request, response, next) => {
  const username = request.get('x-user')
  if (!username) {
    response.status(401).json({ error: 'Say who you are in the header x-user.' })
    return
  }
  const request_id = randomUUID()
  response.set('x-request-id', request_id)
  response.locals.db = clientFor({ username, request_id })
  next()
}

const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
  if (error.code === 'P2025') response.status(404).json({ error: 'There is no such order.' })
  else if (error.status < 500) response.status(error.status).json({ error: error.message })
  else {
    console.error(error)
    response.status(500).json({ error: 'Something went wrong.' })
  }
}

/** The text `name` of a body or of a path's parameters. Express answers with the error's status. */
function field(from: unknown, name: string, pattern = /^.{1,200}$/): string {
  const value = Object.entries(from ?? {}).find(([key]) => key === name)?.[1]
  if (typeof value === 'string' && pattern.test(value)) return value
  throw Object.assign(new Error(`"${name}" must be a text that matches ${pattern}.`), { status: 400 })
}

const idOf = (params: unknown) => Number(field(params, 'id', /^\d{1,9}$/))

const app = express()
app.use(identify, express.json())

app.post('/orders', async ({ body }, response) => {
  const data = { customer: field(body, 'customer'), total: field(body, 'total', /^\d{1,8}(\.\d\d?)?$/) }
  response.status(201).json(await response.locals.db.order.create({ data }))
})

app.patch('/orders/:id', async ({ params, body }, response) => {
  const [id, status] = [idOf(params), field(body, 'status')]
  const order = await response.locals.db.$transaction(async (tx) => {
    const changed = await tx.order.update({ where: { id }, data: { status } })
    if (status !== 'paid' || !changed.total.isZero()) return changed
    throw Object.assign(new Error('There is nothing to pay.'), { status: 409 })
  })
  response.json(order)
})

app.get('/orders/:id/history', async ({ params }, response) => {
  const history = await prisma.$queryRaw`
    SELECT audit_operation AS operation, audit_operation_timestamp AS at, audit_username AS username,
           audit_request_id AS request_id, customer, total, status
    FROM audit."Order_audit" WHERE id = ${idOf(params)} ORDER BY audit_id`
  response.json(history)
})

app.use(answerError)

// The loopback address alone: whoever reaches this server may call himself anything.
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', (error?: Error) => {
  if (error) throw error
  const { port } = server.address() as AddressInfo
  console.log(`Listening on http://127.0.0.1:${port}`)
})
