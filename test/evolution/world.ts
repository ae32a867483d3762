import type { SettingName, SettingTypeName } from './settings.ts'
import type { ScalarName } from './types.ts'

/** What a project's schema.prisma says at one moment. Plain data; every change makes a new one. */
export interface World {
  readonly models: readonly Model[]
  readonly enums: readonly Enum[]
  readonly audit: AuditOptions
  /** The next number that nothing has had yet. */
  readonly next: number
}

/** The generator block, where it differs from the defaults. */
export interface AuditOptions {
  readonly settings: readonly Setting[]
  readonly missingSettings?: 'refuse' | 'record'
  readonly truncate?: 'record' | 'refuse'
  readonly captureWaiverRole?: string
  readonly schema?: string
  readonly table?: string
  readonly function?: string
  readonly trigger?: string
  readonly settingColumn?: string
}

export interface Setting {
  readonly name: SettingName
  readonly type: SettingTypeName
  readonly required: boolean
  readonly hasDefault: boolean
}

export type PgSchema = 'public' | 'Other Schema'

export interface Model {
  /** Who it is, under whatever name. */
  readonly id: number
  /** The history that it goes on with: another number where nobody promised that it goes on. */
  readonly history: number
  /** How often the table was dropped and created anew. */
  readonly life: number
  readonly table: string
  readonly schema: PgSchema
  readonly columns: readonly Column[]
  /** Ids of columns. */
  readonly key: readonly number[]
  readonly audited: boolean
  readonly renamedFrom?: string
  readonly settings?: readonly Setting[]
  readonly missingSettings?: 'refuse' | 'record'
  readonly truncate?: 'record' | 'refuse'
  readonly level?: 'statement' | 'row'
  readonly enableAlways?: true
  readonly backfill?: true
  readonly partitionBy?: 'year' | 'quarter' | 'none'
  readonly auditTable?: string
  /** Names that its columns have had. */
  readonly formerColumns: readonly string[]
}

export type ColumnType =
  | { readonly kind: 'scalar'; readonly name: ScalarName }
  | { readonly kind: 'enum'; readonly enum: number; readonly list: boolean }

export interface Column {
  readonly id: number
  /** Another number where its audit column is another one: a type that rewrites, a pause of the capture. */
  readonly history: number
  readonly name: string
  readonly type: ColumnType
  readonly optional: boolean
  readonly hasDefault: boolean
  /** No two rows share a value: it may become the key. */
  readonly distinct: boolean
  readonly excluded: boolean
  /** Recorded without its values. */
  readonly hidden: 'redact' | 'hash' | undefined
  readonly renamedFrom?: string
}

export interface Enum {
  readonly id: number
  readonly name: string
  readonly schema: PgSchema
  /** How often it was made anew: statements that a connection has prepared for the former type end with it. */
  readonly life: number
  /** Labels as the database has them. */
  readonly values: readonly string[]
}

export function findModel(world: World, id: number): Model | undefined {
  return world.models.find((model) => model.id === id)
}

export function withModel(world: World, model: Model): World {
  return { ...world, models: world.models.map((each) => (each.id === model.id ? model : each)) }
}

export function withColumn(model: Model, column: Column): Model {
  return { ...model, columns: model.columns.map((each) => (each.id === column.id ? column : each)) }
}

export function withEnum(world: World, found: Enum): World {
  return { ...world, enums: world.enums.map((each) => (each.id === found.id ? found : each)) }
}

/** The columns that the history holds. */
export function recordedColumns(model: Model): readonly Column[] {
  return model.columns.filter((column) => !column.excluded)
}

/** The columns whose values the history holds. */
export function valuedColumns(model: Model): readonly Column[] {
  return recordedColumns(model).filter((column) => column.hidden === undefined)
}

export function keyColumns(model: Model): readonly Column[] {
  return model.key.flatMap((id) => model.columns.filter((column) => column.id === id))
}

/** The settings that a write to the model carries. */
export function settingsOf(world: World, model: Model): readonly Setting[] {
  return model.settings ?? world.audit.settings
}

export function enumOf(world: World, type: ColumnType): Enum | undefined {
  return type.kind === 'enum' ? world.enums.find(({ id }) => id === type.enum) : undefined
}
