import { readFile } from 'node:fs/promises'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPrismaProject } from '../../../../test/support/prisma-project.ts'
import { auditAdapter } from '../../src/adapter/adapter-pg.ts'
import type { AuditContextExtension } from '../../src/index.ts'
import { usePglite, usePgliteSocket } from '../fixture/pglite.ts'

const readme = await readFile(new URL('../../../../README.md', import.meta.url), 'utf8')
const [, example = ''] = /```prisma\n([\s\S]*?)```/.exec(readme) ?? []
const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

datasource db {
  provider = "postgresql"
}

${example}`
const tables = `CREATE TABLE "Order" (
  "id" SERIAL NOT NULL,
  "total" DECIMAL(10,2) NOT NULL,
  CONSTRAINT "Order_pkey" PRIMARY KEY ("id")
);
`

interface OrderClient {
  readonly order: {
    create(args: object): Promise<{ id: number }>
    update(args: object): Promise<object>
    delete(args: object): Promise<object>
  }
  $extends(extension: AuditContextExtension): OrderClient
  $disconnect(): Promise<void>
}

const pglite = await usePglite()
const connectionString = await usePgliteSocket(pglite)
const project = await createPrismaProject({
  schema,
  migrations: { '20260101000000_init': tables },
  databaseUrl: connectionString,
})
afterAll(() => project.cleanup())
let PrismaClient: new (options: object) => OrderClient
let auditContext: (context: object) => AuditContextExtension

/** The quick start, with PGlite for the database: the generator's migration, applied by `prisma migrate deploy`. */
beforeAll(async () => {
  await project.prisma(['generate'])
  await project.prisma(['migrate', 'deploy'])
  ;({ PrismaClient } = await project.importModule<{ PrismaClient: typeof PrismaClient }>(
    'generated/client/client.ts',
  ))
  ;({ auditContext } = await project.importModule<{ auditContext: typeof auditContext }>(
    'generated/audit/index.ts',
  ))
})

const adapters = {
  'pglite-prisma-adapter': () => new PrismaPGlite(pglite),
  'adapter-pg': () => new PrismaPg({ connectionString, max: 1 }),
  auditAdapter: () => auditAdapter(new PrismaPg({ connectionString, max: 1 })),
}
describe.each(Object.entries(adapters))('the example of the README on PGlite, with %s', (_, adapter) => {
  test('gives the history that the README shows', async () => {
    const prisma = new PrismaClient({ adapter: adapter() })
    const db = prisma.$extends(auditContext({ username: 'ann', reason: 'refund #42' }))
    const { id } = await db.order.create({ data: { total: '12.50' } })
    await db.order.update({ where: { id }, data: { total: '0.00' } })
    await db.order.delete({ where: { id } })
    await expect(prisma.order.create({ data: { total: '1.00' } })).rejects.toThrow(/username/)
    await prisma.$disconnect()
    const { rows } = await pglite.query(
      `SELECT audit_operation, audit_username, audit_reason, total FROM audit."Order_audit" WHERE id = $1 ORDER BY audit_id`,
      [id],
    )
    const who = { audit_username: 'ann', audit_reason: 'refund #42' }
    expect(rows).toEqual([
      { audit_operation: 'I', ...who, total: '12.50' },
      { audit_operation: 'U', ...who, total: '0.00' },
      { audit_operation: 'D', ...who, total: '0.00' },
    ])
  })
})
