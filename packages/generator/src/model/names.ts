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

/** The tables of seals, that `npx prisma-generator-audit seal` makes: see docs/seals.md. */
export const SEAL_TABLES = {
  seal: { own: 'seal', shared: 'audit_seal' },
  salt: { own: 'seal_salt', shared: 'audit_seal_salt' },
  erasure: { own: 'seal_erasure', shared: 'audit_seal_erasure' },
  pruned: { own: 'seal_pruned', shared: 'audit_seal_pruned' },
  anchor: { own: 'seal_anchor', shared: 'audit_seal_anchor' },
  watermark: { own: 'seal_watermark', shared: 'audit_seal_watermark' },
} as const

/** The tables of erasures and prunings, that the set-ups `eraser` and `pruner` make: see docs/erasure.md, docs/retention.md. */
export const ERASURE_TABLES = {
  erasure: { own: 'erasure', shared: 'audit_erasure' },
  hold: { own: 'legal_hold', shared: 'audit_legal_hold' },
  pruning: { own: 'pruning', shared: 'audit_pruning' },
} as const

/** The table that tells of pauses, that `npx prisma-generator-audit pause` makes: see docs/pause.md. */
export const PAUSE_TABLE = { own: 'pause', shared: 'audit_pause' } as const

/** No migration makes these, but commands, at any time. */
export const LATER_TABLES = [...Object.values(SEAL_TABLES), ...Object.values(ERASURE_TABLES), PAUSE_TABLE]

/** PostgreSQL cuts identifiers at this many bytes, in silence (NAMEDATALEN - 1). */
export const MAX_IDENTIFIER_BYTES = 63

/** How many bytes PostgreSQL counts for a name in a UTF-8 database. */
export function byteLength(text: string): number {
  let bytes = 0
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}

/** The longest beginning of `text` of at most `limit` bytes of UTF-8 that cuts no character in two. */
export function cutToBytes(text: string, limit: number): string {
  let cut = ''
  let bytes = 0
  for (const char of text) {
    bytes += byteLength(char)
    if (bytes > limit) break
    cut += char
  }
  return cut
}

/** Prisma's list of what is applied: whoever writes it decides what the owner runs next. */
export const MIGRATIONS_TABLE = '_prisma_migrations'
