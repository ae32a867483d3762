/** A name inside a PostgreSQL schema. Both parts are raw: quoting happens where SQL is made, nowhere else. */
export interface QualifiedName {
  readonly schema: string
  readonly name: string
}

/** A key for maps: two qualified names are equal if and only if their keys are. */
export function nameKey({ schema, name }: QualifiedName): string {
  return JSON.stringify([schema, name])
}

/** The table that tells of waivers of capture: in a schema of the audit's own, and with a prefix among the application's tables. */
export const WAIVER_TABLE = { own: 'capture_waiver', shared: 'audit_capture_waiver' } as const

/** The table of the keys of hashed columns. */
export const HASH_KEY_TABLE = { own: 'hash_key', shared: 'audit_hash_key' } as const

/** PostgreSQL cuts identifiers at this many bytes, in silence (NAMEDATALEN - 1). */
export const MAX_IDENTIFIER_BYTES = 63
