import type { QualifiedName } from './names.ts'
import type { SourcePlace } from './place.ts'

/** A column as the migration files leave it. `type` is PostgreSQL's own spelling, for comparing. */
export interface SourceColumn {
  readonly name: string
  readonly type: string
  /** Of a domain: the type that it is over. */
  readonly base?: string
  readonly notNull: boolean
  /** GENERATED ALWAYS AS (…) VIRTUAL: NULL in transition tables, so never captured. */
  readonly virtual: boolean
  /** The columns of its table that it is, or once was, generated from; missing where it never was. */
  readonly reads?: readonly string[]
  /** Where its foreign keys point; missing where it has none. */
  readonly refersTo?: readonly { readonly table: QualifiedName; readonly column: string }[]
}

/** A name that a table had until the migration file `until` renamed or moved it. */
export interface FormerName extends QualifiedName {
  readonly until: string
  /** Of the statement that renamed or moved it. */
  readonly place: SourcePlace
}

/** What a migration did to a column that was there before. */
export interface ColumnChange {
  /** `retyped`: ALTER COLUMN TYPE, or any change of the enum type that the column has. */
  readonly kind: 'dropped' | 'renamed' | 'retyped'
  /** Its name before the change. */
  readonly column: string
  /** Its new name; only where it was renamed. */
  readonly to?: string
  /** Only names changed: an enum's new or renamed value, a renamed type. Open connections go on without harm. */
  readonly isNaming?: true
  /** The migration's directory name. */
  readonly migration: string
  readonly place: SourcePlace
}

/** A foreign key made the values of a column keys of another table, and the former one is still there. */
export interface RepointedColumn {
  readonly column: string
  /** The directory name of the migration that did it last. */
  readonly migration: string
}

/** That a table is a partition. */
export interface PartitionPlace {
  /** What it is a partition of, the nearest first; empty where no file creates that. */
  readonly of: readonly QualifiedName[]
  /** Where it became one. */
  readonly place: SourcePlace
}

/** A PRIMARY KEY or UNIQUE that is DEFERRABLE: two rows may have one value of it for a while. */
export interface DeferrableKey {
  readonly columns: readonly string[]
  /** Where it was made. */
  readonly place: SourcePlace
}

export interface SourceTable extends QualifiedName {
  readonly columns: readonly SourceColumn[]
  readonly primaryKey: readonly string[]
  /** Missing where there is none. */
  readonly deferrableKeys?: readonly DeferrableKey[]
  readonly partitioned: boolean
  readonly partition?: PartitionPlace
  /** It inherits from another table, or others from it; partitions are none of these. */
  readonly inherits?: true
  /** The tables that INHERIT from it directly. */
  readonly heirs?: readonly QualifiedName[]
  /** Where the table was created. */
  readonly place: SourcePlace
  /** It has more columns than these: a query or a type tells which, and only PostgreSQL can ask that. */
  readonly columnsUnknown?: true
  /** Missing where it never had another one. */
  readonly formerNames?: readonly FormerName[]
  /** In the order in which the migrations made them; missing where there was none. */
  readonly columnChanges?: readonly ColumnChange[]
  /** Missing where there is none. */
  readonly repointed?: readonly RepointedColumn[]
}

/** A source table that a migration dropped. */
export interface DroppedTable extends QualifiedName {
  readonly migration: string
  readonly place: SourcePlace
}

/** What a migration of the application's does to our triggers and functions. */
export interface Interference {
  readonly kind:
    | 'triggers disabled'
    | 'triggers enabled'
    | 'function dropped'
    | 'trigger renamed'
    /** SET session_replication_role: while it is `replica`, no trigger fires, of whatever table. */
    | 'triggers silenced'
    | 'triggers heard'
    | 'function changed'
    | 'function renamed'
    | 'audit table dropped'
    | 'audit table renamed'
    | 'audit column dropped'
    | 'audit column added'
    | 'audit column renamed'
    | 'schema dropped'
    | 'schema renamed'
  /** The source table of the triggers, or our own object. */
  readonly target: QualifiedName
  /** The one trigger that is meant; missing: all of them. */
  readonly trigger?: string
  readonly column?: string
  /** The name that is given to it. */
  readonly to?: string
  /** It holds until the end of the transaction. */
  readonly isLocal?: true
  readonly migration: string
  readonly place: SourcePlace
}

export type DataChangeVerb = 'INSERT' | 'UPDATE' | 'DELETE' | 'MERGE' | 'COPY' | 'TRUNCATE'

/** A statement in a migration file that changes rows. */
export interface DataChange {
  readonly verb: DataChangeVerb
  readonly table: QualifiedName
  readonly place: SourcePlace
  /** The migration's directory name. */
  readonly migration: string
  /** Settings (without `audit.`) that the file sets before this statement; `'*'` = audit.set_context. */
  readonly settingsBefore: readonly string[]
}

/** A statement that was not interpreted: a DO block, dynamic SQL, a file that does not parse. */
export interface NotInterpreted {
  readonly reason: string
  /** The statement, or the names that it may concern: what it may change can be guessed from them. */
  readonly text?: string
  readonly place: SourcePlace
  readonly migration: string
}

/** What the last migration does besides its audit part: a draft's part has to fit it. */
export interface LastMigration {
  /** Tables that it creates, changes, renames or drops, under every name that they have in it. */
  readonly touched: readonly QualifiedName[]
  /** Its COMMITs and ROLLBACKs, in their order; each span holds the semicolon. */
  readonly transactionEnds: readonly SourcePlace[]
}

/** The source tables as the whole migrations folder builds them, read without a database. */
export interface SourceDatabase {
  /** Directory names in the order in which Prisma applies them. */
  readonly migrations: readonly string[]
  readonly tables: readonly SourceTable[]
  /** In the order in which the migrations drop them. */
  readonly droppedTables: readonly DroppedTable[]
  readonly interferences: readonly Interference[]
  readonly dataChanges: readonly DataChange[]
  readonly notInterpreted: readonly NotInterpreted[]
  /** Missing where the folder is empty. */
  readonly last?: LastMigration
}
