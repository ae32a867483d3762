import { randomUUID } from 'node:crypto'
import fastify from 'fastify'
import { db, runWithAuditContext } from './audit.ts'

const app = fastify({ genReqId: () => randomUUID() })

/** Stands in for authentication: it believes what the header says. All that comes after it runs in the context. */
app.addHook('onRequest', ({ id, headers }, reply, done) => {
  reply.header('x-request-id', id)
  const username = headers['x-user']?.toString()
  if (username) runWithAuditContext({ username, request_id: id }, done)
  else reply.code(401).send({ error: 'Say who you are in the header x-user.' })
})

app.setErrorHandler<Error & { statusCode?: number; code?: string }>((error, _request, reply) => {
  if (error.code === 'P2025') return reply.code(404).send({ error: 'There is no such order.' })
  const status = error.statusCode ?? 500
  if (status < 500) return reply.code(status).send({ error: error.message })
  console.error(error)
  return reply.code(500).send({ error: 'Something went wrong.' })
})

const text = (pattern = '^.{1,200}$') => ({ type: 'string', pattern })
const object = (properties: object) => ({ type: 'object', properties, required: Object.keys(properties) })
const params = object({ id: { type: 'integer', minimum: 1, maximum: 2 ** 31 - 1 } })
const order = object({ customer: text(), total: text('^\\d{1,8}(\\.\\d\\d?)?$') })

app.post<{ Body: { customer: string; total: string } }>(
  '/orders',
  { schema: { body: order } },
  async ({ body: { customer, total } }, reply) => {
    reply.code(201)
    return await db.order.create({ data: { customer, total } })
  },
)

app.patch<{ Params: { id: number }; Body: { status: string } }>(
  '/orders/:id',
  { schema: { params, body: object({ status: text() }) } },
  ({ params: { id }, body: { status } }) =>
    db.$transaction(async (tx) => {
      const changed = await tx.order.update({ where: { id }, data: { status } })
      if (status !== 'paid' || !changed.total.isZero()) return changed
      throw Object.assign(new Error('There is nothing to pay.'), { statusCode: 409 })
    }),
)

app.get<{ Params: { id: number } }>(
  '/orders/:id/history',
  { schema: { params } },
  ({ params: { id } }) => db.$queryRaw`
    SELECT audit_operation AS operation, audit_operation_timestamp AS at, audit_username AS username,
           audit_request_id AS request_id, customer, total, status
    FROM audit."Order_audit" WHERE id = ${id} ORDER BY audit_id`,
)

// The loopback address alone: whoever reaches this server may call himself anything.
const address = await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) })
console.log(`Listening on ${address}`)
