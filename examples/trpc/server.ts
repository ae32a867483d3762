import { randomUUID } from 'node:crypto'
import { initTRPC, TRPCError } from '@trpc/server'
import { type CreateHTTPContextOptions, createHTTPServer } from '@trpc/server/adapters/standalone'
import { z } from 'zod'
import { db, runWithAuditContext } from './audit.ts'

/** Stands in for authentication: it believes what the header says. */
function createContext({ req, res }: CreateHTTPContextOptions) {
  const request_id = randomUUID()
  res.setHeader('x-request-id', request_id)
  return { username: req.headers['x-user']?.toString(), request_id }
}

const t = initTRPC.context<typeof createContext>().create()

/** What every procedure is made of: the procedures of one HTTP batch are of one request. */
const procedure = t.procedure.use(async ({ ctx: { username, request_id }, next }) => {
  if (!username)
    throw new TRPCError({ code: 'UNAUTHORIZED', message: 'Say who you are in the header x-user.' })
  const result = await runWithAuditContext({ username, request_id }, next)
  if (result.ok || result.error.code !== 'INTERNAL_SERVER_ERROR') return result
  const { cause } = result.error
  if (cause && 'code' in cause && cause.code === 'P2025')
    throw new TRPCError({ code: 'NOT_FOUND', message: 'There is no such order.' })
  console.error(cause)
  throw new TRPCError({ code: 'INTERNAL_SERVER_ERROR', message: 'Something went wrong.' })
})

const id = z.number().int().min(1).max(999_999_999)
const text = z.string().min(1).max(200)

const orders = t.router({
  create: procedure
    .input(z.object({ customer: text, total: z.string().regex(/^\d{1,8}(\.\d\d?)?$/) }))
    .mutation(({ input }) => db.order.create({ data: input })),

  change: procedure.input(z.object({ id, status: text })).mutation(({ input: { id, status } }) =>
    db.$transaction(async (tx) => {
      const changed = await tx.order.update({ where: { id }, data: { status } })
      if (status !== 'paid' || !changed.total.isZero()) return changed
      throw new TRPCError({ code: 'CONFLICT', message: 'There is nothing to pay.' })
    }),
  ),

  history: procedure.input(z.object({ id })).query(
    ({ input }) => db.$queryRaw<object[]>`
      SELECT audit_operation AS operation, audit_operation_timestamp AS at, audit_username AS username,
             audit_request_id AS request_id, customer, total, status
      FROM audit."Order_audit" WHERE id = ${input.id} ORDER BY audit_id`,
  ),
})

const router = t.router({ orders })
/** For the client: `createTRPCClient<Router>(…)`. */
export type Router = typeof router

// The loopback address alone: whoever reaches this server may call himself anything.
const server = createHTTPServer({ router, createContext })
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object') console.log(`Listening on http://127.0.0.1:${address?.port}`)
})
