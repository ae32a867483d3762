import { beforeAll, expect, test } from 'vitest'
import {
  type AuditModule,
  generateMigration,
  importAudit,
  openClient,
  useProject,
} from './audited-project.ts'
import type { Client } from './client.ts'

const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["user String", "Case String?"]
}

datasource db {
  provider = "postgresql"
  schemas  = ["public", "Other Schema"]
}

/// @audit(enabled)
model Odd {
  select    Int    @id
  MixedCase String @map("Mixed Case")
  from      String @map("where's \\"the\\" $audit$ beef?")
  umlaut    String @map("größe ✓")
  changed   Kind

  @@map("it's an \\"order\\"; -- ✓")
  @@schema("public")
}

/// @audit(enabled)
model Reserved {
  old  Int    @id
  new  String
  user String

  @@map("select")
  @@schema("Other Schema")
}

/// @audit(enabled)
model Long {
  id Int @id

  @@map("a_table_whose_name_has_exactly_sixty_three_bytes_as_postgres_max")
  @@schema("public")
}

enum Kind {
  plain
  odd   @map("it's odd")

  @@map("Kind Of")
  @@schema("Other Schema")
}
`

const q = (name: string) => `"${name.replaceAll('"', '""')}"`
const ODD = `it's an "order"; -- ✓`
const LONG = 'a_table_whose_name_has_exactly_sixty_three_bytes_as_postgres_max'.slice(0, 63)
const BEEF = `where's "the" $audit$ beef?`

const tables = `CREATE SCHEMA IF NOT EXISTS "Other Schema";
CREATE TYPE "Other Schema"."Kind Of" AS ENUM ('plain', 'it''s odd');
CREATE TABLE ${q(ODD)} ("select" INTEGER PRIMARY KEY, "Mixed Case" TEXT NOT NULL, ${q(BEEF)} TEXT NOT NULL,
  "größe ✓" TEXT NOT NULL, "changed" "Other Schema"."Kind Of" NOT NULL);
CREATE TABLE "Other Schema"."select" ("old" INTEGER PRIMARY KEY, "new" TEXT NOT NULL, "user" TEXT NOT NULL);
CREATE TABLE ${q(LONG)} ("id" INTEGER PRIMARY KEY);
`

const audited = await useProject({
  schema: schema.replace(/a_table_whose\w+/, LONG),
  migrations: { '20240101000000_init': tables },
})
const { database, project } = audited
let audit: AuditModule
let ann: Client<'reserved' | 'long'>

beforeAll(async () => {
  await generateMigration(project)
  await project.prisma(['migrate', 'deploy'])
  audit = await importAudit(audited)
  const client: typeof ann = await openClient(audited)
  ann = client.$extends(audit.auditContext({ user: 'ann', Case: 'kept' }))
})

test('a table and columns with spaces, quotes, dollar signs and letters of any script are recorded', async () => {
  // Raw, because Prisma itself does not double a quotation mark inside a name.
  const table = q(ODD)
  await ann.$executeRawUnsafe(`INSERT INTO ${table} VALUES (1, 'm', 'f', 'ü', 'it''s odd')`)
  await ann.$executeRawUnsafe(`UPDATE ${table} SET "select" = 2, ${q(BEEF)} = 'g'`)
  await ann.$executeRawUnsafe(`DELETE FROM ${table}`)
  const rows = await database.query(
    `SELECT audit_operation, audit_user, "audit_Case", "select", "Mixed Case", ${q(BEEF)}, "größe ✓", changed
     FROM audit.${q(`${ODD}_audit`)} ORDER BY audit_id`,
  )
  expect(rows.map((row) => Object.values(row).join('|'))).toEqual([
    "I|ann|kept|1|m|f|ü|it's odd",
    "D|ann|kept|1|m|f|ü|it's odd",
    "U|ann|kept|2|m|g|ü|it's odd",
    "D|ann|kept|2|m|g|ü|it's odd",
  ])
})

test('a table called select with columns old, new and user in another PostgreSQL schema is recorded', async () => {
  await ann.reserved.create({ data: { old: 1, new: 'n', user: 'not the setting' } })
  expect(await database.query(`SELECT audit_user, old, new, "user" FROM audit."select_audit"`)).toEqual([
    { audit_user: 'ann', old: 1, new: 'n', user: 'not the setting' },
  ])
})

test('a table whose name has all 63 bytes is recorded, under a name that is shortened and not cut', async () => {
  await ann.long.create({ data: { id: 1 } })
  const [table] = await database.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = 'audit'::regnamespace AND relkind = 'r' AND starts_with(relname, 'a_table_whose')`,
  )
  expect(Buffer.byteLength(table?.name ?? '')).toBeLessThanOrEqual(63)
  expect(table?.name).not.toBe(LONG)
  expect(await database.query(`SELECT audit_user, id FROM audit.${q(table?.name ?? '')}`)).toEqual([
    { audit_user: 'ann', id: 1 },
  ])
})

test('a second generate understands all of these names: it writes nothing', async () => {
  const before = await project.migrationFiles()
  await project.prisma(['generate'])
  expect(await project.migrationFiles()).toEqual(before)
})
