import { expect, test } from 'vitest'
import { compileProject, type Migrations, withNext } from './compile-project.ts'
import { apply, followed, type history, schemaWith, steps } from './follow-project.ts'

const model = (...fields: readonly string[]) =>
  schemaWith(`/// @audit(enabled)\nmodel A {\n  id Int @id\n  ${fields.join('\n  ')}\n}\n`)
const table = (...columns: readonly string[]): Migrations => ({
  '20260101000000_init': `CREATE TABLE "A" ("id" INTEGER NOT NULL PRIMARY KEY, ${columns.join(', ')});\n`,
})

const fields = [
  'total Decimal @db.Decimal(10, 2)',
  'at DateTime',
  'rate Float',
  'tags Decimal[] @db.Decimal(5, 1)',
  'span String',
] as const
const columns = [
  '"total" NUMERIC(14, 4)',
  '"at" TIMESTAMPTZ(6)',
  '"rate" NUMERIC',
  '"tags" NUMERIC(9, 3)[]',
  '"span" INTERVAL',
] as const
const VALUES = `12.3456, '2026-01-01 12:00:00.123456+00', 0.12345678901234567890123, '{1.234}', '1 day 02:00:00'`

const recordedRows = (database: Parameters<typeof history>[0]) =>
  database.query(
    `SELECT total::text, "at" = '2026-01-01 12:00:00.123456+00' AS "at", rate::text, tags::text, span FROM audit."A_audit" ORDER BY audit_id`,
  )
const WHOLE = {
  total: '12.3456',
  at: true,
  rate: '0.12345678901234567890123',
  tags: '{1.234}',
  span: 'P1DT2H',
}

test('where the migrations give a column another type than the schema, no value is rounded or shifted, and each is said at its field', async () => {
  const { project, done } = await followed(model(...fields), table(...columns), '20260102000000')
  const line =
    model(...fields)
      .split('\n')
      .findIndex((each) => each.includes('total')) + 1
  expect(project.diagnostics.map(({ code, field, place }) => [code, field, place?.line])).toEqual(
    fields.map((field, index) => ['AUD634', field.split(' ')[0], line + index]),
  )
  expect(project.text).toContain(
    '"A.total" is numeric(10,2) in the schema and numeric(14,4) in the migrations',
  )
  const database = await apply(done, {})
  await database.query(
    `SET TIME ZONE 'Asia/Tokyo'; SET intervalstyle = 'postgres_verbose'; INSERT INTO "A" VALUES (1, ${VALUES}); DELETE FROM "A"`,
  )
  expect(await recordedRows(database)).toEqual([WHOLE, WHOLE])
  await database.drop()
})

