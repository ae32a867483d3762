import {
  type Column,
  type ColumnKind,
  columnKinds,
  constraintName,
  type Database,
  type Enum,
  nameArgument,
  type Table,
} from './shape.ts'
import { foreignKeyName } from './sql.ts'

const nativeTypes: Partial<Record<ColumnKind, string>> = Object.fromEntries(
  Object.entries(columnKinds).flatMap(([kind, type]) => ('native' in type ? [[kind, type.native]] : [])),
)
const text = (value: string) => JSON.stringify(value)
/** Prisma's own name for a variant that is no identifier. */
const variantName = (variant: string) => variant.replace(/\W+/g, '_').replace(/_$/, '')

export function renderEnum(type: Enum): string {
  const variants = type.variants.map((variant) => {
    const name = variantName(variant)
    return name === variant ? `  ${name}` : `  ${name} @map(${text(variant)})`
  })
  const map = type.dbName === type.name ? [] : [`  @@map(${text(type.dbName)})`]
  return [`enum ${type.name} {`, ...variants, '', ...map, `  @@schema(${text(type.schema)})`, '}'].join('\n')
}

/** The model with its columns, its relations and those that others have to it. */
export function renderModel(table: Table, database: Database): string {
  const audit = table.auditName
    ? `enabled, table: ${text(`${table.auditName}_audit`)}, function: ${text(`${table.auditName}_audit_{role}`)}`
    : 'enabled'
  const lines = [
    `/// @audit(${audit})`,
    `model ${table.model} {`,
    ...table.columns.map((column) => `  ${renderColumn(table, column)}`),
    ...renderRelations(table, database).map((line) => `  ${line}`),
    '',
    ...renderAttributes(table).map((line) => `  ${line}`),
    '}',
  ]
  return lines.join('\n')
}

function renderColumn(table: Table, column: Column): string {
  const isEnum = typeof column.kind !== 'string'
  const type = typeof column.kind === 'string' ? columnKinds[column.kind].prisma : column.kind.name
  const parts = [column.field, `${type}${column.list ? '[]' : column.required ? '' : '?'}`]
  if (table.primaryKey.length === 1 && table.primaryKey[0] === column) {
    const name = nameArgument(constraintName(table.name, [], '_pkey'), table.name, [], '_pkey')
    parts.push(name ? `@id(${name})` : '@id')
  }
  for (const { unique, columns, name } of table.indexes) {
    if (!unique || columns.length > 1 || columns[0] !== column) continue
    const map = nameArgument(name, table.name, columns, '_key')
    parts.push(map ? `@unique(${map})` : '@unique')
  }
  if (column.default) {
    parts.push(`@default(${isEnum ? variantName(column.default.prisma) : column.default.prisma})`)
  } else if (column.field === 'updatedAt') {
    parts.push('@updatedAt')
  }
  if (column.name !== column.field) parts.push(`@map(${text(column.name)})`)
  const native = typeof column.kind === 'string' ? nativeTypes[column.kind] : undefined
  if (native) parts.push(native)
  return parts.join(' ')
}

function renderRelations(table: Table, { tables, joins }: Database): string[] {
  const name = (owner: Table, column: Column) => text(`${owner.model}_${column.field}`)
  const own = table.relations.map((relation) => {
    const { field, column, target, onDelete } = relation
    const map = nameArgument(foreignKeyName(table, relation), table.name, [column], '_fkey')
    const key = target.primaryKey[0]?.field ?? ''
    const optional = column.required ? '' : '?'
    return (
      `${field} ${target.model}${optional} @relation(${name(table, column)}, fields: [${column.field}], ` +
      `references: [${key}], onDelete: ${onDelete}, onUpdate: Cascade${map ? `, ${map}` : ''})`
    )
  })
  const back = tables.flatMap((other) =>
    other.relations
      .filter(({ target }) => target === table)
      .map(({ backField, column }) => `${backField} ${other.model}[] @relation(${name(other, column)})`),
  )
  const many = joins.flatMap(({ name: join, a, b }) => {
    const other = a === table ? b : b === table ? a : undefined
    return other ? [`joined${other.model} ${other.model}[] @relation(${text(join)})`] : []
  })
  return [...own, ...back, ...many]
}

function renderAttributes(table: Table): string[] {
  const fields = (columns: readonly Column[]) => `[${columns.map(({ field }) => field).join(', ')}]`
  const lines: string[] = []
  const withName = (columns: readonly Column[], name: string, suffix: string, named: readonly Column[]) => {
    const map = nameArgument(name, table.name, named, suffix)
    return `(${fields(columns)}${map ? `, ${map}` : ''})`
  }
  if (table.primaryKey.length > 1) {
    lines.push(`@@id${withName(table.primaryKey, constraintName(table.name, [], '_pkey'), '_pkey', [])}`)
  }
  for (const { unique, columns, name } of table.indexes) {
    if (unique && columns.length === 1) continue
    lines.push(
      unique
        ? `@@unique${withName(columns, name, '_key', columns)}`
        : `@@index${withName(columns, name, '_idx', columns)}`,
    )
  }
  if (table.name !== table.model) lines.push(`@@map(${text(table.name)})`)
  lines.push(`@@schema(${text(table.schema)})`)
  return lines
}
