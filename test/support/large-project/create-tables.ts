import {
  indexOn,
  inventColumn,
  inventEnum,
  inventKey,
  inventRelation,
  inventUnique,
  spell,
} from './invent.ts'
import type { TablePlan } from './plan.ts'
import { type Column, type Enum, type Join, keyOf, type Relation, type Table } from './shape.ts'
import { addForeignKey, createEnum, createIndex, createJoin, createTable } from './sql.ts'
import { snakeCase } from './words.ts'
import type { Change, World } from './world.ts'

/** Creates the next enums and tables of the plan, as Prisma Migrate orders them. */
export function createTables(world: World, tableCount: number, enumCount: number): Change {
  const { database, random } = world
  const enums = world.enumsToCome.splice(0, enumCount).map((plan) => {
    return inventEnum(plan.schema, plan.domain, plan.name, random)
  })
  database.enums.push(...enums)
  const unused = [...enums]
  const tables = world.tablesToCome.splice(0, tableCount).map((plan) => {
    const table = inventTable(world, plan, unused)
    database.tables.push(table)
    if (plan.passing) world.passing.add(table)
    return table
  })
  const joins = tables.flatMap((table) => inventJoin(world, table) ?? [])
  return {
    title: `add_${tables.map((table) => snakeCase(table.model)).join('_')}`.slice(0, 80),
    sql: [
      ...enums.map((type) => createEnum(type)),
      ...tables.map(createTable),
      ...tables.flatMap((table) => table.indexes.map((index) => createIndex(table, index))),
      ...tables.flatMap((table) => table.relations.map((relation) => addForeignKey(table, relation))),
      ...joins.map(createJoin),
    ],
  }
}

function inventTable(world: World, plan: TablePlan, unused: Enum[]): Table {
  const { random, database } = world
  const { model, schema, name, domain, auditName } = plan
  const columns: Column[] = []
  const relations: Relation[] = []
  const draft = { model, schema, name, domain, columns, relations, indexes: [] }
  const relate = (target: Table, options: Parameters<typeof inventRelation>[3]) => {
    const relation = inventRelation({ ...draft, primaryKey: [] }, target, random, options)
    if (!relation) return undefined
    columns.push(relation.column)
    relations.push(relation)
    return relation.column
  }
  const targets = database.tables.filter((table) => keyOf(table) && !world.passing.has(table))
  const primaryKey: Column[] = []
  if (plan.key === 'pair' && targets.length > 1) {
    for (const target of random.shuffle(targets).slice(0, 2)) {
      const column = relate(target, { required: true, onDelete: 'Cascade' })
      if (column) primaryKey.push(column)
    }
  } else if (plan.key !== 'unique') {
    const key = inventKey(spell(draft, 'id'), random)
    columns.push(key)
    primaryKey.push(key)
  }
  const table: Table = { ...draft, primaryKey, ...(auditName === undefined ? {} : { auditName }) }
  fill(world, table, unused)
  const related = targets.length > 0 ? random.below(4) : 0
  for (let n = 0; n < related; n += 1) relate(random.pick(targets), { required: random.chance(0.5) })
  if (keyOf(table) && random.chance(0.08)) {
    const relation = inventRelation(table, table, random, { onDelete: 'SetNull' })
    if (relation) {
      columns.push(relation.column)
      relations.push(relation)
    }
  }
  for (const relation of relations) {
    if (!primaryKey.includes(relation.column) && random.chance(0.5)) {
      table.indexes.push(indexOn(table, [relation.column], false))
    }
  }
  return table
}

function fill(world: World, table: Table, unused: Enum[]): void {
  const { random, database } = world
  if (table.primaryKey.length === 0) {
    const unique = [inventUnique(table, true)]
    table.columns.push(...unique)
    if (random.chance(0.5)) {
      unique.push({ ...inventUnique(table, true), kind: 'int' })
      table.columns.push(...unique.slice(1))
    }
    table.indexes.push(indexOn(table, unique, true))
  } else if (random.chance(0.15)) {
    const column = inventUnique(table, random.chance(0.7))
    table.columns.push(column)
    table.indexes.push(indexOn(table, [column], true))
  }
  const type = unused.shift()
  if (type) table.columns.push(inventColumn(table, database, random, { type }))
  const count = 2 + random.below(8) + random.below(6)
  for (let n = 0; n < count; n += 1) table.columns.push(inventColumn(table, database, random))
  if (random.chance(0.05)) {
    const field = 'aRatherLongFieldNameThatFillsPostgresqlsLimitForIdentifiersFull'.slice(0, 63)
    table.columns.push({ field, name: field, kind: 'text', list: false, required: false })
  }
  if (random.chance(0.7)) {
    const created = { prisma: 'now()', sql: 'CURRENT_TIMESTAMP' }
    const time = { kind: 'timestamp', list: false, required: true } as const
    table.columns.push(
      { ...time, field: 'createdAt', name: spell(table, 'createdAt'), default: created },
      { ...time, field: 'updatedAt', name: spell(table, 'updatedAt') },
    )
  }
}

function inventJoin(world: World, table: Table): Join | undefined {
  const { random, database } = world
  if (world.passing.has(table) || !keyOf(table) || !random.chance(0.03)) return undefined
  const others = database.tables.filter(
    (other) => other !== table && other.schema === table.schema && keyOf(other) && !world.passing.has(other),
  )
  if (others.length === 0) return undefined
  const [a, b] = [table, random.pick(others)].sort((left, right) => (left.model < right.model ? -1 : 1))
  if (!a || !b) return undefined
  const join = { name: `${a.model}To${b.model}`, a, b }
  database.joins.push(join)
  return join
}