test('a history that rounded until now begins columns of the right type beside the old ones, and goes back when the table does', async () => {
  // What a schema that agreed with its table wrote, before a migration by hand widened the columns.
  const narrow = [
    '"total" NUMERIC(10, 2)',
    '"at" TIMESTAMP(3)',
    '"rate" DOUBLE PRECISION',
    '"tags" NUMERIC(5, 1)[]',
    '"span" TEXT',
  ]
  const start = table(...narrow)
  const schema = model(...fields)
  const first = withNext(start, await compileProject(schema, start), '20260102000000')
  const widened = {
    ...first,
    '20260103000000_by_hand': `ALTER TABLE "A" ALTER "total" TYPE NUMERIC(14, 4), ALTER "at" TYPE TIMESTAMPTZ(6), ALTER "rate" TYPE NUMERIC, ALTER "tags" TYPE NUMERIC(9, 3)[], ALTER "span" TYPE INTERVAL USING span::interval;\n`,
  }
  const { project, done } = await followed(schema, widened)
  expect(steps(project)).toContain('addColumn total')
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 1.5, '2026-01-01', 1, '{1}', '1 day')`,
    '20260104': `INSERT INTO "A" VALUES (2, ${VALUES})`,
  })
  expect((await recordedRows(database)).at(-1)).toEqual(WHOLE)
  await database.drop()
  const back = {
    ...done,
    '20260105000000_back': `ALTER TABLE "A" ALTER "total" TYPE NUMERIC(10, 2), ALTER "at" TYPE TIMESTAMP(3), ALTER "rate" TYPE DOUBLE PRECISION, ALTER "tags" TYPE NUMERIC(5, 1)[], ALTER "span" TYPE TEXT;\n`,
  }
  const { project: settled } = await followed(schema, back, '20260106000000')
  expect(settled.diagnostics.filter(({ code }) => code === 'AUD634')).toEqual([])
})

test.each([
  ['a length that the schema does not have', 'x String', '"x" VARCHAR(20)'],
  ['a longer one in the schema', 'x String @db.VarChar(40)', '"x" VARCHAR(20)'],
  ['integers', 'x BigInt', '"x" SMALLINT'],
  ['more digits', 'x Decimal', '"x" NUMERIC(14, 4)'],
  ['an identifier as text', 'x String', '"x" UUID'],
  ['a list of shorter texts', 'x String[]', '"x" VARCHAR(3)[]'],
])(
  "a column whose values the schema's type holds as they are is as the schema says: %s",
  async (_, field, column) => {
    const { project } = await followed(model(field), table(column))
    expect(project.text).toBe('')
  },
)

test.each([
  ['"x" CHAR(9)', 'x String', 'character(9)'],
  ['"x" TIMESTAMPTZ', 'x String', 'timestamp with time zone'],
  ['"x" BYTEA', 'x String', 'bytea'],
  ['"x" JSON', 'x Json', 'json'],
  ['"x" BIGINT', 'x Int', 'bigint'],
  ['"x" TEXT', 'x String @db.VarChar(3)', 'text'],
  ['"x" TEXT[]', 'x String', 'text[]'],
  ['"x" TIMESTAMP', 'x DateTime', 'timestamp without time zone'],
])('a column %s of a field %s is recorded as what it is', async (column, field, type) => {
  const { project } = await followed(model(field), table(column))
  expect(project.diagnostics.map(({ code }) => code)).toEqual(['AUD634'])
  expect(project.text).toContain(`and ${type} in the migrations`)
})

test('what is text for another reason, and what the files do not tell, is left as the schema says', async () => {
  const types = `CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN amount AS numeric(14, 4);\n`
  const schema = model(
    '/// @audit(redact)\n  a Int',
    '/// @audit(hash)\n  b Int',
    'c Decimal @db.Decimal(14, 4)',
    'd String @db.Citext',
    'e String',
    '/// @audit(exclude)\n  f Int',
    'g Decimal @db.Decimal(10, 2)',
  )
  const folder = table(
    '"a" BIGINT',
    '"b" BIGINT',
    '"c" amount',
    '"d" citext',
    '"e" mood',
    '"f" BIGINT',
    '"g" NUMERIC(14, 4)',
  )
  const first = `${types}${folder['20260101000000_init']}`
  const unseen = `DO $$ BEGIN EXECUTE 'ALTER TABLE "A" ALTER "g" TYPE numeric(10, 2)'; END $$;\n`
  const project = await compileProject(schema, {
    '20260101000000_init': first,
    '20260102000000_unseen': unseen,
  })
  expect(project.text).toBe('')
  const seen = await compileProject(schema, { '20260101000000_init': first })
  expect(seen.diagnostics.map(({ field }) => field)).toEqual(['g'])
})

test('a field of the key that waits for its new type stops nothing else', async () => {
  const key = (type: string, ...more: readonly string[]) =>
    schemaWith(`/// @audit(enabled)\nmodel A {\n  ${[`id ${type} @id`, ...more].join('\n  ')}\n}\n`)
  const start: Migrations = { '20260101000000_init': 'CREATE TABLE "A" ("id" TEXT NOT NULL PRIMARY KEY);\n' }
  const folder = withNext(start, await compileProject(key('String'), start), '20260102000000')
  const grown = { ...folder, '20260103000000_note': 'ALTER TABLE "A" ADD COLUMN "note" TEXT;\n' }
  const { project } = await followed(key('String @db.Uuid', 'note String?'), grown)
  expect(project.waiting).toEqual([])
  expect(steps(project)).toEqual(['addColumn note'])
  expect(project.diagnostics.map(({ code, field }) => [code, field])).toEqual([['AUD634', 'id']])
})

test('a column of a domain is recorded as what the domain is over, and a character of any length is not cut', async () => {
  const types = `CREATE DOMAIN amount AS numeric(14, 4); CREATE DOMAIN moment AS timestamptz; CREATE DOMAIN later AS moment;\n`
  const schema = model(
    'a Decimal @db.Decimal(10, 2)',
    'b DateTime',
    'c Decimal[] @db.Decimal(10, 2)',
    'd String @db.Char',
  )
  const folder = table('"a" amount', '"b" later', '"c" amount[]', '"d" bpchar')
  const start = { '20260101000000_init': `${types}${folder['20260101000000_init']}` }
  const { project, done } = await followed(schema, start, '20260102000000')
  expect(project.diagnostics.map(({ code, field }) => [code, field])).toEqual([
    ['AUD634', 'a'],
    ['AUD634', 'b'],
    ['AUD634', 'c'],
  ])
  const database = await apply(done, {
    '20260102': `SET TIME ZONE 'Asia/Tokyo'; INSERT INTO "A" VALUES (1, 12.3456, '2026-01-01 12:00:00.123456+00', '{1.2345}', 'many')`,
  })
  expect(
    await database.query(
      `SELECT a::text, b = '2026-01-01 12:00:00.123456+00' AS b, c::text, d FROM audit."A_audit"`,
    ),
  ).toEqual([{ a: '12.3456', b: true, c: '{1.2345}', d: 'many' }])
  await database.drop()
})
