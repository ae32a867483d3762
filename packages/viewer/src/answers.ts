/*
 * What the API answers, and the page reads. Every value of a row is PostgreSQL's own text of it, so that no digit is lost;
 * times are ISO 8601 in UTC with microseconds.
 */

export interface ColumnAnswer {
  readonly name: string
  /** As PostgreSQL spells it. */
  readonly type: string
  readonly isRetired: boolean
  readonly recorded: 'plain' | 'redacted' | 'hashed'
}

export interface SettingAnswer {
  readonly name: string
  readonly column: string
  readonly type: string
}

export interface TableAnswer {
  /** Schema and name of the history; how links name it. */
  readonly id: string
  /** The audited table, without the schema `public`. */
  readonly label: string
  readonly key: readonly string[]
  readonly columns: readonly ColumnAnswer[]
  /** What the application asserts with each write. */
  readonly settings: readonly SettingAnswer[]
  readonly isRetired: boolean
  readonly isWaivers: boolean
  /** PostgreSQL's estimate; null before the first ANALYZE, and where it is nobody's business (other tenants' rows are in it). */
  readonly estimatedRows: number | null
}

export interface TablesAnswer {
  readonly tables: readonly TableAnswer[]
  /** Histories that the role of the connection may not read. */
  readonly unreadable: readonly string[]
  /** The setting that says who it was; null: none does, and the database's user is all there is. */
  readonly actor: string | null
}

/** A value, perhaps cut: `length` is the number of characters of all of it. */
export interface Value {
  readonly text: string
  readonly length: number
}

export interface Change {
  readonly column: string
  /** Undefined: there is none, or nobody recorded it. */
  readonly before?: Value | null
  readonly after?: Value | null
  readonly isChanged: boolean
}

export interface Entry {
  readonly table: string
  readonly auditId: string
  readonly operation: string
  readonly at: string
  readonly transaction: { readonly id: string; readonly startedAt: string }
  /** The role that the database authenticated, or that it took by SET ROLE. */
  readonly databaseUser: string
  /** What PostgreSQL knows besides: `client_addr`, `application_name`. */
  readonly facts: Readonly<Record<string, string | null>>
  readonly settings: Readonly<Record<string, string | null>>
  readonly key: readonly (string | null)[]
  /** The version before this one; null: the history has none of this key. */
  readonly previousId: string | null
  readonly changes: readonly Change[]
}

export interface ActivityAnswer {
  readonly entries: readonly Entry[]
  /** For the next page; null: there is none. */
  readonly cursor: string | null
  /** Where the search ended before the page was full; null: the page is full, or all was searched. */
  readonly searchedUntil: string | null
}

export interface RecordAnswer {
  readonly entries: readonly Entry[]
  readonly cursor: string | null
}

export interface TransactionAnswer extends ActivityAnswer {
  /** Until when the histories were searched for it. */
  readonly lookedUntil: string | null
}

export interface ChartAnswer {
  readonly from: string
  readonly to: string
  /** In seconds. */
  readonly bucket: number
  /** The largest first; the last may be the rest of them all. */
  readonly series: readonly { readonly name: string | null; readonly counts: readonly number[] }[]
  readonly isEstimated: boolean
  /** How many rows were looked at, of about how many. */
  readonly looked: number
  readonly of: number
}

export interface AsOfAnswer {
  readonly columns: readonly string[]
  readonly rows: readonly {
    readonly key: readonly (string | null)[]
    readonly auditId: string | null
    /** `known`, or `unknown`: the row was perhaps there, with values that nobody recorded. `live`: never written since. */
    readonly state: 'known' | 'unknown' | 'live'
    readonly values: readonly (Value | null)[]
  }[]
  readonly cursor: string | null
  /** When the oldest row of this history was written. */
  readonly coverageFrom: string | null
  /** False: rows that were never written since auditing began are not in it. */
  readonly includesNeverWritten: boolean
}

export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string }
}
