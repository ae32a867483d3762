import { PrismaPg } from '@prisma/adapter-pg'
import { asyncAuditContext } from 'prisma-extension-audit/async-context'
import { type AuditContext, auditContext } from './generated/audit/index.ts'
import { PrismaClient } from './generated/client/client.ts'

export const connectionString = process.env.DATABASE_URL ?? ''
if (!connectionString) throw new Error('Set DATABASE_URL to a PostgreSQL database.')

export const { runAsJob, currentAuditContext } = asyncAuditContext<AuditContext>({
  actor: 'username',
})

const prisma = new PrismaClient({
  adapter: new PrismaPg({ connectionString }),
  // Under load a transaction waits for its turn; Prisma's own limits are 2 s and 5 s.
  transactionOptions: { maxWait: 30_000, timeout: 30_000 },
})

/** The client of the whole worker: each write says which job makes it. */
export const db = prisma.$extends(auditContext(currentAuditContext))
