import { randomUUID } from 'node:crypto'
import { serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { db, runWithAuditContext } from './audit.ts'

const app = new Hono()

/** Stands in for authentication: it believes what the header says. All that comes after it runs in the context. */
app.use(async (c, next) => {
  const username = c.req.header('x-user')
  if (!username) return c.json({ error: 'Say who you are in the header x-user.' }, 401)
  const request_id = randomUUID()
  c.header('x-request-id', request_id)
  await runWithAuditContext({ username, request_id }, next)
})

app.onError((error, c) => {
  if ('code' in error && error.code === 'P2025') return c.json({ error: 'There is no such order.' }, 404)
  if (error instanceof HTTPException) return c.json({ error: error.message }, error.status)
  console.error(error)
  return c.json({ error: 'Something went wrong.' }, 500)
})

/** The text `name` of a body or of a path's parameters. */
function field(from: unknown, name: string, pattern = /^.{1,200}$/): string {
  const value = Object.entries(from ?? {}).find(([key]) => key === name)?.[1]
  if (typeof value === 'string' && pattern.test(value)) return value
  throw new HTTPException(400, { message: `"${name}" must be a text that matches ${pattern}.` })
}

const bodyOf = (c: Context): Promise<unknown> => c.req.json().catch(() => undefined)
const idOf = (params: unknown) => Number(field(params, 'id', /^\d{1,9}$/))

app.post('/orders', async (c) => {
  const body = await bodyOf(c)
  const data = { customer: field(body, 'customer'), total: field(body, 'total', /^\d{1,8}(\.\d\d?)?$/) }
  return c.json(await db.order.create({ data }), 201)
})

app.patch('/orders/:id', async (c) => {
  const id = idOf(c.req.param())
  const status = field(await bodyOf(c), 'status')
  const order = await db.$transaction(async (tx) => {
    const changed = await tx.order.update({ where: { id }, data: { status } })
    if (status !== 'paid' || !changed.total.isZero()) return changed
    throw new HTTPException(409, { message: 'There is nothing to pay.' })
  })
  return c.json(order)
})

app.get('/orders/:id/history', async (c) => {
  const history = await db.$queryRaw<object[]>`
    SELECT audit_operation AS operation, audit_operation_timestamp AS at, audit_username AS username,
           audit_request_id AS request_id, customer, total, status
    FROM audit."Order_audit" WHERE id = ${idOf(c.req.param())} ORDER BY audit_id`
  return c.json(history)
})

// The loopback address alone: whoever reaches this server may call himself anything.
const options = { fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }
serve(options, ({ port }) => console.log(`Listening on http://127.0.0.1:${port}`))
