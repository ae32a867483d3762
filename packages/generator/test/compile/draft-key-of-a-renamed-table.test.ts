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
