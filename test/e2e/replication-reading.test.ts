import { PrismaPg } from '@prisma/adapter-pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connected } from '../../packages/generator/test/sql/sealing.ts'
import { type HistoryClient, importHistory } from './history/shop-history.ts'
import { importAudit } from './main-path/audited-project.ts'
import { HEAD, replication, running, unguarded, useTwoServers } from './replication/two-servers.ts'

vi.setConfig({ testTimeout: 240_000 })

const servers = useTwoServers()

const models = `
/// @audit(enabled)
model Order {
  id   Int    @id @default(autoincrement())
  note String
}
`
const tables = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "note" TEXT NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
`
const head = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

${HEAD}`
type Db = HistoryClient<'order'>

test('the client reads the history from the second server, page by page, also what the primary has pruned', async () => {
  const made = await running(await replication(servers(), models, tables, head))
  await made.project.prisma(['generate'])
  const audited = { database: made.primary, project: made.project }
  const { auditContext } = await importAudit(audited)
  const { auditHistory } = await importHistory(audited)
  const module = await made.project.importModule<{ PrismaClient: new (options: object) => Db }>(
    'generated/client/client.ts',
  )
  const connect = (connectionString: string) => {
    const client = new module.PrismaClient({ adapter: new PrismaPg({ connectionString, max: 2 }) })
    onTestFinished(() => client.$disconnect())
    return client
  }
  const reader = connect(made.second.url)
  const db = connect(made.primary.url)
    .$extends(auditContext({ username: 'ann' }))
    .$extends(auditHistory({ reader })) as unknown as Db

  // Numbers of transactions are each server's own, and far apart here.
  await made.primary.query(
    `DO $$ BEGIN FOR n IN 1..2000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$`,
  )
  await made.primary.query(`INSERT INTO "Order" (note) SELECT 'n' FROM generate_series(1, 20)`)
  await db.order.create({ data: { note: 'by ann' } })
  await made.expectSame('audit."Order_audit"')
  const before = new Date()
  await db.order.update({ where: { id: 21 }, data: { note: 'later' } })
  await made.expectSame('audit."Order_audit"')
  await made.primary.query(unguarded('audit."Order_audit"', 'DELETE FROM audit."Order_audit"'))

  const ids: unknown[] = []
  let cursor: string | null | undefined
  do {
    const page = await db.order.history({ take: 6, ...(cursor ? { cursor } : {}) })
    ids.push(...page.entries.map(({ auditId }: { auditId: unknown }) => String(auditId)))
    cursor = page.nextCursor
  } while (cursor !== null)
  expect(ids).toEqual(Array.from({ length: 22 }, (_, at) => String(22 - at)))
  const [last] = (await db.order.history({ where: { id: 21 } })).entries
  expect(last).toMatchObject({ operation: 'U', context: { username: 'ann' } })
  expect((await db.order.asOf(before, { where: { id: 21 } })).rows).toEqual([{ id: 21, note: 'by ann' }])
  expect(await db.order.findMany({ where: { id: 21 } })).toEqual([{ id: 21, note: 'later' }])
})

test('what reader prints keeps tenants apart on the second server, too', async () => {
  const made = await running(await replication(servers(), models, tables))
  await made.primary.query(`INSERT INTO "Order" (note) VALUES ('a'), ('b')`)
  await made.expectSame('audit."Order_audit"')
  const role = `reader_${made.second.name}`
  await made.second.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`)
  onTestFinished(async () => {
    await made.second.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  })
  const { stdout, exitCode } = await made.audit('reader', '--role', role, '--tenant', 'note')
  expect(exitCode).toBe(0)
  await made.second.query(stdout)
  await made.setUp('subscriber')
  await made.primary.query(`INSERT INTO "Order" (note) VALUES ('b')`)
  await made.expectSame('audit."Order_audit"')
  const url = new URL(made.second.url)
  url.username = role
  url.password = 'x'
  const client = await connected({ ...made.second, url: url.href })
  const seen = async (tenant: string) =>
    (await client.query(`SET audit.note = '${tenant}'`)) &&
    (await client.query('SELECT id FROM audit."Order_audit" ORDER BY id')).rows
  expect(await seen('a')).toEqual([{ id: 1 }])
  expect(await seen('b')).toEqual([{ id: 2 }, { id: 3 }])
})
