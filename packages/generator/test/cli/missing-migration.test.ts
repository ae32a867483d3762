import { expect, test } from 'vitest'
import { diagnoseMissingMigration } from '../../src/cli/missing-migration.ts'
import type { MigrationStep } from '../../src/state/migration-step.ts'
import { compileProject, createTable } from '../compile/compile-project.ts'
import { audited, schemaWith } from '../compile/follow-project.ts'

const model = (...fields: readonly string[]) =>
  schemaWith(`/// @audit(enabled)\nmodel A {\n  ${fields.join('\n  ')}\n}\n`)
const before = model('id Int @id', 'note String?', 'text String?')
const start = await audited(before, createTable('A', 'note', 'text'))

/** What `check` says of the steps that are missing after a migration, without their places. */
async function said(schema: string, sql: string): Promise<string> {
  const project = await compileProject(schema, { ...start, '20260103000000_later': sql })
  return reasons(project.migration?.plan.steps ?? [])
}

function reasons(steps: readonly MigrationStep[]): string {
  const generator = { file: 'schema.prisma', line: 1, column: 1, length: 1 }
  const [first] = diagnoseMissingMigration(steps, { models: new Map(), generator, tables: [] })
  return (first?.message ?? '').replace(/^.* is not up to date: /, '')
}

test('a column of another type is said once, in the key too', async () => {
  expect(
    await said(
      model('id Int @id', 'note Int?', 'text String?'),
      'ALTER TABLE "A" ALTER COLUMN note TYPE int USING note::int;\n',
    ),
  ).toBe('the column "note" has another type.')
  const key = 'ALTER TABLE "A" ALTER COLUMN id TYPE bigint;\n'
  expect(await said(model('id BigInt @id', 'note String?', 'text String?'), key)).toBe(
    'the column "id" has another type.',
  )
})

test('a column that takes the name of a dropped one: the one is still recorded, the other is called so', async () => {
  const sql = 'ALTER TABLE "A" DROP COLUMN note;\nALTER TABLE "A" RENAME COLUMN text TO note;\n'
  expect(await said(model('id Int @id', 'note String?'), sql)).toBe(
    'the column "note" is still recorded; the column "text" is called "note".',
  )
})

test('each reason to emit the functions anew has its own words', async () => {
  const again = (reason: 'enum changed' | 'column retyped') =>
    reasons([{ kind: 'replaceFunctions', source: { schema: 'public', name: 'A' }, reason }])
  expect(again('enum changed')).toBe('an enum type of one of its columns changed.')
  expect(again('column retyped')).toBe('one of its columns has another type.')
  const citext = 'CREATE DOMAIN words AS text;\nALTER TABLE "A" ALTER COLUMN note TYPE words;\n'
  expect(await said(before, citext)).toBe('one of its columns has another type.')
})

test('a table whose triggers another one took along says where they are', async () => {
  const sql = `ALTER TABLE "A" RENAME TO "Old";\n${createTable('A', 'note', 'text').replace('A_pkey', 'A_key')}`
  expect(await said(before, sql)).toBe('its triggers are on "public"."Old", which had its name.')
})
