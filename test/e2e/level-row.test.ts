import { beforeAll, describe, expect, test } from 'vitest'
import {
  type AuditedProject,
  generateMigration,
  importAudit,
  install,
  openClient,
  useProject,
} from './main-path/audited-project.ts'

const schema = (order: string) => `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "postgresql"
}

model Person {
  id   Int       @id @default(autoincrement())
  name String
  sent Message[] @relation("sender")
  read Message[] @relation("reader")
}

/// @audit(enabled, level: row)
model Message {
  id       Int     @id @default(autoincrement())
  text     String
  senderId Int
  sender   Person  @relation("sender", fields: [senderId], references: [id], onDelete: Cascade)
  readerId Int?
  reader   Person? @relation("reader", fields: [readerId], references: [id], onDelete: SetNull)
}

/// ${order}
model Order {
  id     Int    @id @default(autoincrement())
  note   String
  meta   Json   @default("{}")
  /// @audit(exclude)
  search String @default("")
}
`

let audited: AuditedProject

async function history(table: string, columns: string): Promise<string[]> {
  const rows = await audited.database.query<{ row: string }>(
    `SELECT audit_operation || ' ' || ROW(${columns})::text AS row FROM audit."${table}_audit" ORDER BY audit_id`,
  )
  return rows.map(({ row }) => row)
}

async function openAuditedClient() {
  const client = await openClient<'person' | 'message' | 'order'>(audited)
  const { auditContext } = await importAudit(audited)
  return client.$extends(auditContext({ username: 'ann' })) as typeof client
}

describe('Row by row, through Prisma', () => {
  beforeAll(async () => {
    audited = await useProject({ schema: schema('@audit(enabled, updates: changed)') })
    await install(audited)
  })

  test('a nested write, an upsert and a deleteMany leave their rows in the order of the writes', async () => {
    const db = await openAuditedClient()
    await db.person.createMany({ data: [{ name: 'Ann' }, { name: 'Bob' }] })
    await db.message.createMany({ data: [{ text: 'hi', senderId: 2, readerId: 1 }] })
    await db.message.upsert({ where: { id: 1 }, create: { text: 'x', senderId: 1 }, update: { text: 'hey' } })
    // Ann goes first: the message loses its reader. Then Bob goes, and takes the message with him.
    await db.person.deleteMany({})
    expect(await history('Message', 'id, text, "readerId"')).toEqual([
      'I (1,hi,1)',
      'U (1,hey,1)',
      'U (1,hey,)',
      'D (1,hey,)',
    ])
  })

  test('an update that changes nothing that is recorded leaves no row', async () => {
    const db = await openAuditedClient()
    await db.order.create({ data: { note: 'a', meta: { a: 1 } } })
    await db.order.update({ where: { id: 1 }, data: { note: 'a', meta: { a: 1 } } })
    await db.order.update({ where: { id: 1 }, data: { search: 'found' } })
    await db.order.updateMany({ data: { note: 'b' } })
    expect(await history('Order', 'note, audit_username')).toEqual(['I (a,ann)', 'U (b,ann)'])
  })

  test('another level is one small migration; after it migrate proposes nothing, and a reset replays', async () => {
    const { project } = audited
    await project.write('prisma/schema.prisma', schema('@audit(enabled)'))
    const migration = await generateMigration(project)
    expect(migration.name).toMatch(/_audit_order_level_statement$/)
    await project.prisma(['migrate', 'dev'])
    const db = await openAuditedClient()
    await db.order.updateMany({ data: { note: 'b' } })
    expect((await history('Order', 'note')).at(-1)).toBe('U (b)')
    const before = await project.migrationFiles()
    await project.prisma(['migrate', 'dev', '--name', 'nothing'])
    await project.prisma(['generate'])
    expect(await project.migrationFiles()).toEqual(before)
    await project.prisma(['migrate', 'reset', '--force'])
  }, 120_000)
})
