import { createHash } from 'node:crypto'

/** What Prisma calls a column's type, how the schema writes it, and what PostgreSQL calls it. */
export const columnKinds = {
  text: { prisma: 'String', sql: 'TEXT' },
  varchar: { prisma: 'String', native: '@db.VarChar(255)', sql: 'VARCHAR(255)' },
  char: { prisma: 'String', native: '@db.Char(3)', sql: 'CHAR(3)' },
  uuid: { prisma: 'String', native: '@db.Uuid', sql: 'UUID' },
  inet: { prisma: 'String', native: '@db.Inet', sql: 'INET' },
  int: { prisma: 'Int', sql: 'INTEGER' },
  smallint: { prisma: 'Int', native: '@db.SmallInt', sql: 'SMALLINT' },
  bigint: { prisma: 'BigInt', sql: 'BIGINT' },
  float: { prisma: 'Float', sql: 'DOUBLE PRECISION' },
  real: { prisma: 'Float', native: '@db.Real', sql: 'REAL' },
  decimal: { prisma: 'Decimal', sql: 'DECIMAL(65,30)' },
  money: { prisma: 'Decimal', native: '@db.Decimal(12, 2)', sql: 'DECIMAL(12,2)' },
  boolean: { prisma: 'Boolean', sql: 'BOOLEAN' },
  timestamp: { prisma: 'DateTime', sql: 'TIMESTAMP(3)' },
  timestamptz: { prisma: 'DateTime', native: '@db.Timestamptz(3)', sql: 'TIMESTAMPTZ(3)' },
  date: { prisma: 'DateTime', native: '@db.Date', sql: 'DATE' },
  time: { prisma: 'DateTime', native: '@db.Time(3)', sql: 'TIME(3)' },
  json: { prisma: 'Json', sql: 'JSONB' },
  plainJson: { prisma: 'Json', native: '@db.Json', sql: 'JSON' },
  bytes: { prisma: 'Bytes', sql: 'BYTEA' },
} satisfies Record<string, { prisma: string; native?: string; sql: string }>

export type ColumnKind = keyof typeof columnKinds

export type Enum = {
  readonly schema: string
  /** In the schema file and, where they differ, in the database. */
  readonly name: string
  readonly dbName: string
  variants: string[]
  readonly domain: string
}

export type Column = {
  field: string
  /** In the database. */
  name: string
  kind: ColumnKind | Enum
  readonly list: boolean
  required: boolean
  /** As the schema file says it and as PostgreSQL does. */
  readonly default?: { readonly prisma: string; readonly sql?: string } | undefined
}

export type Relation = {
  /** The relation's field here, and the list that Prisma wants on the other side. */
  readonly field: string
  readonly backField: string
  readonly column: Column
  readonly target: Table
  readonly onDelete: 'Cascade' | 'SetNull' | 'Restrict'
}

export type Index = { readonly columns: readonly Column[]; readonly name: string; readonly unique: boolean }

export type Table = {
  readonly model: string
  readonly schema: string
  name: string
  readonly domain: string
  readonly columns: Column[]
  /** Empty where the table is known by a unique index only. */
  readonly primaryKey: readonly Column[]
  readonly indexes: Index[]
  readonly relations: Relation[]
  /** A name of its own for the audit table, where another table's would be the same. */
  readonly auditName?: string
}

/** Prisma's implicit many-to-many: a table `_<name>` with the columns A and B. */
export type Join = { readonly name: string; readonly a: Table; readonly b: Table }

export type Database = { readonly enums: Enum[]; readonly tables: Table[]; readonly joins: Join[] }

/** The one column that others may refer to. */
export function keyOf(table: Table): Column | undefined {
  return table.primaryKey.length === 1 ? table.primaryKey[0] : undefined
}

/** Columns that a key, an index or a relation holds on to. */
export function isBound(table: Table, column: Column): boolean {
  return (
    table.primaryKey.includes(column) ||
    table.indexes.some((index) => index.columns.includes(column)) ||
    table.relations.some((relation) => relation.column === column)
  )
}

/**
 * The name that Prisma gives a constraint; where that would be over PostgreSQL's 63 bytes and therefore
 * cut, one with a check sum, because two long names that begin alike would become one.
 */
export function constraintName(table: string, columns: readonly string[], suffix: string): string {
  const usual = usualName(table, columns, suffix)
  if (Buffer.byteLength(usual) <= 63) return usual
  return `long_${createHash('sha256').update(usual).digest('hex').slice(0, 12)}${suffix}`
}

/** `, map: "…"` where the schema must say what a constraint is called. */
export function nameArgument(
  name: string,
  table: string,
  columns: readonly Column[],
  suffix: string,
): string | undefined {
  const names = columns.map((column) => column.name)
  return name === usualName(table, names, suffix) ? undefined : `map: ${JSON.stringify(name)}`
}

const usualName = (table: string, columns: readonly string[], suffix: string) =>
  [table, ...columns].join('_') + suffix
