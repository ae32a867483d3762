import type { ColumnType } from './column-type.ts'
import type { QualifiedName } from './names.ts'

/** What happens to a column's value on its way into the history. */
export type CapturePolicy = 'record' | 'redact' | 'hash' | 'exclude'

/** What happens to a write that lacks a required session setting. */
export type MissingSettings = 'refuse' | 'record'

/** What happens to TRUNCATE on an audited table. */
export type TruncatePolicy = 'record' | 'refuse'

/** Whether a trigger is called once for all rows of a statement, or for each row right after it was written. */
export type CaptureLevel = 'statement' | 'row'

/** Which updates leave a row: `changed` leaves out those after which the recorded columns are as before. */
export type UpdatePolicy = 'all' | 'changed'

/** How much time a partition of a history holds. */
export const PARTITION_UNITS = ['month', 'quarter', 'year'] as const
export type PartitionUnit = (typeof PARTITION_UNITS)[number]

/** Who writes the rows of a baseline: the migration in one statement, or the command `backfill` in batches. */
export type Backfill = true | 'batches'

/** Prisma's name of a session setting's type; it decides the TypeScript type and the column's type. */
export type SettingType =
  | 'String'
  | 'Int'
  | 'BigInt'
  | 'Float'
  | 'Boolean'
  | 'DateTime'
  | 'Decimal'
  | 'Uuid'
  | 'Json'

/** What PostgreSQL knows of a write by itself, recorded where it is asked for. */
export const FACTS = ['client_addr', 'application_name', 'changed_columns'] as const
/** `unchanged_columns` is the mark that goes with columns recorded when they change, and is not asked for by itself. */
export type Fact = (typeof FACTS)[number] | 'unchanged_columns'

/** A value that comes with every write: who, which request, why. Travels as the setting `audit.<name>`. */
export interface SessionSetting {
  readonly name: string
  /** The audit table's column for it, `audit_<name>` unless the naming says otherwise. */
  readonly column: string
  readonly settingType: SettingType
  readonly type: ColumnType
  readonly required: boolean
  /** Recorded where the setting is absent, as PostgreSQL's text form. */
  readonly default?: string
  /** The column holds no setting but this fact, of the same name. */
  readonly fact?: Fact
}

/** One source column as it stands in the audit table: bare type, always nullable, and but for join tables the same name. */
export interface AuditedColumn {
  /** The Prisma field. */
  readonly field: string
  /** The column of the audit table. */
  readonly name: string
  /** The column of the source table, where it has another name: `A` and `B` of a join table. */
  readonly sourceName?: string
  readonly type: ColumnType
  readonly policy: CapturePolicy
  /** The source column is of an enum type, stored as text. */
  readonly isEnum: boolean
  /** Recorded by an update or delete only where the history of its row does not hold the value already. */
  readonly whenChanged?: true
  /** Of a type that nobody tells the generator: its text form is recorded, which no change of the type breaks. */
  readonly asText?: true
  /** What it holds tells of the person that the row is about, and is erased with that person's data. */
  readonly personal?: true
  /** It holds the key of a row of this model: the person, or whatever it is, that the row is about. */
  readonly subject?: string
  /** What the database column was called before, where the schema says so. */
  readonly renamedFrom?: string
}

/** The database objects of one audited table. Functions and the audit table live in the audit schema. */
export interface AuditNames {
  readonly table: string
  readonly captureFunction: string
  readonly keyFunction: string
  readonly truncateFunction: string
  readonly insertTrigger: string
  readonly updateTrigger: string
  readonly deleteTrigger: string
  readonly keyTrigger: string
  readonly truncateTrigger: string
}

/** Of an implicit many-to-many relation: no model of its own. */
export function isJoinTable({ model }: Pick<AuditedTable, 'model'>): boolean {
  return model.startsWith('_')
}

export interface AuditedTable {
  /** The model's name, or that of a join table, which begins with `_` as no model's does. */
  readonly model: string
  readonly source: QualifiedName
  /** The table whose history this one goes on with, where the schema says so. */
  readonly renamedFrom?: QualifiedName
  readonly names: AuditNames
  /** In the model's order, without those whose policy is `exclude`. */
  readonly columns: readonly AuditedColumn[]
  /** Columns of the primary key, else of a unique index of required columns, else none. All are in `columns`. */
  readonly key: readonly string[]
  readonly settings: readonly SessionSetting[]
  readonly missingSettings: MissingSettings
  readonly truncate: TruncatePolicy
  /** A table that is partitioned, a partition or inherits, or has a deferrable key, is captured by row, whatever stands here. */
  readonly level: CaptureLevel
  /** `changed` only at level row. */
  readonly updates: UpdatePolicy
  /** Rows from before the audit get a row of history, too. */
  readonly backfill?: Backfill
  /** The triggers fire in a session whose `session_replication_role` is `replica`, too; only at level row. */
  readonly enableAlways?: true
  /** Its history is partitioned by time. */
  readonly partitionBy?: PartitionUnit
}

/** Everything that the schema asks for. Tables are sorted by schema and name. */
export interface AuditModel {
  /** The PostgreSQL schema of all audit objects. */
  readonly auditSchema: string
  /** Objects of the application's live in that schema too: it is `public`, or one that the datasource names. */
  readonly sharedSchema?: true
  /** The role whose members may waive capture; without one nobody can. */
  readonly captureWaiverRole?: string
  readonly tables: readonly AuditedTable[]
}
