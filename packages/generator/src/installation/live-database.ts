import type { QualifiedName } from '../model/names.ts'
import type { NumberedColumn } from '../sql/live-sequences.ts'
import type { OpenPause } from '../sql/pause-table.ts'

/** A database as its catalog has it, at one moment. */
export interface LiveDatabase {
  readonly database: string
  /** The application's role, or that of whoever asks. */
  readonly role: string
  readonly roleExists: boolean
  /** The role is a superuser, or may take the role that owns the audit schema. */
  readonly ownsHistory: boolean
  /** Null: there is no audit schema. */
  readonly schemaOwner: string | null
  readonly schemaComment: string | null
  /** Everybody may use the audit schema, without which nobody can call the function that sets a context. */
  readonly isOpenToWriters: boolean
  /** Directory names; undefined where Prisma Migrate is not used here. */
  readonly applied: ReadonlySet<string> | undefined
  readonly functions: readonly LiveFunction[]
  readonly histories: readonly LiveHistory[]
  readonly triggers: readonly LiveTrigger[]
  /** Of the histories and of the audit's own tables that are there. */
  readonly details: readonly LiveDetails[]
  readonly sequences: readonly LiveSequence[]
  /** The audited tables that are there. */
  readonly sources: readonly LiveSource[]
  /** Rules on audited tables. */
  readonly rules: readonly LiveRule[]
  readonly settings: readonly LiveSetting[]
  /** Captures that rest on purpose, or whose pause nobody has made up for. */
  readonly pauses: readonly OpenPause[]
  readonly staleSchemas: readonly { readonly name: string; readonly bytes: number }[]
  /** Those of tables of the audit schema. */
  readonly publications: readonly LivePublication[]
  /** The logical ones of this database. */
  readonly slots: readonly LiveSlot[]
}

export interface LivePublication {
  readonly name: string
  /** What it publishes besides inserts. */
  readonly more: readonly string[]
  readonly tables: readonly string[]
}

export interface LiveSlot {
  readonly name: string
  readonly isActive: boolean
  /** How far its reader is behind; null where it was given up. */
  readonly lagBytes: number | null
  readonly retainedBytes: number | null
  /** PostgreSQL gave it up, because it would have kept too much. */
  readonly isLost: boolean
  /** Nothing limits what a slot keeps. */
  readonly isUnlimited: boolean
}

export interface LiveFunction {
  readonly name: string
  /** Their types, as PostgreSQL spells them: `text, text[]`. */
  readonly arguments: string
  readonly body: string
  readonly isDefiner: boolean
  /** `search_path=pg_catalog, pg_temp` */
  readonly settings: readonly string[]
  readonly owner: string
  readonly grants: readonly Grant[]
}

/** What another role than the owner may do. */
export interface Grant {
  /** Null: everybody. */
  readonly role: string | null
  /** `INSERT`, `EXECUTE` */
  readonly privileges: readonly string[]
}

export interface LiveHistory {
  readonly name: string
  readonly comment: string | null
  readonly owner: string
  readonly grants: readonly Grant[]
  /** Whoever asks may read it. */
  readonly isReadable: boolean
  readonly isPartitioned: boolean
  /** A sequence numbers its rows: without one nothing can be written into it, as into a partition that was detached. */
  readonly isNumbered: boolean
  readonly bytes: number
  /** As PostgreSQL's statistics estimate it. */
  readonly rows: number
  readonly columns: readonly LiveColumn[]
  /** Undefined where it is not readable, or none of the histories that the migrations have. */
  readonly ends: HistoryEnds | undefined
  /** The oldest first. */
  readonly partitions: readonly LivePartition[]
  /** How many rows, up to 10,000, are in the partition for what is of no other; undefined where that is not readable, or not there. */
  readonly rowsInDefault: number | undefined
  /** Hashed columns without a key; none where whoever asks may not read the keys. */
  readonly unkeyed: readonly string[]
}

export interface LivePartition {
  readonly name: QualifiedName
  readonly owner: string
  readonly grants: readonly Grant[]
  readonly isReadable: boolean
  /** It takes whatever is of no other. */
  readonly isDefault: boolean
  /** Null: nothing ends it. */
  readonly until: Date | null
  /** In less than three months, or it has. */
  readonly endsSoon: boolean
}

/** What changes how a table of the audit schema is written or read, besides its columns and its guard. */
export interface LiveDetails {
  readonly name: string
  readonly owner: string
  /** A crash of the server empties it. */
  readonly isUnlogged: boolean
  /** Row level security is forced: it holds for the owner, too, who writes the history. */
  readonly isForced: boolean
  /** It has policies, and row level security is off. */
  readonly hasIdlePolicies: boolean
  readonly hasPrimaryKey: boolean
  /** Its `audit_id`, where it has one, gets numbers by itself. */
  readonly isNumbered: boolean
  readonly isReadable: boolean
  readonly grants: readonly Grant[]
  /** Of single columns; `UPDATE (label)`. */
  readonly columnGrants: readonly Grant[]
  readonly sequence: string | null
  readonly sequenceGrants: readonly Grant[]
  /** Tables that inherit it, as SQL names them: their rows are read as its own. */
  readonly heirs: readonly string[]
  readonly rules: readonly string[]
  /** Triggers before an INSERT. */
  readonly insertTriggers: readonly string[]
  /** `CHECK ((audit_username IS NOT NULL))` */
  readonly checks: readonly { readonly name: string; readonly text: string }[]
}

/** A sequence that numbers the rows of a table of the audit schema, where whoever asks may read both. */
export interface LiveSequence extends NumberedColumn {
  /** What it gave last; null where it gave nothing yet. */
  readonly lastId: string | null
  /** The highest number that is taken, by a row or by what is sealed; null where none is. */
  readonly used: string | null
}

export interface LiveRule extends QualifiedName {
  readonly rule: string
}

export interface LiveColumn {
  readonly name: string
  readonly type: string
  /** About; null where there are no statistics. */
  readonly bytes: number | null
}

export interface HistoryEnds {
  readonly oldest: Date | null
  readonly newest: Date | null
  /** Between the first row that was written and the last; null where there is none. */
  readonly seconds: number | null
  /** About how many rows were written between them. */
  readonly written: number | null
  /** By setting: how many of the newest rows lack it. */
  readonly lacking: Readonly<Record<string, number>>
}

export interface LiveTrigger {
  readonly name: string
  /** `O` fires in sessions of the application's, `A` always, `R` for what replication applies, `D` never. */
  readonly enabled: string
  readonly on: QualifiedName
  readonly function: string
  /** As `pg_get_triggerdef` has it. */
  readonly definition: string
  /** What the domains of its table's columns are made of: `numeric`, `public.citext`. */
  readonly bases: readonly string[]
  /** By which its condition compares, besides PostgreSQL's own and those of extensions: `public.=(text,text)`. */
  readonly operators: readonly string[]
  /** The partitioned table whose trigger this partition has otherwise; null for all others. */
  readonly of: QualifiedName | null
}

export interface LiveSource extends QualifiedName {
  /** The role owns it, or may take the role that does: it can turn the triggers off. */
  readonly isOwned: boolean
  readonly isPartition: boolean
}

export interface LiveSetting {
  readonly role: string | null
  readonly database: string | null
  /** `audit.username=admin` */
  readonly setting: string
}
