import {
  type Column,
  columnKinds,
  constraintName,
  type Enum,
  type Index,
  type Join,
  keyOf,
  type Relation,
  type Table,
} from './shape.ts'

export const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
export const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
export const tableName = (table: { schema: string; name: string }) =>
  `${quote(table.schema)}.${quote(table.name)}`
export const enumName = (type: Enum, suffix = '') => `${quote(type.schema)}.${quote(type.dbName + suffix)}`

export const alter = (table: Table, action: string) => `ALTER TABLE ${tableName(table)} ${action};`
export const alterColumn = (table: Table, column: Column, action: string) =>
  alter(table, `ALTER COLUMN ${quote(column.name)} ${action}`)

const elementType = ({ kind }: Column) => (typeof kind === 'string' ? columnKinds[kind].sql : enumName(kind))
export const columnType = (column: Column) => elementType(column) + (column.list ? '[]' : '')

const actions = { Cascade: 'CASCADE', SetNull: 'SET NULL', Restrict: 'RESTRICT' } as const

export function columnDefinition(column: Column): string {
  const autoincrement = column.default?.prisma === 'autoincrement()'
  const type = autoincrement ? (column.kind === 'bigint' ? 'BIGSERIAL' : 'SERIAL') : columnType(column)
  const required = column.required && !column.list ? ' NOT NULL' : ''
  return `${quote(column.name)} ${type}${required}${column.default?.sql ? ` DEFAULT ${column.default.sql}` : ''}`
}

export function createEnum(type: Enum, suffix = ''): string {
  return `CREATE TYPE ${enumName(type, suffix)} AS ENUM (${type.variants.map(literal).join(', ')});`
}

export function createTable(table: Table): string {
  const key = table.primaryKey.map((column) => quote(column.name))
  const lines = table.columns.map(columnDefinition)
  const constraint = `CONSTRAINT ${quote(constraintName(table.name, [], '_pkey'))} PRIMARY KEY (${key.join(',')})`
  if (key.length > 0) lines.push(`\n    ${constraint}`)
  return `CREATE TABLE ${tableName(table)} (\n    ${lines.join(',\n    ')}\n);`
}

export function createIndex(table: Table, index: Index, concurrently = ''): string {
  const columns = index.columns.map((column) => quote(column.name)).join(', ')
  const verb = index.unique ? 'CREATE UNIQUE INDEX' : `CREATE INDEX${concurrently}`
  return `${verb} ${quote(index.name)} ON ${tableName(table)}(${columns});`
}

export function foreignKeyName(table: Table, relation: Relation): string {
  return constraintName(table.name, [relation.column.name], '_fkey')
}

export function addForeignKey(table: Table, relation: Relation): string {
  const target = `${tableName(relation.target)}(${quote(keyOf(relation.target)?.name ?? '')})`
  return (
    `ALTER TABLE ${tableName(table)} ADD CONSTRAINT ${quote(foreignKeyName(table, relation))} ` +
    `FOREIGN KEY (${quote(relation.column.name)}) REFERENCES ${target} ` +
    `ON DELETE ${actions[relation.onDelete]} ON UPDATE CASCADE;`
  )
}

export function createJoin({ name, a, b }: Join): string {
  const table = `${quote(a.schema)}.${quote(`_${name}`)}`
  const sides = [
    ['A', a],
    ['B', b],
  ] as const
  const columns = sides.map(([side, { primaryKey }]) => {
    const [key] = primaryKey
    return `    "${side}" ${key ? columnType(key) : ''} NOT NULL`
  })
  const references = sides.map(
    ([side, target]) =>
      `ALTER TABLE ${table} ADD CONSTRAINT ${quote(`_${name}_${side}_fkey`)} FOREIGN KEY ("${side}") ` +
      `REFERENCES ${tableName(target)}(${quote(keyOf(target)?.name ?? '')}) ON DELETE CASCADE ON UPDATE CASCADE;`,
  )
  return [
    `CREATE TABLE ${table} (`,
    `${columns.join(',\n')},\n`,
    `    CONSTRAINT ${quote(`_${name}_AB_pkey`)} PRIMARY KEY ("A","B")\n);`,
    `CREATE INDEX ${quote(`_${name}_B_index`)} ON ${table}("B");`,
    ...references,
  ].join('\n')
}

/** An SQL expression of the column's type that depends on `n`, an SQL expression that gives an integer. */
export function valueFor(column: Column, n: string): string {
  const one = (m: string) => elementFor(column, m)
  return column.list ? `ARRAY[${one(n)}, ${one(`${n} + 1`)}]::${columnType(column)}` : one(n)
}

function elementFor({ kind }: Column, n: string): string {
  if (typeof kind !== 'string') {
    return `(enum_range(NULL::${enumName(kind)}))[1 + (${n}) % ${kind.variants.length}]`
  }
  switch (kind) {
    case 'text':
    case 'varchar':
      return `'it''s no. ' || (${n})`
    case 'char':
      return `left(md5((${n})::text), 3)`
    case 'uuid':
      return `md5((${n})::text)::uuid`
    case 'inet':
      return `('10.0.0.' || (${n}) % 250)::inet`
    case 'int':
      return `(${n})::integer`
    case 'smallint':
      return `((${n}) % 30000)::smallint`
    case 'bigint':
      return `(${n})::bigint * 4294967296`
    case 'float':
    case 'real':
      return `(${n}) / 7.0`
    case 'decimal':
    case 'money':
      return `(${n})::numeric / 8`
    case 'boolean':
      return `(${n}) % 2 = 0`
    case 'timestamp':
      return `timestamp '2024-02-28' + (${n}) * interval '1 hour'`
    case 'timestamptz':
      return `timestamptz '2024-02-28 00:00Z' + (${n}) * interval '1 hour'`
    case 'date':
      return `date '2024-02-28' + (${n})::integer % 1000`
    case 'time':
      return `time '00:00' + (${n}) * interval '1 minute'`
    case 'json':
      return `jsonb_build_object('n', ${n})`
    case 'plainJson':
      return `json_build_object('n', ${n})`
    case 'bytes':
      return `decode(md5((${n})::text), 'hex')`
  }
}
