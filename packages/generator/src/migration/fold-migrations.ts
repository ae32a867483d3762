import { nameKey } from '../model/names.ts'
import type {
  PartitionPlace,
  RepointedColumn,
  SourceColumn,
  SourceDatabase,
  SourceTable,
} from '../model/source-database.ts'
import { condenseFile } from './condense-file.ts'
import type { CondensedFile } from './condensed.ts'
import { foldFile } from './fold-file.ts'
import { schemasBefore } from './fold-schemas.ts'
import {
  baseText,
  type FoldedColumnType,
  type FoldedTable,
  type FoldState,
  isInAuditSchema,
  typeText,
} from './fold-state.ts'
import { columnOf, heirs } from './heirs.ts'
import { lastMigration } from './last-migration.ts'
import type { FoldOptions, MigrationFile } from './migration-file.ts'
import { loadSqlParser } from './sql-parser.ts'

/** An enum as the migration files leave it, its labels in order. */
export interface SourceEnum {
  readonly schema: string
  readonly name: string
  readonly values: readonly string[]
}

/** What the files build: the source database, and its enums. */
export interface FoldedDatabase extends SourceDatabase {
  readonly enums: readonly SourceEnum[]
}

/**
 * Reads the tables, types and data changes out of migration files, without a database.
 *
 * `files` come in Prisma's order. Tables are sorted by schema and name. A column's type is spelled as
 * PostgreSQL's `format_type` spells it; a type of the application's own is `"schema"."name"`, one that an
 * extension brings `"name"`. Never throws on any text: what is not understood is in `notInterpreted`.
 */
export async function foldMigrations(
  files: readonly MigrationFile[],
  options: FoldOptions = {},
): Promise<FoldedDatabase> {
  const parser = await loadSqlParser()
  return foldCondensed(
    files.map(({ name, path, text }) => ({
      name,
      path,
      condensed: condenseFile(text.replace(/^\uFEFF/, ''), parser),
    })),
    options,
  )
}

/** A migration that needs no parsing any more. */
export interface CondensedMigration {
  readonly name: string
  readonly path: string
  readonly condensed: CondensedFile
}

/** The fold itself: pure, quick, and without a parser. */
export function foldCondensed(
  migrations: readonly CondensedMigration[],
  options: FoldOptions = {},
): FoldedDatabase {
  const defaultPath = [options.defaultSchema ?? 'public']
  const state: FoldState = {
    tables: new Map(),
    types: new Map(),
    indexes: new Map(),
    views: new Map(),
    functions: new Map(),
    running: new Set(),
    schemas: schemasBefore(migrations, options),
    prepared: new Map(),
    dataChanges: [],
    droppedTables: [],
    interferences: [],
    notInterpreted: [],
    defaultPath,
    auditSchema: options.auditSchema ?? 'audit',
    sharedSchema: options.sharedSchema ?? options.auditSchema === 'public',
    searchPath: defaultPath,
    file: { name: '', path: '' },
  }
  for (const { name, path, condensed } of migrations) {
    state.file = { name, path }
    foldFile(state, condensed)
  }
  return {
    migrations: migrations.map(({ name }) => name),
    tables: sourceTables(state),
    enums: [...state.types.values()]
      .flatMap(({ schema, name, values }) => (values ? [{ schema, name, values }] : []))
      .sort(byName),
    dataChanges: state.dataChanges,
    droppedTables: state.droppedTables,
    interferences: state.interferences,
    notInterpreted: state.notInterpreted,
    ...lastMigration(migrations.at(-1), defaultPath[0]),
  }
}

function sourceTables(state: FoldState): SourceTable[] {
  return [...state.tables.values()]
    .filter((table) => !table.hidden && !isInAuditSchema(state, table))
    .sort(byName)
    .map((table) => sourceTable(table, heirs(state, table), repointed(state, table)))
}

/** Where the table that the keys were of is gone, the new one has most likely taken its place. */
function repointed(state: FoldState, { references }: FoldedTable): readonly RepointedColumn[] {
  return references.flatMap(({ column, before }) => {
    if (before === undefined || state.tables.get(nameKey(before.table)) !== before.table) return []
    return [{ column, migration: before.migration }]
  })
}

function sourceTable(
  table: FoldedTable,
  below: readonly FoldedTable[],
  elsewhere: readonly RepointedColumn[],
): SourceTable {
  const { schema, name, columns, primaryKey, partitioned, place, formerNames, columnChanges } = table
  const partitions = below.filter(({ isPartition }) => isPartition)
  const inheriting = below.filter(({ isPartition }) => !isPartition)
  const inherits = inheriting.length > 0 || (table.parents.length > 0 && !table.isPartition)
  return {
    schema,
    name,
    columns: columns.map((column) => ({
      name: column.name,
      type: typeText(column.type),
      notNull: column.notNull,
      virtual: column.virtual,
      ...readsOf(table, partitions, column.name),
      ...targetsOf(table, column.name),
      ...domainBase(column.type),
    })),
    primaryKey: primaryKey?.columns ?? [],
    partitioned,
    ...(table.isPartition ? { partition: partitionPlace(table) } : {}),
    place,
    ...(inherits ? { inherits } : {}),
    ...(inheriting.length === 0
      ? {}
      : { heirs: inheriting.map((heir) => ({ schema: heir.schema, name: heir.name })).sort(byName) }),
    ...(table.opaque ? { columnsUnknown: true } : {}),
    ...(formerNames === undefined ? {} : { formerNames }),
    ...(columnChanges === undefined ? {} : { columnChanges }),
    ...(table.deferrableKeys.length === 0
      ? {}
      : {
          deferrableKeys: table.deferrableKeys.map(({ columns: of, place: at }) => ({
            columns: of,
            place: at,
          })),
        }),
    ...(elsewhere.length === 0 ? {} : { repointed: elsewhere }),
  }
}

function partitionPlace(table: FoldedTable): PartitionPlace {
  const of = ancestors(table).map(({ schema, name }) => ({ schema, name }))
  return { of, place: table.attached ?? table.place }
}

/** A partition has one parent, and that may be a partition, too. */
function ancestors({ parents }: FoldedTable): readonly FoldedTable[] {
  return parents.flatMap((parent) => [parent, ...ancestors(parent)])
}

/** A partition may have an expression of its own, and its rows are those of the root. */
function readsOf(
  table: FoldedTable,
  partitions: readonly FoldedTable[],
  name: string,
): Pick<SourceColumn, 'reads'> {
  const all = [table, ...partitions].map((each) => columnOf(each, name)?.reads)
  const known = all.filter((reads) => reads !== undefined)
  return known.length === 0 ? {} : { reads: [...new Set(known.flat())] }
}

function targetsOf({ foreignKeys }: FoldedTable, name: string): Pick<SourceColumn, 'refersTo'> {
  const targets = foreignKeys.flatMap(({ table, columns, referenced }) => {
    const column = referenced[columns.indexOf(name)]
    return column === undefined ? [] : [{ table: { schema: table.schema, name: table.name }, column }]
  })
  return targets.length === 0 ? {} : { refersTo: targets }
}

function domainBase(type: FoldedColumnType): { readonly base?: string } {
  const base = 'builtin' in type ? undefined : baseText(type)
  return base === undefined ? {} : { base }
}

function byName(a: { schema: string; name: string }, b: { schema: string; name: string }): number {
  const [left, right] = [nameKey(a), nameKey(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
