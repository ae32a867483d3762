import { createPrismaProject } from '../../../../test/support/prisma-project.ts'
import { createDatabase, createTemplate, type TestDatabase } from '../../../../test/support/test-database.ts'

/** A help desk of two tenants: something of everything that a history can hold. */
const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String", "reason String?", "request_id String? @db.Uuid"]
  facts           = ["client_addr", "application_name"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Customer {
  id          Int      @id @default(autoincrement())
  tenantId    String   @map("tenant_id")
  name        String
  password    String
  /// @audit(hash)
  iban        String?
  /// @audit(whenChanged)
  biography   String?
  preferences Json     @default("{}")
  tickets     Ticket[]
}

/// @audit(enabled)
model Ticket {
  id         BigInt  @id @default(autoincrement())
  tenantId   String  @map("tenant_id")
  customerId Int     @map("customer_id")
  title      String
  body       String  @default("")
  state      String  @default("open")
  hours      Decimal @default(0) @db.Decimal(8, 2)

  customer Customer   @relation(fields: [customerId], references: [id])
  steps    Step[]
  labels   Label[]
}

/// @audit(enabled)
model Step {
  ticketId BigInt @map("ticket_id")
  number   Int    @map("step no")
  tenantId String @map("tenant_id")
  text     String

  ticket Ticket @relation(fields: [ticketId], references: [id], onDelete: Cascade)

  @@id([ticketId, number])
  @@map("ticket's steps")
}

/// No tenant's.
/// @audit(enabled)
model Label {
  name    String   @id
  tickets Ticket[]
}
`

/** A database with the tables of the desk, audited by what the generator wrote and Prisma applied; nothing is in it. */
export async function createDesk(): Promise<TestDatabase> {
  const template = createTemplate('viewer-desk', async (databaseUrl) => {
    const project = await createPrismaProject({ schema, databaseUrl })
    try {
      await project.prisma(['migrate', 'dev', '--name', 'init'])
      await project.prisma(['generate'])
      await project.prisma(['migrate', 'dev'])
    } finally {
      project.cleanup()
    }
  })
  return await createDatabase({ template })
}

export interface Context {
  readonly username: string
  readonly reason?: string
  readonly request_id?: string
}

/** Runs statements in one transaction of somebody's. */
export async function as(database: TestDatabase, context: Context, ...statements: string[]): Promise<void> {
  const said = JSON.stringify(context).replaceAll("'", "''")
  await database.query(`BEGIN; SELECT audit.set_context('${said}'); ${statements.join('; ')}; COMMIT`)
}

/** A little story: customers of two tenants, a ticket with steps, labels, changes of every kind. */
export async function fillDesk(database: TestDatabase): Promise<void> {
  const ann = { username: 'ann', reason: 'first call', request_id: '11111111-2222-3333-4444-555555555555' }
  await as(
    database,
    ann,
    `INSERT INTO "Customer" (tenant_id, name, password, iban, biography, preferences) VALUES
      ('acme', 'Eve', 'hunter2', 'DE89370400440532013000', repeat('Eve was born in a small town. ', 40), '{"theme": "dark", "mails": {"weekly": true, "count": 12345678901234567890}}'),
      ('globex', 'Mallory', 'secret', NULL, NULL, '{}')`,
    `INSERT INTO "Ticket" (tenant_id, customer_id, title, body) VALUES
      ('acme', 1, 'Printer is on fire', 'It began this morning. Smoke came out of the tray, then the paper caught fire. Nobody was hurt.'),
      ('globex', 2, 'Cannot sign in', 'The page says no.')`,
    `INSERT INTO "ticket's steps" VALUES (1, 1, 'acme', 'call the fire brigade'), (1, 2, 'acme', 'buy a printer')`,
  )
  await as(
    database,
    { username: 'bob', reason: 'ticket moved on' },
    `UPDATE "Ticket" SET state = 'waiting', hours = 1.50,
      body = 'It began this morning. Black smoke came out of the tray, then the paper caught fire. Nobody was hurt, luckily.' WHERE id = 1`,
    `UPDATE "Customer" SET preferences = '{"theme": "light", "mails": {"weekly": true, "count": 12345678901234567891}}' WHERE id = 1`,
    `INSERT INTO "Label" VALUES ('urgent'), ('hardware')`,
    `INSERT INTO "_LabelToTicket" VALUES ('urgent', 1)`,
  )
  await as(
    database,
    { username: 'ann' },
    `UPDATE "Customer" SET password = 'hunter3', name = 'Eve Adams' WHERE id = 1`,
  )
  await as(database, { username: 'carol', reason: 'merged' }, `DELETE FROM "Ticket" WHERE id = 2`)
}
