/** A function as a migration wrote it. */
export interface WrittenFunctionText {
  /** The migration's directory name. */
  readonly migration: string
  /** Their types, as PostgreSQL spells them: `text, text[]`. */
  readonly arguments: string
  readonly body: string
  readonly isDefiner: boolean
  /** As PostgreSQL keeps them: `search_path=pg_catalog, pg_temp`. */
  readonly settings: readonly string[]
}

/** By `nameKey`: in the order of the folder, so that the last one is what should be there. */
export type WrittenFunctions = ReadonlyMap<string, readonly WrittenFunctionText[]>
