import { describe, expect, it } from 'vitest'
import { parseHeaders } from '../../src/state/part-header.ts'
import {
  auditedModel,
  compileProject,
  createTable,
  type Migrations,
  schemaOf,
  stepsOf,
  withNext,
} from './compile-project.ts'

const DRAFT = '20240103000000_draft'
const order = auditedModel('Order', 'note')
const installed = async (models = order, tables = createTable('Order', 'note')): Promise<Migrations> => {
  const first = { '20240101000000_init': tables }
  return withNext(first, await compileProject(schemaOf(models), first), '20240102000000')
}
const withDraft = (migrations: Migrations, sql: string): Migrations => ({ ...migrations, [DRAFT]: sql })
const compileDraft = (schema: string, migrations: Migrations) =>
  compileProject(schema, migrations, { draft: DRAFT })

describe('a draft', () => {
  it('that creates an audited table gets its audit too, in one transaction', async () => {
    const sql = createTable('Order', 'note')
    const compilation = await compileDraft(schemaOf(order), { [DRAFT]: sql })
    expect(stepsOf(compilation)).toEqual(['createSchema', 'createAuditTable public.Order'])
    const file = compilation.migration?.file ?? ''
    expect(file.startsWith(sql)).toBe(true)
    expect(file).not.toContain('\nCOMMIT;')
    expect((await compileProject(schemaOf(order), { [DRAFT]: file })).migration).toBeUndefined()
  })

  it('takes the steps of the tables that it touches; the others are left for a migration of their own', async () => {
    const models = order + auditedModel('Tag', 'note')
    const tables = createTable('Order', 'note') + createTable('Tag', 'note')
    const before = withDraft(await installed(order, tables), 'ALTER TABLE "Order" DROP COLUMN "note";\n')
    const schema = schemaOf(auditedModel('Order') + auditedModel('Tag', 'note'))
    const compilation = await compileDraft(schema, before)
    expect(stepsOf(compilation)).toEqual(['retireColumn public.Order'])
    const after = { ...before, [DRAFT]: compilation.migration?.file ?? '' }
    const rest = await compileProject(schema, after)
    expect(stepsOf(rest)).toEqual(['createAuditTable public.Tag'])
    expect(models).toContain('Tag')
  })

  it('without a statement takes all steps, each table in a transaction of its own', async () => {
    const tables = createTable('Order', 'note') + createTable('Tag', 'note')
    const first = { '20240101000000_init': tables }
    const schema = schemaOf(order + auditedModel('Tag', 'note'))
    const compilation = await compileDraft(schema, withDraft(first, '-- This is an empty migration.'))
    const { file = '', sql = '' } = compilation.migration ?? {}
    expect(file).toBe(sql)
    expect(sql.match(/^COMMIT;$/gm)?.length).toBe(2)
    const whole = await compileProject(schema, first)
    expect(sql.replace(/ above=\S+/, '')).toBe(whole.migration?.sql)
  })

  it('with data changes gets their context once, before them, and says nothing more of them', async () => {
    const update = `UPDATE "Order" SET note = 'a';\nUPDATE "Order" SET note = 'b';\n`
    const compilation = await compileDraft(schemaOf(order), withDraft(await installed(), update))
    expect(compilation.diagnostics).toEqual([])
    const { before, file, sql } = compilation.migration ?? {}
    expect(sql).toBe('')
    expect(
      before,
    ).toBe(`-- Added by prisma-generator-audit: data changes of this migration are made in its name.
SELECT set_config('audit.username', 'migration:${DRAFT}', true);
-- End of what was added.

`)
    expect(file).toBe(`${before}${update}`)
    const again = await compileProject(schemaOf(order), withDraft(await installed(), file ?? ''))
    expect([again.migration, again.diagnostics]).toEqual([undefined, []])
  })

  it('with a COMMIT gets the context of its data changes after each', async () => {
    const update = `UPDATE "Order" SET note = 'a';`
    const draft = `${update}\nCOMMIT; ${update}\nSELECT 1;\nCOMMIT;\n${update}\n`
    const compilation = await compileDraft(schemaOf(order), withDraft(await installed(), draft))
    const file = compilation.migration?.file ?? ''
    const added = /^-- Added[\s\S]*?^-- End of what was added\.\n\n/gm
    expect(file.match(added)).toHaveLength(3)
    expect(file.replace(added, '+ ')).toBe(
      `+ ${update}\nCOMMIT; \n+ ${update}\nSELECT 1;\nCOMMIT;\n+ ${update}\n`,
    )
    const again = await compileProject(schemaOf(order), withDraft(await installed(), file))
    expect([again.migration, again.diagnostics]).toEqual([undefined, []])
  })

  it('that gives a key column another type has its trigger put aside first', async () => {
    const draft = 'ALTER TABLE "Order" ALTER COLUMN "id" SET DATA TYPE BIGINT;\n'
    const schema = schemaOf(order.replace('id Int', 'id BigInt'))
    const { migration } = await compileDraft(schema, withDraft(await installed(), draft))
    expect(migration?.before).toContain('DROP TRIGGER IF EXISTS "audit_key" ON "public"."Order";')
    expect(migration?.file.indexOf('DROP TRIGGER')).toBeLessThan(migration?.file.indexOf(draft) ?? 0)
    expect(migration?.file.match(/CREATE TRIGGER "audit_key"/g)).toHaveLength(1)
  })

  it('that recreates an enum touches the functions before its COMMIT', async () => {
    const model = `${auditedModel('Order').replace('id Int @id', 'id Int @id\n  mood Mood')}
enum Mood {
  CALM
  CROSS
}
`
    const tables = `CREATE TYPE "Mood" AS ENUM ('CALM', 'CROSS', 'ODD');
CREATE TABLE "Order" ("id" INTEGER NOT NULL, "mood" "Mood" NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`
    const draft = `BEGIN;
CREATE TYPE "Mood_new" AS ENUM ('CALM', 'CROSS');
ALTER TABLE "Order" ALTER COLUMN "mood" TYPE "Mood_new" USING ("mood"::text::"Mood_new");
ALTER TYPE "Mood" RENAME TO "Mood_old";
ALTER TYPE "Mood_new" RENAME TO "Mood";
DROP TYPE "public"."Mood_old";
COMMIT;
`
    const before = await installed(model.replace('CROSS', 'CROSS\n  ODD'), tables)
    const { migration } = await compileDraft(schemaOf(model), withDraft(before, draft))
    const file = migration?.file ?? ''
    const touch = file.indexOf('ALTER FUNCTION "audit"."Order_audit_capture"() SET search_path')
    expect(touch).toBeGreaterThan(file.indexOf('DROP TYPE'))
    expect(touch).toBeLessThan(file.indexOf('COMMIT;'))
    expect(file.match(/^ALTER FUNCTION/gm)).toHaveLength(3)
  })

  it('edited after its part was made for it is known by its text', async () => {
    const sql = createTable('Order', 'note')
    const file = (await compileDraft(schemaOf(order), { [DRAFT]: sql })).migration?.file ?? ''
    const edited = (text: string) => parseHeaders(text).parts.map(({ isAboveEdited }) => isAboveEdited)
    expect(edited(file)).toEqual([undefined])
    expect(edited(file.replaceAll('\n', '\r\n'))).toEqual([undefined])
    expect(edited(file.replace('"note" TEXT', '"note" VARCHAR(20)'))).toEqual([true])
  })

  it('that is not the last migration is refused', async () => {
    const migrations = { [DRAFT]: '', '20990101000000_later': '' }
    await expect(compileDraft(schemaOf(order), migrations)).rejects.toThrow('is not the last migration')
  })
})
