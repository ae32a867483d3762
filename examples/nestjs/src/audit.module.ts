import { randomUUID } from 'node:crypto'
import { Global, Module } from '@nestjs/common'
import { PrismaPg } from '@prisma/adapter-pg'
import type { Request, Response } from 'express'
import { ClsModule, ClsService } from 'nestjs-cls'
import { type AuditContext, auditContext } from './generated/audit'
import { PrismaClient } from './generated/client/client'

declare module 'nestjs-cls' {
  interface ClsStore {
    /** Who makes the request; nobody as long as that is not known. */
    audit?: AuditContext
  }
}

const connectionString = process.env.DATABASE_URL
if (!connectionString) throw new Error('Set DATABASE_URL to a PostgreSQL database.')

function connect(cls: ClsService) {
  const prisma = new PrismaClient({
    adapter: new PrismaPg({ connectionString }),
    // Under load a transaction waits for its turn; Prisma's own limits are 2 s and 5 s.
    transactionOptions: { maxWait: 30_000, timeout: 30_000 },
  })
  return prisma.$extends(auditContext(() => cls.get('audit')))
}

/** What `@Inject(DATABASE)` gives: the client of the whole application, where each write says who asked for it. */
export const DATABASE = Symbol('database')
export type Database = ReturnType<typeof connect>

/** Stands in for authentication: it believes what the header says. */
function setup(cls: ClsService, request: Request, response: Response) {
  response.setHeader('x-request-id', cls.getId())
  const username = request.header('x-user')
  if (username) cls.set('audit', { username, request_id: cls.getId() })
}

@Global()
@Module({
  imports: [
    ClsModule.forRoot({
      global: true,
      middleware: { mount: true, generateId: true, idGenerator: () => randomUUID(), setup },
    }),
  ],
  providers: [{ provide: DATABASE, inject: [ClsService], useFactory: connect }],
  exports: [DATABASE],
})
export class AuditModule {}
