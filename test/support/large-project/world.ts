import type { EnumPlan, TablePlan } from './plan.ts'
import type { Random } from './random.ts'
import { type Column, type Database, type Enum, isBound, type Table } from './shape.ts'

/** The database as it stands between two migrations, and what is still to come. */
export type World = {
  readonly random: Random
  readonly database: Database
  readonly tablesToCome: TablePlan[]
  readonly enumsToCome: EnumPlan[]
  readonly passing: Set<Table>
  /** Columns that a function of the application's own reads. */
  readonly held: Set<Column>
  /** Counts on, so that no two rows that migrations insert are the same. */
  rows: number
}

/** What one migration is called and does, as SQL statements. */
export type Change = { readonly title: string; readonly sql: readonly string[] }

/** A column that may be changed without anything else noticing, of a table that stays. */
export function pickColumn(
  world: World,
  wanted: (column: Column, table: Table) => boolean,
): { table: Table; column: Column } | undefined {
  const found = world.database.tables.flatMap((table) =>
    table.columns
      .filter((column) => !isBound(table, column) && !world.held.has(column) && wanted(column, table))
      .map((column) => ({ table, column })),
  )
  return found.length === 0 ? undefined : world.random.pick(found)
}

/** Every column of an enum's type. */
export function columnsOf(database: Database, type: Enum): { table: Table; column: Column }[] {
  return database.tables.flatMap((table) =>
    table.columns.filter((column) => column.kind === type).map((column) => ({ table, column })),
  )
}
