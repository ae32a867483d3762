import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { auditSchema, DATASOURCE, resolveSchema } from './resolve-schema.ts'

const resolve = (models: string, options = '') => resolveSchema(auditSchema(models, options))

describe('which models are audited', () => {
  test('those with @audit(enabled), and no others, sorted by table', async () => {
    const { model, text } = await resolve(`
/// @audit(enabled)
model Zebra {
  id Int @id
}
model Plain {
  id Int @id
}
/// @audit(disabled)
model Off {
  /// @audit(exclude)
  id Int @id
}
/// Text before. @audit(enabled) text after.
model Ape {
  id Int @id
}`)
    expect(text).toBe('')
    expect(model.tables.map((table) => table.model)).toEqual(['Ape', 'Zebra'])
  })

  test('also over several files of a schema folder, with places in the right file', async () => {
    const { model, text } = await resolveSchema(
      `${DATASOURCE}\n/// @audit(enabled)\nmodel A {\n  id Int @id\n  b B[]\n}\n`,
      '/// @audit(enabled)\nmodel B {\n  id Int @id\n  /// @audit(enabled)\n  aId Int\n  a A @relation(fields: [aId], references: [id])\n}\n',
    )
    expect(model.tables.map((table) => table.model)).toEqual(['A', 'B'])
    expect(text).toContain('schema2.prisma:4:14 - error AUD207')
  })
})

test('columns are the database columns in the order of the model, relations and excluded ones left out', async () => {
  const { model } = await resolve(
    `
enum Colour {
  RED @map("red")
  @@map("colours")
}
/// @audit(enabled)
model Order {
  b       Int?
  id      Int    @id @map("Order Id")
  /// @audit(exclude)
  search  String
  colours Colour[] @map("COLOURS")
  /// @audit(record)
  parent  Order? @relation("p", fields: [b], references: [id])
  price   Decimal @db.Decimal(10, 2)
  kids    Order[] @relation("p")
}`.replace('  /// @audit(record)\n', ''),
  )
  const [table] = model.tables
  expect(
    table?.columns.map(({ field, name, isEnum, type }) => [field, name, isEnum, type.name, type.list]),
  ).toEqual([
    ['b', 'b', false, 'integer', false],
    ['id', 'Order Id', false, 'integer', false],
    ['colours', 'COLOURS', true, 'text', true],
    ['price', 'price', false, 'numeric', false],
  ])
  expect(table?.key).toEqual(['Order Id'])
})

describe('the key', () => {
  const keyOf = async (body: string) =>
    (await resolve(`/// @audit(enabled)\nmodel M {\n${body}\n}`)).model.tables[0]?.key

  test('is @@id in its own order', async () => {
    expect(await keyOf('  a Int @map("A")\n  b Int\n  @@id([b, a])')).toEqual(['b', 'A'])
  })

  test('else the unique index of required columns with the fewest, of equal ones the first', async () => {
    expect(
      await keyOf('  a Int\n  b Int\n  c Int? @unique\n  d Int @unique\n  e Int @unique\n  @@unique([a, b])'),
    ).toEqual(['d'])
    expect(await keyOf('  a Int\n  b Int\n  c Int?\n  @@unique([a, c])\n  @@unique([b, a])')).toEqual([
      'b',
      'a',
    ])
  })

  test('never holds an excluded column', async () => {
    expect(await keyOf('  /// @audit(exclude)\n  a Int @unique\n  b Int @unique')).toEqual(['b'])
  })
})

test("a model's settings take the place of the generator's, and its other options too", async () => {
  const { model, text } = await resolve(
    `/// @audit(enabled)
model A {
  id Int @id
}
/// @audit(enabled, sessionSettings: [job Int @db.SmallInt, note String? @db.VarChar(20) @default("-")], truncate: refuse, missingSettings: refuse)
model B {
  id Int @id
}
/// @audit(enabled, sessionSettings: [])
model C {
  id Int @id
}`,
    `  sessionSettings = ["username String", "app_uuid String? @db.Uuid"]
  missingSettings = "record"`,
  )
  expect(text).toBe('')
  const [a, b, c] = model.tables
  expect(a).toMatchObject({ missingSettings: 'record', truncate: 'record' })
  expect(a?.settings).toEqual([
    {
      name: 'username',
      column: 'audit_username',
      settingType: 'String',
      type: { name: 'text', args: [], list: false },
      required: true,
    },
    {
      name: 'app_uuid',
      column: 'audit_app_uuid',
      settingType: 'Uuid',
      type: { name: 'uuid', args: [], list: false },
      required: false,
    },
  ])
  expect(b).toMatchObject({ missingSettings: 'refuse', truncate: 'refuse' })
  expect(b?.settings).toEqual([
    {
      name: 'job',
      column: 'audit_job',
      settingType: 'Int',
      type: { name: 'smallint', args: [], list: false },
      required: true,
    },
    {
      name: 'note',
      column: 'audit_note',
      settingType: 'String',
      type: { name: 'varchar', args: [20], list: false },
      required: false,
      default: '-',
    },
  ])
  expect(c?.settings).toEqual([])
})

test('tables are known by @@map and @@schema', async () => {
  const schemas = DATASOURCE.replace('"postgresql"', '"postgresql"\n  schemas = ["auth", "public"]')
  const { model } = await resolveSchema(
    `${schemas}/// @audit(enabled)\nmodel User {\n  id Int @id\n  @@map("user \\"x\\"")\n  @@schema("auth")\n}\n`,
  )
  expect(model.tables[0]?.source).toEqual({ schema: 'auth', name: 'user "x"' })
})

test('the same schema gives the same model and the same text', async () => {
  const text = readFileSync(new URL('../../../../prisma/schema.prisma', import.meta.url), 'utf8')
  const [first, second] = [await resolveSchema(text), await resolveSchema(text)]
  expect(JSON.stringify(second)).toBe(JSON.stringify(first))
  expect(first.model.tables.length).toBeGreaterThan(5)
})
