/** A column of a history as the catalog has it, and what it is for. */
export interface HistoryColumn {
  readonly number: number
  readonly name: string
  readonly type: string
  readonly isIndexed: boolean
  readonly isRetired: boolean
  readonly recorded: 'plain' | 'redacted' | 'hashed'
}

export interface SettingColumn {
  /** Of the setting, without the prefix `audit.`. */
  readonly name: string
  readonly column: HistoryColumn
}

export interface History {
  readonly oid: string
  readonly schema: string
  readonly name: string
  /** How links name it. */
  readonly id: string
  readonly label: string
  readonly key: readonly HistoryColumn[]
  /** Those of the source. */
  readonly columns: readonly HistoryColumn[]
  readonly settings: readonly SettingColumn[]
  /** `client_addr`, `application_name`: those that this history records. */
  readonly facts: readonly SettingColumn[]
  /** Where a row says which of its columns are unchanged, and not recorded again. */
  readonly unchanged: HistoryColumn | undefined
  readonly isRetired: boolean
  readonly isWaivers: boolean
  /** Null before the first ANALYZE. */
  readonly estimatedRows: number | null
  /** The audited table, where one is there. */
  readonly source: { readonly schema: string; readonly name: string } | undefined
  /** Columns that are recorded as they are: that of the history, that of the source. */
  readonly sources: ReadonlyMap<string, string>
}

export interface Catalog {
  readonly histories: readonly History[]
  readonly unreadable: readonly string[]
}
