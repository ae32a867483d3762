import { expect, test } from 'vitest'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import { renderReport } from '../../src/report.ts'
import { compileProject, createTable, type Migrations, schemaOf, withNext } from './compile-project.ts'

const database = await useTestDatabase()
const schema = (type: string) =>
  schemaOf(`/// @audit(enabled)\nmodel A {\n  id ${type} @id\n}\n`, '["username String?"]')
const start: Migrations = { '20260101000000_init': createTable('A') }
const retype = `ALTER TABLE "A" DROP CONSTRAINT "A_pkey",
ALTER COLUMN "id" SET DATA TYPE BIGINT,
ADD CONSTRAINT "A_pkey" PRIMARY KEY ("id");
`

test('a key column that gets another type: the report gives the statement that has to stand first, and it suffices', async () => {
  const audited = withNext(start, await compileProject(schema('Int'), start), '20260102000000')
  const compilation = await compileProject(schema('BigInt'), audited)
  const { diagnostics, files } = compilation
  const outcome = { kind: 'nothing to write' } as const
  const report = renderReport({ diagnostics, compilation, outcome, files })
  expect(report).toMatchInlineSnapshot(`
    "audit: 1 model audited.
    audit: these tables wait for a migration of their own:
      "public"."A": no migration gives "id" the new type yet
        It is in the key, which a trigger names: make that migration with --create-only, and put this first:
        DROP TRIGGER IF EXISTS "audit_key" ON "public"."A";
        The audit migration that follows puts the trigger back.
      Next: npx prisma migrate dev --name <name>, then npx prisma generate"
  `)

  for (const name of Object.keys(audited).sort()) await database.query(audited[name] ?? '')
  await expect(database.query(retype)).rejects.toMatchObject({ code: '0A000' })
  const first = /DROP TRIGGER.*;/.exec(report)?.[0] ?? ''
  const migrations = { ...audited, '20260103000000_big': `${first}\n${retype}` }
  const done = withNext(migrations, await compileProject(schema('BigInt'), migrations), '20260104000000')
  for (const name of Object.keys(done).sort().slice(2)) await database.query(done[name] ?? '')
  await database.query('INSERT INTO "A" VALUES (5000000000); UPDATE "A" SET id = 5000000001')
  expect(
    await database.query(`SELECT audit_operation AS op, id FROM audit."A_audit" ORDER BY audit_id`),
  ).toEqual([
    { op: 'I', id: '5000000000' },
    { op: 'D', id: '5000000000' },
    { op: 'U', id: '5000000001' },
  ])
})
