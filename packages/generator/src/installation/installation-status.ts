import type { PartitionUnit } from '../model/audit-model.ts'
import type { QualifiedName } from '../model/names.ts'
import type { ReplicationStatus } from './compare-replication.ts'

/** What is wrong with a part of the installation. */
export type FindingState =
  /** It is not there. */
  | 'missing'
  /** It is as an earlier migration made it, or an earlier schema. */
  | 'outdated'
  /** It is there, and does not do its work. */
  | 'disabled'
  /** It is as no migration made it. */
  | 'tampered'
  /** It belongs to nothing that is audited. */
  | 'orphaned'

export type InstallationState = 'installed' | FindingState

/** From the worst: what a history as a whole is called by. */
export const WORST_FIRST: readonly InstallationState[] = [
  'tampered',
  'disabled',
  'missing',
  'outdated',
  'orphaned',
  'installed',
]

export interface Finding {
  readonly state: FindingState
  /** `trigger "audit_insert" on "public"."Order"` */
  readonly object: string
  readonly message: string
  /** What to do; SQL or a command. */
  readonly hint: string
  /** The statement that mends it, where one does and nobody has to be asked. */
  readonly statement?: string
  /** The trigger that is missing, or should be otherwise. */
  readonly trigger?: string
  /** Nobody but a person can tell which of two is right: `install` leaves it. */
  readonly isForPeople?: true
  /** It is about a function that all tables share. */
  readonly isOfBase?: true
}

/** A finding that one statement mends. */
export function mendedBy(finding: Omit<Finding, 'hint' | 'statement'>, statement: string): Finding {
  return { ...finding, hint: statement, statement }
}

/** The audit of one table, live. */
export interface HistoryStatus {
  /** The model, or the join table. */
  readonly model: string
  readonly source: QualifiedName
  readonly history: QualifiedName
  readonly state: InstallationState
  readonly findings: readonly Finding[]
  readonly size: HistorySize | undefined
  /** Columns that are written no more, with about how many bytes they take. */
  readonly retiredColumns: readonly { readonly name: string; readonly bytes: number | null }[]
  /** Of the newest rows: how many were recorded without which required setting. */
  readonly lacking: Readonly<Record<string, number>>
  /** Undefined where it is an ordinary table. */
  readonly partitions: PartitionsStatus | undefined
}

export interface PartitionsStatus {
  /** What they are made for; undefined where no migration asks for them any more. */
  readonly unit: PartitionUnit | undefined
  readonly count: number
  /** Where the last one ends; null: nowhere, or there is none but that of all other times. */
  readonly until: Date | null
  /** Rows that are in no month's partition, up to 10,000; null where that cannot be read. */
  readonly rowsInDefault: number | null
}

export interface HistorySize {
  readonly bytes: number
  /** As the statistics estimate it. */
  readonly rows: number
  readonly oldest: Date | null
  readonly newest: Date | null
  /** About, from the first row to the last; undefined for less than an hour. */
  readonly rowsPerDay: number | undefined
}

/** A whole installation, live. */
export interface InstallationStatus {
  readonly database: string
  readonly schema: string
  /** Everything is as the migrations and the schema have it. */
  readonly isInstalled: boolean
  readonly histories: readonly HistoryStatus[]
  /** Directory names of migrations with an audit part that are not applied here. */
  readonly pending: readonly string[]
  /** Findings that are no single table's. */
  readonly findings: readonly Finding[]
  /** Histories that are written no more. */
  readonly retired: readonly { readonly name: string; readonly bytes: number }[]
  readonly staleSchemas: readonly { readonly name: string; readonly bytes: number }[]
  readonly unaudited: Unaudited
  /** The role that the application is said to connect as. */
  readonly role: string
  /** The role may change the history: it owns it, may take the role of the owner, or is a superuser. */
  readonly ownsHistory: boolean
  /** `public.Order`: audited tables that the role owns, by itself or as a member of who does. It can turn their triggers off. */
  readonly ownsTables: readonly string[]
  /** Settings that roles or databases bring along: writes without a context of their own carry these. */
  readonly settingsBroughtAlong: readonly string[]
  /** `mine on public.Order`: what is written to the table may go elsewhere. */
  readonly rules: readonly string[]
  readonly replication: ReplicationStatus
}

/** What the schema has and the history has not. */
export interface Unaudited {
  readonly models: readonly string[]
  /** `Order.note` */
  readonly fields: readonly string[]
}
