import { randomUUID } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { headers } from 'next/headers'
import { asyncAuditContext } from 'prisma-extension-audit/async-context'
import { type AuditContext, auditContext } from './generated/audit'
import { PrismaClient } from './generated/client/client'

const { runWithAuditContext, currentAuditContext } = asyncAuditContext<AuditContext>({ actor: 'username' })

const prisma = new PrismaClient({
  adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL ?? '' }),
  // Under load a transaction waits for its turn; Prisma's own limits are 2 s and 5 s.
  transactionOptions: { maxWait: 30_000, timeout: 30_000 },
})

/** The client of the whole application: each write says who asked for it. */
export const db = prisma.$extends(auditContext(currentAuditContext))

export class NobodyError extends Error {
  override readonly name = 'NobodyError'
}

/**
 * Does the work of a route handler or of a server action in the context of its request.
 *
 * It stands in for authentication: it believes what the header says.
 *
 * @throws NobodyError when the request does not say who makes it
 */
export async function asUser<T>(work: () => Promise<T>): Promise<T> {
  const username = (await headers()).get('x-user')
  if (!username) throw new NobodyError('Say who you are in the header x-user.')
  return await runWithAuditContext({ username, request_id: randomUUID() }, work)
}
