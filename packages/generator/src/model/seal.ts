/** The canonical form of rows and seals that this version writes, and the one that it can verify: see docs/seals.md. */
export const SEAL_FORMAT = 1

/** Random bytes that keep one row's commitments from being guessed. */
export const SALT_BYTES = 16

/** A column as it was when a range was sealed; its place in the list, from 1 on, is the number of its field. */
export interface SealedColumn {
  /** `pg_attribute.attnum`: it stays when the column gets another name, and not when the table is restored from a dump. */
  readonly number: number
  readonly name: string
  /** As `format_type` has it. */
  readonly type: string
}

/** What a seal says of one range of a history. All of it goes into the seal's hash. */
export interface SealContent {
  readonly format: number
  /** In the chain, from 1 on, over all histories. */
  readonly number: bigint
  /** The name that the history had, quoted and qualified. */
  readonly historyName: string
  /** The OID that it had. */
  readonly historyOid: string
  /** The range, both ends included. A row stands in it by the absolute value of its `audit_id`. */
  readonly firstId: bigint
  readonly lastId: bigint
  readonly rowCount: number
  readonly columns: readonly SealedColumn[]
  /** As PostgreSQL writes it with TimeZone UTC. */
  readonly sealedAt: string
  readonly root: Uint8Array
  /** The hash of the seal before; 32 zero bytes in the first one. */
  readonly previous: Uint8Array
}

export interface Seal extends SealContent {
  readonly hash: Uint8Array
}
