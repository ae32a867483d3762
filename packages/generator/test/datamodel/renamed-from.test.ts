import { expect, test } from 'vitest'
import { desiredState } from '../../src/state/desired-state.ts'
import { auditSchema, resolveSchema } from './resolve-schema.ts'

const withNames = (model: string, field: string) =>
  auditSchema(`/// @audit(enabled${model})
model Order {
  id Int @id
  /// @audit(${field})
  name String @map("label")
}
`)

test('a former table is in the schema of the model unless another is named, and a former column is a column', async () => {
  const { model, text } = await resolveSchema(withNames(', renamedFrom: "orders"', 'renamedFrom: "title"'))
  expect(text).toBe('')
  expect(model.tables[0]).toMatchObject({
    renamedFrom: { schema: 'public', name: 'orders' },
    columns: [{ name: 'id' }, { name: 'label', renamedFrom: 'title' }],
  })
  const elsewhere = await resolveSchema(withNames(', renamedFrom: "shop.orders"', 'record'))
  expect(elsewhere.model.tables[0]?.renamedFrom).toEqual({ schema: 'shop', name: 'orders' })
})

test('what something was called is no part of what the database should hold', async () => {
  const named = await resolveSchema(withNames(', renamedFrom: "orders"', 'renamedFrom: "title"'))
  const plain = await resolveSchema(withNames('', 'record'))
  expect(desiredState(named.model)).toEqual(desiredState(plain.model))
})
