import { indexOn, inventColumn, inventRelation, inventUnique, spell } from './invent.ts'
import { type Column, type ColumnKind, constraintName, keyOf, type Table } from './shape.ts'
import {
  addForeignKey,
  alter,
  alterColumn,
  columnDefinition,
  columnType,
  createIndex,
  foreignKeyName,
  quote,
  tableName,
} from './sql.ts'
import { fieldWords, freshName, snakeCase } from './words.ts'
import { type Change, pickColumn, type World } from './world.ts'

export function addColumns(world: World): Change {
  const { random, database } = world
  const table = random.pick(database.tables)
  const sql: string[] = []
  const count = 1 + random.below(3)
  for (let n = 0; n < count; n += 1) {
    const column = inventColumn(table, database, random, { later: true })
    table.columns.push(column)
    sql.push(alter(table, `ADD COLUMN ${columnDefinition(column)}`))
  }
  if (random.chance(0.15)) sql.push(...addRelation(world, table, (foreignKey) => foreignKey))
  if (random.chance(0.05)) {
    const column = inventUnique(table, false)
    if (!table.columns.some(({ field }) => field === column.field)) {
      const index = indexOn(table, [column], true)
      table.columns.push(column)
      table.indexes.push(index)
      sql.push(alter(table, `ADD COLUMN ${columnDefinition(column)}`), createIndex(table, index))
    }
  }
  return { title: `extend_${snakeCase(table.model)}`, sql }
}

/** An optional reference to a random table; `wrap` gives the statement that adds the foreign key. */
export function addRelation(world: World, table: Table, wrap: (foreignKey: string) => string): string[] {
  const targets = world.database.tables.filter((target) => keyOf(target) && !world.passing.has(target))
  const relation = inventRelation(table, world.random.pick(targets), world.random)
  if (!relation) return []
  table.columns.push(relation.column)
  table.relations.push(relation)
  return [
    alter(table, `ADD COLUMN ${columnDefinition(relation.column)}`),
    wrap(addForeignKey(table, relation)),
  ]
}

export function dropColumn(world: World): Change | undefined {
  const found = pickColumn(world, (_, table) => table.columns.length > 4)
  if (!found) return undefined
  const { table, column } = found
  table.columns.splice(table.columns.indexOf(column), 1)
  return {
    title: `drop_${snakeCase(column.field)}_of_${snakeCase(table.model)}`,
    sql: [alter(table, `DROP COLUMN ${quote(column.name)}`)],
  }
}

export function renameColumn(world: World): Change | undefined {
  const found = pickColumn(world, () => true)
  if (!found) return undefined
  const { table, column } = found
  const taken = new Set([...table.columns, ...table.relations].map(({ field }) => field))
  const before = column.name
  column.field = freshName(world.random.pick(fieldWords), fieldWords, taken, world.random)
  column.name = spell(table, column.field)
  return {
    title: `rename_a_column_of_${snakeCase(table.model)}`,
    sql: [alter(table, `RENAME COLUMN ${quote(before)} TO ${quote(column.name)}`)],
  }
}

/** Renames what is named after the table too, so that Prisma finds nothing to rename later. */
export function renameTable(world: World): Change | undefined {
  const plain = world.database.tables.filter(
    (table) => /^\w{3,40}$/.test(table.name) && !table.auditName && !table.name.includes('__'),
  )
  const table = world.random.pick(plain)
  const before = { key: constraintName(table.name, [], '_pkey'), name: tableName(table) }
  const keysBefore = table.relations.map((relation) => foreignKeyName(table, relation))
  table.name = `${table.name}${/[A-Z]/.test(table.name) ? 'Record' : '_record'}`
  const rename = (what: string, to: string) =>
    alter(table, `RENAME CONSTRAINT ${quote(what)} TO ${quote(to)}`)
  const sql = [`ALTER TABLE ${before.name} RENAME TO ${quote(table.name)};`]
  if (table.primaryKey.length > 0) sql.push(rename(before.key, constraintName(table.name, [], '_pkey')))
  table.relations.forEach((relation, index) => {
    sql.push(rename(keysBefore[index] ?? '', foreignKeyName(table, relation)))
  })
  table.indexes.forEach((index, position) => {
    const after = indexOn(table, index.columns, index.unique)
    const name = `${quote(table.schema)}.${quote(index.name)}`
    sql.push(`ALTER INDEX ${name} RENAME TO ${quote(after.name)};`)
    table.indexes[position] = after
  })
  return { title: `rename_${snakeCase(table.model)}`, sql }
}

const wider: Partial<Record<ColumnKind, ColumnKind>> = {
  varchar: 'text',
  int: 'bigint',
  smallint: 'int',
  real: 'float',
  char: 'text',
}

export function widenColumn(world: World): Change | undefined {
  const next = (column: Column) => (typeof column.kind === 'string' ? wider[column.kind] : undefined)
  const found = pickColumn(world, (column) => next(column) !== undefined && !column.list && !column.default)
  if (!found) return undefined
  const { table, column } = found
  column.kind = next(column) ?? column.kind
  return {
    title: `widen_${snakeCase(column.field)}`,
    sql: [alterColumn(table, column, `SET DATA TYPE ${columnType(column)}`)],
  }
}

export function makeOptional(world: World): Change | undefined {
  const found = pickColumn(world, (column) => column.required && !column.list && column.field !== 'updatedAt')
  if (!found) return undefined
  found.column.required = false
  return {
    title: `${snakeCase(found.column.field)}_is_optional`,
    sql: [alterColumn(found.table, found.column, 'DROP NOT NULL')],
  }
}

export function addIndex(world: World, concurrently = false): Change | undefined {
  const sortable: readonly unknown[] = ['text', 'int', 'timestamp', 'boolean', 'varchar', 'timestamptz']
  const candidates = world.database.tables.flatMap((table) =>
    table.columns
      .filter((column) => sortable.includes(column.kind) && !column.list && !world.held.has(column))
      .map((column) => ({ table, index: indexOn(table, [column], false) }))
      .filter(({ index }) => !table.indexes.some(({ name }) => name === index.name)),
  )
  if (candidates.length === 0) return undefined
  const { table, index } = world.random.pick(candidates)
  table.indexes.push(index)
  const title = `index_${snakeCase(table.model)}`
  return { title, sql: [createIndex(table, index, concurrently ? ' CONCURRENTLY' : '')] }
}

export function dropTable(world: World): Change | undefined {
  const [table] = world.passing
  if (!table) return undefined
  world.passing.delete(table)
  world.database.tables.splice(world.database.tables.indexOf(table), 1)
  const foreignKeys = table.relations.map((relation) =>
    alter(table, `DROP CONSTRAINT ${quote(foreignKeyName(table, relation))}`),
  )
  return {
    title: `drop_${snakeCase(table.model)}`,
    sql: [...foreignKeys, `DROP TABLE ${tableName(table)};`],
  }
}
