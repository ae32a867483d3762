import { expect, test } from 'vitest'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import { compileProject, createTable, type Migrations, schemaOf, withNext } from './compile-project.ts'

const database = await useTestDatabase()
const DRAFT = '20240103000000_draft'
const schema = (type: string, table: string) =>
  schemaOf(`enum Kind {
  a
}

/// @audit(enabled)
model Order {
  id   ${type} @id
  kind Kind?

  @@map("${table}")
}
`)

test('a draft that renames a table, removes a label and retypes the key drops the trigger under the name that the table has there', async () => {
  const enums = `CREATE TYPE "Kind" AS ENUM ('a', 'b');\n`
  const table = `${createTable('Order')}ALTER TABLE "Order" ADD COLUMN "kind" "Kind";\n`
  const first: Migrations = { '20240101000000_init': enums + table }
  const installed = withNext(first, await compileProject(schema('Int', 'Order'), first), '20240102000000')
  const draft = `ALTER TABLE "Order" RENAME TO "Purchase";
-- AlterEnum
BEGIN;
CREATE TYPE "Kind_new" AS ENUM ('a');
ALTER TABLE "Purchase" ALTER COLUMN "kind" TYPE "Kind_new" USING ("kind"::text::"Kind_new");
ALTER TYPE "Kind" RENAME TO "Kind_old";
ALTER TYPE "Kind_new" RENAME TO "Kind";
DROP TYPE "Kind_old";
COMMIT;
ALTER TABLE "Purchase" ALTER COLUMN "id" SET DATA TYPE BIGINT;
`
  const next = schema('BigInt', 'Purchase')
  const { migration } = await compileProject(next, { ...installed, [DRAFT]: draft }, { draft: DRAFT })
  const done: Migrations = { ...installed, [DRAFT]: migration?.file ?? '' }
  for (const name of Object.keys(done).sort()) await database.query(done[name] ?? '')
  await database.query(`BEGIN; SELECT set_config('audit.username', 'alice', true);
    INSERT INTO "Purchase" VALUES (5000000000); UPDATE "Purchase" SET id = 5000000001; COMMIT`)
  expect(
    await database.query(`SELECT audit_operation AS op, id FROM audit."Purchase_audit" ORDER BY audit_id`),
  ).toEqual([
    { op: 'I', id: '5000000000' },
    { op: 'D', id: '5000000000' },
    { op: 'U', id: '5000000001' },
  ])
  expect((await compileProject(next, done)).migration).toBeUndefined()
})

test('a draft that gives the name of a key column to another one, which it retypes, leaves the key its trigger', async () => {
  const second = await useTestDatabase()
  const model = (id: string, kind: string) =>
    schemaOf(`enum Kind {
  a
}

/// @audit(enabled)
model Order {
  key   Int   @id @map("${id}")
  value Kind? @map("${kind}")

  @@map("Order")
}
`)
  const first: Migrations = {
    '20240101000000_init': `CREATE TYPE "Kind" AS ENUM ('a', 'b');
${createTable('Order')}ALTER TABLE "Order" ADD COLUMN "kind" "Kind";\n`,
  }
  const installed = withNext(first, await compileProject(model('id', 'kind'), first), '20240102000000')
  const draft = `ALTER TABLE "Order" RENAME COLUMN "id" TO "between";
ALTER TABLE "Order" RENAME COLUMN "kind" TO "id";
ALTER TABLE "Order" RENAME COLUMN "between" TO "kind";
-- AlterEnum
BEGIN;
CREATE TYPE "Kind_new" AS ENUM ('a');
ALTER TABLE "Order" ALTER COLUMN "id" TYPE "Kind_new" USING ("id"::text::"Kind_new");
ALTER TYPE "Kind" RENAME TO "Kind_old";
ALTER TYPE "Kind_new" RENAME TO "Kind";
DROP TYPE "Kind_old";
COMMIT;
`
  const next = model('kind', 'id')
  const { migration } = await compileProject(next, { ...installed, [DRAFT]: draft }, { draft: DRAFT })
  const done: Migrations = { ...installed, [DRAFT]: migration?.file ?? '' }
  for (const name of Object.keys(done).sort()) await second.query(done[name] ?? '')
  await second.query(`BEGIN; SELECT set_config('audit.username', 'alice', true);
    INSERT INTO "Order" (kind, id) VALUES (1, 'a'); UPDATE "Order" SET kind = 2; UPDATE "Order" SET id = NULL; COMMIT`)
  expect(
    await second.query(`SELECT audit_operation AS op, kind, id FROM audit."Order_audit" ORDER BY audit_id`),
  ).toEqual([
    { op: 'I', kind: 1, id: 'a' },
    { op: 'D', kind: 1, id: 'a' },
    { op: 'U', kind: 2, id: 'a' },
    { op: 'U', kind: 2, id: null },
  ])
})

test('a draft that renames a table and widens its key puts the trigger back under the new name', async () => {
  const third = await useTestDatabase()
  const model = (type: string, table: string) =>
    schemaOf(`/// @audit(enabled)
model Order {
  id String @id ${type}

  @@map("${table}")
}
`)
  const first: Migrations = {
    '20240101000000_init': `CREATE TABLE "Order" ("id" VARCHAR(10) NOT NULL, CONSTRAINT "pk" PRIMARY KEY ("id"));\n`,
  }
  const installed = withNext(
    first,
    await compileProject(model('@db.VarChar(10)', 'Order'), first),
    '20240102000000',
  )
  const draft = `ALTER TABLE "Order" RENAME TO "Purchase";
ALTER TABLE "Purchase" ALTER COLUMN "id" SET DATA TYPE TEXT;
`
  const next = model('', 'Purchase')
  const { migration } = await compileProject(next, { ...installed, [DRAFT]: draft }, { draft: DRAFT })
  const done: Migrations = { ...installed, [DRAFT]: migration?.file ?? '' }
  for (const name of Object.keys(done).sort()) await third.query(done[name] ?? '')
  await third.query(`BEGIN; SELECT set_config('audit.username', 'alice', true);
    INSERT INTO "Purchase" VALUES ('a'); UPDATE "Purchase" SET id = 'longer than ten'; COMMIT`)
  expect(
    await third.query(`SELECT audit_operation AS op, id FROM audit."Purchase_audit" ORDER BY audit_id`),
  ).toEqual([
    { op: 'I', id: 'a' },
    { op: 'D', id: 'a' },
    { op: 'U', id: 'longer than ten' },
  ])
})
