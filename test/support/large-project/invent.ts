import type { Random } from './random.ts'
import {
  type Column,
  type ColumnKind,
  constraintName,
  type Database,
  type Enum,
  keyOf,
  type Relation,
  type Table,
} from './shape.ts'
import { enumName, literal } from './sql.ts'
import { capitalize, decapitalize, fieldWords, freshName, snakeCase, variantWords } from './words.ts'

/** How often each type occurs, as in public applications: mostly text, times, numbers and flags. */
const frequencies: readonly (readonly [ColumnKind, number])[] = [
  ['text', 36],
  ['timestamp', 11],
  ['int', 11],
  ['boolean', 11],
  ['json', 7],
  ['varchar', 3],
  ['timestamptz', 3],
  ['float', 2],
  ['decimal', 2],
  ['money', 2],
  ['bigint', 2],
  ['uuid', 2],
  ['date', 1],
  ['bytes', 1],
  ['smallint', 1],
  ['real', 1],
  ['char', 1],
  ['inet', 1],
  ['time', 1],
  ['plainJson', 1],
]
const kinds = frequencies.flatMap(([kind, times]) => Array<ColumnKind>(times).fill(kind))

/** Names as one application spells them: as in the schema file, or in snake case with `@map`. */
export const spell = (table: { readonly name: string }, field: string) =>
  table.name === table.name.toLowerCase() ? snakeCase(field) : field

export function inventEnum(schema: string, domain: string, name: string, random: Random): Enum {
  const variants = random.shuffle(variantWords).slice(0, 2 + random.below(6))
  const shape = random.below(10)
  return {
    schema,
    domain,
    name,
    dbName: shape < 6 ? name : shape < 9 ? snakeCase(name) : `${name} (kind)`,
    variants: shape === 3 ? variants.map((variant) => variant.toLowerCase()) : variants,
  }
}

function defaultFor(kind: ColumnKind | Enum, list: boolean, random: Random): Column['default'] {
  if (list) return undefined
  if (typeof kind !== 'string') {
    const first = kind.variants[0] ?? ''
    return { prisma: first, sql: `${literal(first)}::${enumName(kind)}` }
  }
  switch (kind) {
    case 'text':
    case 'varchar':
      return { prisma: '""', sql: "''" }
    case 'int':
    case 'smallint':
    case 'bigint':
    case 'money':
    case 'decimal':
    case 'float':
    case 'real': {
      const value = String(random.below(100))
      return { prisma: value, sql: value }
    }
    case 'boolean': {
      const value = String(random.chance(0.3))
      return { prisma: value, sql: value }
    }
    case 'timestamp':
    case 'timestamptz':
      return { prisma: 'now()', sql: 'CURRENT_TIMESTAMP' }
    case 'json':
      return { prisma: '"{}"', sql: "'{}'" }
    default:
      return undefined
  }
}

/**
 * A plain column. One that is added to a table which may hold rows already is optional or has a default.
 */
export function inventColumn(
  table: Table,
  database: Database,
  random: Random,
  options: { readonly later?: boolean; readonly type?: Enum; readonly optional?: boolean } = {},
): Column {
  const taken = new Set(table.columns.map((column) => column.field))
  for (const relation of table.relations) taken.add(relation.field)
  const field = freshName(random.pick(fieldWords), fieldWords, taken, random)
  const useEnum = options.type !== undefined || (database.enums.length > 0 && random.chance(0.1))
  const kind = options.type ?? (useEnum ? random.pick(database.enums) : random.pick(kinds))
  const list = random.chance(0.05) && options.optional !== true
  const value = random.chance(0.4) && options.optional !== true ? defaultFor(kind, list, random) : undefined
  const required = list || value !== undefined || (options.later !== true && random.chance(0.5))
  return {
    field,
    name: spell(table, field),
    kind,
    list,
    required: required && options.optional !== true,
    ...(value === undefined ? {} : { default: value }),
  }
}

export function inventKey(name: string, random: Random): Column {
  const shape = random.below(20)
  const base = { field: 'id', name, list: false, required: true }
  if (shape < 12) return { ...base, kind: 'text', default: { prisma: 'cuid()' } }
  if (shape < 15) return { ...base, kind: 'uuid', default: { prisma: 'uuid()' } }
  if (shape < 19) return { ...base, kind: 'int', default: { prisma: 'autoincrement()' } }
  return { ...base, kind: 'bigint', default: { prisma: 'autoincrement()' } }
}

/** A reference to another table, or to itself; the column is not yet in `table.columns`. */
export function inventRelation(
  table: Table,
  target: Table,
  random: Random,
  options: { readonly required?: boolean; readonly onDelete?: Relation['onDelete'] } = {},
): Relation | undefined {
  const key = keyOf(target)
  if (key === undefined) return undefined
  const taken = new Set(table.columns.map((column) => column.field))
  for (const relation of table.relations) taken.add(relation.field)
  const base = decapitalize(target.model)
  const word = freshName(target === table ? 'parent' : base, ['Source', 'Target', 'Owner'], taken, random)
  const field = freshName(`${word}Ref`, ['Source', 'Target', 'Owner'], taken, random)
  const columnField = `${word}Id`
  if (taken.has(columnField)) return undefined
  const required = options.required ?? false
  return {
    field,
    backField: `${decapitalize(table.model)}By${capitalize(word)}`,
    column: { field: columnField, name: spell(table, columnField), kind: key.kind, list: false, required },
    target,
    onDelete: options.onDelete ?? (required ? random.pick(['Cascade', 'Restrict'] as const) : 'SetNull'),
  }
}

/** A unique text column such as a slug or an external id. */
export function inventUnique(table: Table, required: boolean): Column {
  const field = ['slug', 'handle', 'publicId'].find(
    (name) => !table.columns.some((column) => column.field === name),
  )
  return {
    field: field ?? 'uniqueKey',
    name: spell(table, field ?? 'uniqueKey'),
    kind: 'text',
    list: false,
    required,
  }
}

export function indexOn(table: Table, columns: readonly Column[], unique: boolean) {
  const name = constraintName(
    table.name,
    columns.map((column) => column.name),
    unique ? '_key' : '_idx',
  )
  return { columns, name, unique }
}
