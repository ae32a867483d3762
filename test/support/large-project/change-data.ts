import { addRelation } from './change-structure.ts'
import { inventColumn } from './invent.ts'
import type { Column, Table } from './shape.ts'
import { columnDefinition, enumName, literal, quote, tableName, valueFor } from './sql.ts'
import { snakeCase } from './words.ts'
import { type Change, pickColumn, type World } from './world.ts'

/** An enum's first variant is never removed, so that rows which migrations write can stay. */
const lasting = (column: Column, n: number) =>
  typeof column.kind === 'string' || column.list
    ? valueFor(column, String(n))
    : `${literal(column.kind.variants[0] ?? '')}::${enumName(column.kind)}`

const isEnumList = (column: Column) => column.list && typeof column.kind !== 'string'

/** INSERT, UPDATE, DELETE, a backfilled new column, or an UPDATE from a WITH clause. */
export function changeData(world: World): Change | undefined {
  const shape = world.random.below(10)
  if (shape < 3) return backfill(world)
  if (shape < 5) return insertRows(world)
  if (shape < 6) return deleteRows(world)
  return updateRows(world, shape === 9)
}

function backfill(world: World): Change {
  const table = world.random.pick(world.database.tables)
  const column = inventColumn(table, world.database, world.random, { optional: true })
  table.columns.push(column)
  const name = quote(column.name)
  const fill = `UPDATE ${tableName(table)} SET ${name} = ${lasting(column, 1)} WHERE ${name} IS NULL;`
  const sql = [`ALTER TABLE ${tableName(table)} ADD COLUMN ${columnDefinition(column)};`, fill]
  if (world.random.chance(0.6)) {
    column.required = true
    sql.push(`ALTER TABLE ${tableName(table)} ALTER COLUMN ${name} SET NOT NULL;`)
  }
  return { title: `backfill_${snakeCase(column.field)}_of_${snakeCase(table.model)}`, sql }
}

function insertRows(world: World): Change | undefined {
  const standsAlone = (table: Table) => table.relations.every(({ column }) => !column.required)
  const tables = world.database.tables.filter(
    (table) => standsAlone(table) && !table.columns.some(isEnumList),
  )
  if (tables.length === 0) return undefined
  const table = world.random.pick(tables)
  const columns = table.columns.filter((column) => {
    const filledBySequence = column.default?.prisma === 'autoincrement()'
    return column.required && column.default?.sql === undefined && !filledBySequence
  })
  const rows = [1, 2, 3].map(() => {
    world.rows += 1
    return `    (${columns.map((column) => lasting(column, world.rows)).join(', ')})`
  })
  const names = columns.map((column) => quote(column.name)).join(', ')
  const target = `INSERT INTO ${tableName(table)}`
  return {
    title: `seed_${snakeCase(table.model)}`,
    sql:
      names === '' ? [`${target} DEFAULT VALUES;`] : [`${target} (${names})\nVALUES\n${rows.join(',\n')};`],
  }
}

function deleteRows(world: World): Change | undefined {
  const found = pickColumn(world, (column) => column.kind === 'boolean' && !column.list)
  if (!found) return undefined
  const { table, column } = found
  const referred = world.database.tables.some(({ relations }) =>
    relations.some((relation) => relation.target === table && relation.onDelete === 'Restrict'),
  )
  if (referred) return undefined
  return {
    title: `delete_from_${snakeCase(table.model)}`,
    sql: [`DELETE FROM ${tableName(table)} WHERE ${quote(column.name)} IS NULL;`],
  }
}

function updateRows(world: World, fromClause: boolean): Change | undefined {
  const found = pickColumn(world, (column) => !isEnumList(column))
  if (!found) return undefined
  const { table, column } = found
  world.rows += 1
  const name = quote(column.name)
  const assignment = `SET ${name} = ${lasting(column, world.rows)}`
  const plain = `UPDATE ${tableName(table)} ${assignment} WHERE ${name} IS NOT NULL;`
  const some = `WITH chosen AS (SELECT ctid FROM ${tableName(table)} LIMIT 2)`
  const joined = `UPDATE ${tableName(table)} AS t ${assignment}\nFROM chosen WHERE t.ctid = chosen.ctid;`
  return {
    title: `correct_${snakeCase(column.field)}`,
    sql: [fromClause ? `${some}\n${joined}` : plain],
  }
}

/** A DO block: a constraint that may be there already, or a loop over rows. */
export function runBlock(world: World): Change {
  const { random, database } = world
  const table = random.pick(database.tables)
  const relation = random.chance(0.5)
    ? addRelation(
        world,
        table,
        (foreignKey) => `DO $$\nBEGIN\n  ${foreignKey}\nEXCEPTION WHEN duplicate_object THEN NULL;\nEND\n$$;`,
      )
    : []
  if (relation.length > 0) return { title: `relate_${snakeCase(table.model)}`, sql: relation }
  const found = pickColumn(world, (column) => column.kind === 'text' && !column.list)
  const target = found ?? { table, column: table.columns[0] }
  const name = quote(target.column?.name ?? '')
  const loop = [
    'DO $do$',
    'DECLARE',
    '  one record;',
    'BEGIN',
    `  FOR one IN SELECT ctid FROM ${tableName(target.table)} LOOP`,
    `    UPDATE ${tableName(target.table)} SET ${name} = ${name} WHERE ctid = one.ctid;`,
    '  END LOOP;',
    'END',
    '$do$;',
  ]
  return { title: `walk_${snakeCase(target.table.model)}`, sql: [loop.join('\n')] }
}

/** The application's own trigger, which changes the row before it is written. */
export function addOwnTrigger(world: World): Change | undefined {
  const found = pickColumn(world, (column) => column.field === 'updatedAt')
  if (!found) return undefined
  const { table, column } = found
  world.held.add(column)
  const name = `${quote(table.schema)}.${quote(`touch_${snakeCase(table.model)}`)}`
  const body = `BEGIN NEW.${quote(column.name)} := CURRENT_TIMESTAMP; RETURN NEW; END`
  return {
    title: `touch_${snakeCase(table.model)}`,
    sql: [
      `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ ${body} $$;`,
      `CREATE TRIGGER "touch" BEFORE UPDATE ON ${tableName(table)}\n  FOR EACH ROW EXECUTE FUNCTION ${name}();`,
    ],
  }
}
