import type { Column } from './shape.ts'
import { alterColumn, createEnum, enumName, literal, quote } from './sql.ts'
import { capitalize, snakeCase, variantWords } from './words.ts'
import { type Change, columnsOf, type World } from './world.ts'

export function addVariant(world: World): Change | undefined {
  const { random, database } = world
  const type = random.pick(database.enums)
  const variant = random.pick(variantWords.filter((word) => !type.variants.includes(word)))
  const spelled = random.chance(0.2) ? `${capitalize(variant.toLowerCase())} (old)` : variant
  if (type.variants.includes(spelled)) return undefined
  type.variants.push(spelled)
  return {
    title: `extend_${snakeCase(type.name)}`,
    sql: [`ALTER TYPE ${enumName(type)} ADD VALUE ${literal(spelled)};`],
  }
}

/** Removes the last variant, which nothing uses, the way Prisma Migrate does: a new type takes its place. */
export function removeVariant(world: World): Change | undefined {
  const types = world.database.enums.filter(({ variants }) => variants.length > 2)
  if (types.length === 0) return undefined
  const type = world.random.pick(types)
  type.variants.pop()
  const users = columnsOf(world.database, type)
  const using = ({ name, list }: Column) => {
    const brackets = list ? '[]' : ''
    const target = `${enumName(type, '_new')}${brackets}`
    return `TYPE ${target} USING (${quote(name)}::text${brackets}::${target})`
  }
  const withDefault = users.filter(({ column }) => column.default)
  return {
    title: `shrink_${snakeCase(type.name)}`,
    sql: [
      'BEGIN;',
      createEnum(type, '_new'),
      ...withDefault.map(({ table, column }) => alterColumn(table, column, 'DROP DEFAULT')),
      ...users.map(({ table, column }) => alterColumn(table, column, using(column))),
      `ALTER TYPE ${enumName(type)} RENAME TO ${quote(`${type.dbName}_old`)};`,
      `ALTER TYPE ${enumName(type, '_new')} RENAME TO ${quote(type.dbName)};`,
      `DROP TYPE ${enumName(type, '_old')};`,
      ...withDefault.map(({ table, column }) =>
        alterColumn(table, column, `SET DEFAULT ${column.default?.sql ?? 'NULL'}`),
      ),
      'COMMIT;',
    ],
  }
}
