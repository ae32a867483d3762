import { expect, test } from 'vitest'
import {
  compileProject,
  createTable,
  type Migrations,
  schemaOf,
  stepsOf,
  withNext,
} from './compile-project.ts'

const model = (fields: string) => schemaOf(`/// @audit(enabled)\nmodel A {\n${fields}\n}\n`)
const byId = model('id Int @id\nnote String?')
const byBigId = model('id BigInt @id\nnote String?')
const byBoth = model('id Int\nnote String\n@@id([id, note])')
const start: Migrations = { '20260101000000_init': createTable('A', 'note') }
const drop = 'DROP TRIGGER IF EXISTS "audit_key" ON "public"."A";\n'

async function audited(statement: string, schema: string) {
  const first = withNext(start, await compileProject(byId, start), '20260102000000')
  const migrations = { ...first, '20260103000000_key': drop + statement }
  const compilation = await compileProject(schema, migrations)
  return { compilation, done: withNext(migrations, compilation, '20260104000000') }
}

test("another key: the migration that makes its trigger anew is the last one, though the old key's was dropped by hand", async () => {
  const statement =
    'ALTER TABLE "A" DROP CONSTRAINT "A_pkey", ADD CONSTRAINT "A_pkey" PRIMARY KEY ("id", "note");\n'
  const { compilation, done } = await audited(statement, byBoth)
  expect(stepsOf(compilation)).toContain('changeKey public.A')
  expect((await compileProject(byBoth, done)).migration).toBeUndefined()
})

test('another type of the key: the migration that makes its trigger anew is the last one, though it was dropped by hand', async () => {
  const { done } = await audited('ALTER TABLE "A" ALTER COLUMN "id" SET DATA TYPE BIGINT;\n', byBigId)
  expect((await compileProject(byBigId, done)).migration).toBeUndefined()
})

test("the key's trigger dropped after the key was changed is put back", async () => {
  const { done } = await audited('ALTER TABLE "A" ALTER COLUMN "id" SET DATA TYPE BIGINT;\n', byBigId)
  const again = await compileProject(byBigId, { ...done, '20260105000000_drop': drop })
  expect(stepsOf(again)).toEqual(['resumeTable public.A'])
})
