import internals from '@prisma/internals'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPrismaProject, type PrismaProject } from '../../../../test/support/prisma-project.ts'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import {
  columnType,
  enumColumnType,
  isPrismaScalar,
  nativeTypeNames,
} from '../../src/datamodel/column-types.ts'
import type { ColumnType } from '../../src/model/column-type.ts'
import { compileProject, schemaOf } from '../compile/compile-project.ts'
import { DATASOURCE } from './resolve-schema.ts'

const SCALARS = [
  'String',
  'Int',
  'BigInt',
  'Float',
  'Decimal',
  'Boolean',
  'DateTime',
  'Bytes',
  'Json',
] as const

/** Native types with arguments, besides each one bare. */
const WITH_ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  VarChar: ['1', '20', '10485760'],
  Char: ['1', '5'],
  Bit: ['1', '4'],
  VarBit: ['4'],
  Decimal: ['10,2', '65,30', '5,0', '1000,0'],
  Timestamp: ['0', '3', '6'],
  Timestamptz: ['0', '3', '6'],
  Time: ['0', '6'],
  Timetz: ['2'],
}

const attributes = SCALARS.flatMap((scalar) => [
  { scalar, native: '' },
  ...nativeTypeNames(scalar).flatMap((name) => [
    { scalar, native: ` @db.${name}` },
    ...(WITH_ARGUMENTS[name] ?? []).map((args) => ({ scalar, native: ` @db.${name}(${args})` })),
  ]),
])
const fields = attributes.flatMap(({ scalar, native }, index) => [
  `  c${index}r ${scalar}${native}`,
  `  c${index}o ${scalar}?${native}`,
  `  c${index}l ${scalar}[]${native}`,
])
const schema = `${DATASOURCE}
enum Colour {
  RED
}

model Everything {
  id Int @id @default(autoincrement())
  er Colour
  eo Colour?
  el Colour[]
${fields.join('\n')}
}
`

const database = await useTestDatabase()
let project: PrismaProject
beforeAll(async () => {
  project = await createPrismaProject({ schema, databaseUrl: database.url })
  await database.query('CREATE EXTENSION citext')
  await project.prisma(['db', 'push'])
})
afterAll(() => project.cleanup())

/** How PostgreSQL itself spells a type of ours. */
async function formatType({ name, args, list }: ColumnType): Promise<string> {
  const spelled = /^(timestamp|time)(tz)?$/.exec(name)
  const base = spelled
    ? `${spelled[1]}${args.length > 0 ? `(${args.join(',')})` : ''} ${spelled[2] ? 'with' : 'without'} time zone`
    : `${name}${args.length > 0 ? `(${args.join(',')})` : ''}`
  await database.query(`CREATE TEMP TABLE t (c ${base}${list ? '[]' : ''})`)
  const [row] = await database.query<{ type: string }>(
    `SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'c'`,
  )
  await database.query('DROP TABLE t')
  return row?.type ?? ''
}

test('every scalar × native type × optional × list is the type of the column that Prisma creates', async () => {
  const { datamodel } = await internals.getDMMF({ datamodel: schema })
  const columns = await database.query<{ name: string; type: string }>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = '"Everything"'::regclass AND attnum > 0 ORDER BY attnum`,
  )
  const real = new Map(columns.map(({ name, type }) => [name, type]))
  const known = new Map<string, string>()
  const differences: unknown[] = []
  const model = datamodel.models.find(({ name }) => name === 'Everything')
  for (const field of model?.fields ?? []) {
    const type =
      field.kind === 'enum'
        ? enumColumnType(field.isList)
        : isPrismaScalar(field.type) && columnType(field.type, field.nativeType ?? null, field.isList)
    if (!type) {
      differences.push([field.name, field.type, field.nativeType])
      continue
    }
    const key = JSON.stringify(type)
    known.set(key, known.get(key) ?? (await formatType(type)))
    // What has no type in the history of its own is text there.
    const expected = real.get(field.name)?.replace(/^(citext|"Colour")/, 'text')
    if (known.get(key) !== expected) differences.push([field.name, known.get(key), expected])
  }
  expect(differences).toEqual([])
  expect(real.size).toBe(fields.length + 4)
})

test('the migration that Prisma writes for all of them is no other type to the audit', async () => {
  const to = ['--to-schema', project.schemaPath, '--script']
  const { stdout } = await project.prisma(['migrate', 'diff', '--from-empty', ...to])
  const audited = schemaOf(
    schema.slice(DATASOURCE.length).replace('model Everything', '/// @audit(enabled)\nmodel Everything'),
  )
  const { diagnostics, migration } = await compileProject(audited, { '20260101000000_init': stdout })
  expect(diagnostics).toEqual([])
  expect(migration?.slug).toBe('everything')
})

test('a native type, scalar or argument that is not in the table gives nothing rather than a guess', () => {
  expect(columnType('String', ['Cube', []], false)).toBeUndefined()
  expect(columnType('String', ['toString', []], false)).toBeUndefined()
  expect(columnType('String', ['VarChar', ['1', '2']], false)).toBeUndefined()
  expect(columnType('String', ['VarChar', ['1); DROP TABLE x']], false)).toBeUndefined()
  expect(isPrismaScalar('constructor')).toBe(false)
})
