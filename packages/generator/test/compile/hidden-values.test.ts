import { expect, test } from 'vitest'
import { auditedModel, createTable, type Migrations } from './compile-project.ts'
import { audited, followed, schemaWith, steps } from './follow-project.ts'

const schema = (field: string) => schemaWith(auditedModel('A').replace(/\n\}/, `\n  ${field}\n}`))
const folder = (field: string, column: string) => audited(schema(field), createTable('A', column))
const RENAME = '20260103000000_rename'

test('a field that gets a name that hides it no more is not shown in silence', async () => {
  const before = await folder('token String?', 'token')
  const renamed: Migrations = { ...before, [RENAME]: 'ALTER TABLE "A" RENAME COLUMN "token" TO "label";\n' }
  const { project } = await followed(schema('label String?'), renamed)
  expect(project.text).toContain(
    'warning AUD622: the values of "public"."A"."label" will be in the history from this migration on: until now they were redacted',
  )
  expect(steps(project)).toContain('renameColumn token -> label')

  const kept = await followed(schema('/// @audit(redact)\n  label String?'), renamed)
  expect(kept.project.text).not.toContain('AUD622')
  expect(steps(kept.project)).toEqual(['renameColumn token -> label'])
})

test('nor is one whose hash is taken away; hiding more says nothing', async () => {
  const hashed = '/// @audit(hash)\n  a String?'
  const before = await folder(hashed, 'a')
  const shown = await followed(schema('a String?'), before)
  expect(shown.project.text).toContain('until now they were hashed')
  const redacted = await followed(schema('/// @audit(redact)\n  a String?'), before)
  expect(redacted.project.text).not.toContain('AUD622')
  const again = await followed(schema(hashed), await folder('a String?', 'a'))
  expect(again.project.text).not.toContain('AUD622')
  expect(steps(again.project)).toEqual(['retireColumn a', 'setAsideColumn a -> a__2', 'addColumn a'])
})
