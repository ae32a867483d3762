import type {
  AuditedColumn,
  AuditNames,
  Backfill,
  CaptureLevel,
  MissingSettings,
  PartitionUnit,
  SessionSetting,
  TruncatePolicy,
  UpdatePolicy,
} from '../model/audit-model.ts'
import type { QualifiedName } from '../model/names.ts'

/** The audit schema itself: its name, and the version of the SQL that our functions in it have. */
export interface AuditSchemaObject {
  readonly kind: 'schema'
  readonly name: string
  readonly sqlVersion: number
  /** See `AuditHome`. */
  readonly shared?: true
  /** The role whose members may waive capture, on tables that are `waivable`. */
  readonly waiverRole?: string
  /** Capture could be waived once: the table that tells of it is kept. */
  readonly waiverRetired?: true
}

/** The PostgreSQL schema of audit objects. */
export interface AuditHome {
  readonly schema: string
  /**
   * The application's own objects live in it too, as in `public`: it is not ours to make, to comment or to close, and our
   * functions in it carry a prefix. Absent for a schema that is the audit's alone.
   */
  readonly shared?: true
}

export function homeOf({ name, shared }: { readonly name: string; readonly shared?: true }): AuditHome {
  return { schema: name, ...(shared ? { shared } : {}) }
}

/**
 * What the database knows of an audited column: the Prisma field's name is not part of it. Inside a draft `sourceName` is what
 * a transaction before the audit part has made of a column's name.
 */
export type CapturedColumn = Omit<AuditedColumn, 'field' | 'renamedFrom' | 'personal' | 'subject'>

/** An audit column; `retired` ones are kept for their history and captured no more. */
export interface StateColumn extends CapturedColumn {
  readonly retired: boolean
}

/** A setting's audit column; a `retired` one may carry another column name than it had in its life. */
export interface StateSetting extends SessionSetting {
  readonly retired: boolean
}

/** An audit table with its functions and triggers. `capturing: false` means: history kept, triggers gone. */
export interface AuditTableObject extends AuditHome {
  readonly kind: 'auditTable'
  readonly source: QualifiedName
  readonly names: AuditNames
  /** In the order in which the audit table got them. */
  readonly columns: readonly StateColumn[]
  readonly settings: readonly StateSetting[]
  /** By the names that the history has for its columns. */
  readonly key: readonly string[]
  readonly missingSettings: MissingSettings
  readonly truncate: TruncatePolicy
  readonly level: CaptureLevel
  readonly updates: UpdatePolicy
  /** It holds a row `B` for rows from before the audit, or may. */
  readonly backfill?: Backfill
  /** Its triggers are ENABLE ALWAYS: they fire for what replication applies, too. */
  readonly enableAlways?: true
  /** It is partitioned by time, and its partitions are made ahead. */
  readonly partitionBy?: PartitionUnit
  /** Its functions leave out what a member of the schema's `waiverRole` waives. */
  readonly waivable?: true
  readonly capturing: boolean
}

/** What an audit table has that was made before there was a choice. */
export const IMPLIED_LEVEL = { level: 'statement', updates: 'all' } as const

export type DatabaseObject = AuditSchemaObject | AuditTableObject

/** What the audit parts build. Plain JSON; tables sorted by source schema and name. */
export interface DatabaseState {
  readonly schema: AuditSchemaObject | undefined
  readonly tables: readonly AuditTableObject[]
}

export const EMPTY_STATE: DatabaseState = { schema: undefined, tables: [] }

/** The audit table of a source table, also one that captures no more. */
export function findTable(state: DatabaseState, source: QualifiedName): AuditTableObject | undefined {
  return state.tables.find(
    (table) => table.source.name === source.name && table.source.schema === source.schema,
  )
}

/** The order of tables in a state and in a migration: by code units, the same on every machine. */
export function sortTables(tables: readonly AuditTableObject[]): readonly AuditTableObject[] {
  return [...tables].sort((a, b) => compareSources(a.source, b.source))
}

export function compareSources(a: QualifiedName, b: QualifiedName): number {
  return compareText(a.schema, b.schema) || compareText(a.name, b.name)
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
