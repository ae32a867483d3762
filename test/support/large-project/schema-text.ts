import { type Column, columnKinds, constraintName, type Database, type Enum, type Table } from './shape.ts'

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
  if (table.primaryKey.length === 1 && table.primaryKey[0] === column) parts.push('@id')
  if (table.indexes.some(({ unique, columns }) => unique && columns.length === 1 && columns[0] === column)) {
    parts.push('@unique')
  }
  if (column.default) {
    parts.push(`@default(${isEnum ? variantName(column.default.prisma) : column.default.prisma})`)
  } else if (column.field === 'updatedAt') {
    parts.push('@updatedAt')
  }
  if (column.name !== column.field) parts.push(`@map(${text(column.name)})`)
  const native = typeof column.kind === 'string' ? columnKinds[column.kind] : undefined
  if (native && 'native' in native) parts.push(native.native)
  return parts.join(' ')
}

function renderRelations(table: Table, { tables, joins }: Database): string[] {
  const name = (owner: Table, column: Column) => text(`${owner.model}_${column.field}`)
  const own = table.relations.map(({ field, column, target, onDelete }) => {
    const key = target.primaryKey[0]?.field ?? ''
    const optional = column.required ? '' : '?'
    return (
      `${field} ${target.model}${optional} @relation(${name(table, column)}, fields: [${column.field}], ` +
      `references: [${key}], onDelete: ${onDelete}, onUpdate: Cascade)`
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
  if (table.primaryKey.length > 1) lines.push(`@@id(${fields(table.primaryKey)})`)
  for (const { unique, columns, name } of table.indexes) {
    if (unique && columns.length === 1) continue
    // An index keeps its name when a column gets another.
    const names = columns.map((column) => column.name)
    const expected = constraintName(table.name, names, unique ? '_key' : '_idx')
    const map = name === expected ? '' : `, map: ${text(name)}`
    lines.push(`@@${unique ? 'unique' : 'index'}(${fields(columns)}${map})`)
  }
  if (table.name !== table.model) lines.push(`@@map(${text(table.name)})`)
  lines.push(`@@schema(${text(table.schema)})`)
  return lines
}
