import { addOwnTrigger, changeData, runBlock } from './change-data.ts'
import { addVariant, removeVariant } from './change-enum.ts'
import {
  addColumns,
  addIndex,
  dropColumn,
  dropTable,
  makeOptional,
  renameColumn,
  renameTable,
  widenColumn,
} from './change-structure.ts'
import { createTables } from './create-tables.ts'
import { type LargeProjectSize, planEnums, planTables, schemas } from './plan.ts'
import { makeRandom, type Random } from './random.ts'
import type { Database } from './shape.ts'
import type { Change, World } from './world.ts'

export type MigrationFile = { readonly directory: string; readonly sql: string }
type MakeChange = (world: World) => Change | undefined

/** How large a part of the migrations does what; columns that are added make up the rest. */
const shares: readonly (readonly [MakeChange, number])[] = [
  [dropColumn, 0.05],
  [renameColumn, 0.02],
  [renameTable, 0.01],
  [widenColumn, 0.02],
  [makeOptional, 0.02],
  [(world) => addIndex(world), 0.05],
  [(world) => addIndex(world, true), 0.09],
  [addVariant, 0.07],
  [removeVariant, 0.02],
  [addOwnTrigger, 0.01],
]
const tablesAt = 0.19

/** Lives through a project's whole life: each migration changes the database that the last one left. */
export function inventHistory(
  seed: number,
  size: LargeProjectSize,
): { database: Database; migrations: MigrationFile[] } {
  const random = makeRandom(seed)
  const passing = Math.max(1, Math.round(size.migrations / 90))
  const world: World = {
    random,
    database: { enums: [], tables: [], joins: [] },
    tablesToCome: planTables(size, passing, random),
    enumsToCome: planEnums(size, random),
    passing: new Set(),
    held: new Set(),
    rows: 0,
  }
  const migrations = schedule(size, passing, random).map((make, index) => {
    const change = attempt(make, world)
    const head = index === 0 ? schemas.map((schema) => `CREATE SCHEMA IF NOT EXISTS "${schema}";`) : []
    return {
      directory: `${timeStamp(index)}_${change.title}`,
      sql: `${[...head, ...change.sql].join('\n\n')}\n`,
    }
  })
  return { database: world.database, migrations }
}

function schedule(size: LargeProjectSize, passing: number, random: Random): MakeChange[] {
  const repeat = (make: MakeChange, times: number) => Array<MakeChange>(times).fill(make)
  const creating = Math.round(size.migrations * tablesAt)
  const share = (total: number, index: number) =>
    Math.round(((index + 1) * total) / creating) - Math.round((index * total) / creating)
  const creates = Array.from({ length: creating }, (_, index): MakeChange => {
    return (world) => createTables(world, share(size.models + passing, index), share(size.enums, index))
  })
  const changes = [
    ...shares.flatMap(([make, part]) => repeat(make, Math.round(size.migrations * part))),
    ...repeat(changeData, size.dataChanges),
    ...repeat(runBlock, size.doBlocks),
  ]
  const rest = size.migrations - creating - changes.length - passing
  if (rest < 0) throw new Error('Too few migrations for what they are to hold.')
  // Tables come in their order, the first of them before all else, those that go again at the very end.
  const early = Math.max(2, Math.round(creating / 8))
  const slots = random.shuffle([...changes, ...repeat(addColumns, rest), ...repeat(create, creating - early)])
  const later = creates.slice(early)
  const middle = slots.map((make) => (make === create ? (later.shift() ?? addColumns) : make))
  return [...creates.slice(0, early), ...middle, ...repeat(dropTable, passing)]
}

/** Holds the place of the next `createTables` while the order is shuffled. */
const create: MakeChange = () => undefined

function attempt(make: MakeChange, world: World): Change {
  for (let tries = 0; tries < 20; tries += 1) {
    const change = make(world)
    if (change && change.sql.length > 0) return change
  }
  return addColumns(world)
}

/** Prisma's directory names begin with a time of 14 digits; here two a day from 2021 on. */
function timeStamp(index: number): string {
  const time = new Date(Date.UTC(2021, 0, 4, 9) + index * 12 * 3_600_000)
  return time.toISOString().replace(/\D/g, '').slice(0, 14)
}
