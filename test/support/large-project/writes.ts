import type { Random } from './random.ts'
import { type Column, type Database, isBound, keyOf, type Table } from './shape.ts'
import { quote, tableName, valueFor } from './sql.ts'

/** What happens to one table; each a list of SQL statements. */
export type Writes = {
  readonly kept: readonly string[]
  /** Each of these may be refused by a foreign key, and is then undone alone. */
  readonly attempted: readonly string[]
  readonly rolledBack: readonly string[]
}

const isSequence = (column: Column) => column.default?.prisma === 'autoincrement()'

/**
 * Random writes on one table: many rows at once, updates, keys that change (which cascades), deletes, and
 * sometimes TRUNCATE. Rows are numbered from `first`, so that no two calls make equal keys.
 */
export function inventWrites(table: Table, database: Database, random: Random, first: number): Writes {
  const name = tableName(table)
  const free = table.columns.filter((column) => !isBound(table, column))
  const some = (rows: number) => `ctid IN (SELECT ctid FROM ${name} ORDER BY ctid LIMIT ${rows})`
  const change = (columns: readonly Column[], number: number) =>
    columns.map((column) => `${quote(column.name)} = ${valueFor(column, String(number))}`).join(', ')
  const update = (rows: number) => {
    const columns = random.shuffle(free).slice(0, 1 + random.below(3))
    if (columns.length === 0) return []
    return [`UPDATE ${name} SET ${change(columns, first + 500)} WHERE ${some(rows)}`]
  }
  const referred =
    database.tables.some(({ relations }) => relations.some(({ target }) => target === table)) ||
    database.joins.some(({ a, b }) => a === table || b === table)
  const emptied = !referred && random.chance(0.2) ? [`TRUNCATE ${name}`, insert(table, first + 20, 5)] : []
  return {
    kept: [insert(table, first, 12), ...update(8), ...emptied, ...update(1)],
    attempted: [...changeKey(table, 2), `DELETE FROM ${name} WHERE ${some(3)}`],
    rolledBack: [insert(table, first + 40, 3), ...update(4), ...changeKey(table, 1)],
  }
}

function insert(table: Table, first: number, rows: number): string {
  const columns = table.columns.filter((column) => !isSequence(column))
  const sources = [`generate_series(${first}, ${first + rows - 1}) AS g`]
  let stride = '1'
  const values = columns.map((column) => {
    const relation = table.relations.find((each) => each.column === column)
    const target = relation?.target
    const key = target && keyOf(target)
    if (!target || !key) return valueFor(column, 'g')
    const keys = `r${sources.length}.keys`
    const column_ = quote(key.name)
    sources.push(
      `(SELECT array_agg(${column_} ORDER BY ${column_}) AS keys FROM ${tableName(target)}) AS r${sources.length}`,
    )
    const value = `${keys}[1 + (g / ${stride}) % cardinality(${keys})]`
    // In a key of two references each pair occurs once.
    if (table.primaryKey.includes(column)) stride = `cardinality(${keys})`
    return value
  })
  const names = columns.map((column) => quote(column.name)).join(', ')
  return `INSERT INTO ${tableName(table)} (${names})\nSELECT ${values.join(', ')}\nFROM ${sources.join(', ')}\nON CONFLICT DO NOTHING`
}

function changeKey(table: Table, rows: number): string[] {
  const key = keyOf(table)
  if (!key) return []
  const name = quote(key.name)
  const next =
    key.kind === 'text'
      ? `${name} || '.'`
      : key.kind === 'uuid'
        ? `md5(${name}::text)::uuid`
        : `${name} + 1000000`
  const where = `ctid IN (SELECT ctid FROM ${tableName(table)} ORDER BY ctid LIMIT ${rows})`
  return [`UPDATE ${tableName(table)} SET ${name} = ${next} WHERE ${where}`]
}
