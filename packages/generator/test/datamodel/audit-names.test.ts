import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import { OWN_COLUMNS } from '../../src/datamodel/audit-columns.ts'
import { resolveNames } from '../../src/datamodel/audit-names.ts'
import { DEFAULT_TEMPLATES, renderDefaultTemplate } from '../../src/datamodel/name-template.ts'
import { byteLength } from '../../src/model/names.ts'
import * as objectNames from '../../src/sql/object-names.ts'
import { auditSchema, resolveSchema } from './resolve-schema.ts'

const source = (table: string) => ({ model: 'Order', schema: 'public', table })
const namesOf = (table: string) => Object.values(resolveNames(source(table), {}, DEFAULT_TEMPLATES).names)

describe('default names', () => {
  test('keep the table readable', () => {
    expect(resolveNames(source('orders'), {}, DEFAULT_TEMPLATES).names).toEqual({
      table: 'orders_audit',
      captureFunction: 'orders_audit_capture',
      keyFunction: 'orders_audit_key',
      truncateFunction: 'orders_audit_truncate',
      insertTrigger: 'audit_insert',
      updateTrigger: 'audit_update',
      deleteTrigger: 'audit_delete',
      keyTrigger: 'audit_key',
      truncateTrigger: 'audit_truncate',
    })
  })

  test('of exactly 63 bytes stay, of one more are cut and hashed', () => {
    const fits = 'x'.repeat(57)
    expect(renderDefaultTemplate('table', { table: fits })).toBe(`${fits}_audit`)
    const cut = renderDefaultTemplate('table', { table: `${fits}x` })
    expect(cut).toMatch(/^x{46}_[0-9a-z]{10}_audit$/)
    expect(byteLength(cut)).toBe(63)
  })

  const character = fc.constantFrom('a', 'é', '漢', '😀', '_', '"')
  const table = fc.array(character, { minLength: 1, maxLength: 63 }).map((chars) => chars.join(''))
  /** Long names that differ only at their end, where PostgreSQL would not look. */
  const twins = fc.record({ stem: table, a: fc.string({ maxLength: 4 }), b: fc.string({ maxLength: 4 }) })

  test('never exceed 63 bytes, never cut a character, are the same each time', () => {
    fc.assert(
      fc.property(table, (name) => {
        for (const each of namesOf(name)) {
          expect(byteLength(each)).toBeLessThanOrEqual(63)
          expect(Buffer.byteLength(each)).toBe(byteLength(each))
          expect(each.isWellFormed?.() ?? true).toBe(true)
        }
        expect(namesOf(name)).toEqual(namesOf(name))
      }),
    )
  })

  test('of two different tables never become one', () => {
    fc.assert(
      fc.property(twins, ({ stem, a, b }) => {
        fc.pre(a !== b)
        const long = stem.repeat(64)
        for (const kind of ['table', 'function', 'settingColumn'] as const) {
          const name = (value: string) =>
            renderDefaultTemplate(kind, { table: value, setting: value, role: 'capture' })
          expect(name(long + a)).not.toBe(name(long + b))
          expect(name(stem + a)).not.toBe(name(stem + b))
        }
      }),
    )
  })
})

test('names of 63 bytes are names that PostgreSQL keeps whole', async () => {
  const database = await useTestDatabase()
  for (const table of ['漢'.repeat(21), '😀é"'.repeat(9), 'x'.repeat(63)]) {
    const name = renderDefaultTemplate('function', { table, role: 'truncate' })
    await database.query(`CREATE TABLE "${name.replaceAll('"', '""')}" ()`)
    const found = await database.query('SELECT FROM pg_class WHERE relname = $1', [name])
    expect(found).toHaveLength(1)
  }
})

test("templates of the generator and of a model take all placeholders, and the model's win", async () => {
  const { model, text } = await resolveSchema(
    auditSchema(
      `/// @audit(enabled)
model Order {
  id Int @id
  @@map("orders")
}
/// @audit(enabled, table: "{model} history", function: "{schema}.{role}", trigger: "{operation} {table}")
model Item {
  id Int @id
}`,
      `  table    = "{schema}_{table}_{model}_log"
  function = "{model}_{role}"
  trigger  = "zz_{operation}"
  sessionSettings = ["user String"]
  settingColumn   = "by {setting}"`,
    ),
  )
  expect(text).toBe('')
  expect(model.tables.map(({ names, settings }) => [...Object.values(names), settings[0]?.column])).toEqual([
    [
      'Item history',
      'public.capture',
      'public.key',
      'public.truncate',
      'insert Item',
      'update Item',
      'delete Item',
      'key Item',
      'truncate Item',
      'by user',
    ],
    [
      'public_orders_Order_log',
      'Order_capture',
      'Order_key',
      'Order_truncate',
      'zz_insert',
      'zz_update',
      'zz_delete',
      'zz_key',
      'zz_truncate',
      'by user',
    ],
  ])
})

test("the names that are refused to source columns are the audit table's own", () => {
  const own = Object.values(objectNames).flatMap((value) =>
    typeof value === 'object' ? Object.values(value).filter((name) => name.startsWith('audit_')) : [],
  )
  expect([...OWN_COLUMNS].sort()).toEqual([...own].sort())
})
