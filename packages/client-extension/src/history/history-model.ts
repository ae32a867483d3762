/**
 * What the generated module says of the histories: which table each model's is, and what its columns stand for. Plain data,
 * written `as const satisfies HistoryModels`, so that the types of everything that is read come from it.
 */
export interface HistoryModels {
  readonly [model: string]: HistoryModel
}

export interface QualifiedName {
  readonly schema: string
  readonly name: string
}

export interface HistoryModel {
  readonly source: QualifiedName
  readonly audit: QualifiedName
  /** Columns of the history that tell the rows of the source apart; empty where nothing does. */
  readonly key: readonly string[]
  /** By the Prisma field; in the model's order. Those that are excluded from the history are not here. */
  readonly fields: { readonly [field: string]: HistoryField }
  /** Columns of the history that no field stands for any more, or that Prisma hides; by their names in the history. */
  readonly others: { readonly [column: string]: OtherColumn }
  /** By the setting's name. */
  readonly settings: { readonly [setting: string]: HistorySetting }
  /** By the fact's name: `client_addr`, `application_name`, `changed_columns`. */
  readonly facts: { readonly [fact: string]: string }
  /** Columns that mark what was not written again, of a history with columns that are or were recorded when they change. */
  readonly marks?: readonly string[]
  /** By the Prisma field; only relations whose other model is audited too. */
  readonly relations: { readonly [field: string]: HistoryRelation }
}

/** The types of Prisma's scalars. */
export type ScalarType =
  | 'String'
  | 'Int'
  | 'BigInt'
  | 'Float'
  | 'Decimal'
  | 'Boolean'
  | 'DateTime'
  | 'Json'
  | 'Bytes'

export interface HistoryField {
  /** Of the history. */
  readonly column: string
  /** Of the source, where it has another name: `A` and `B` of a join table. */
  readonly source?: string
  readonly type: ScalarType
  /** PostgreSQL's type of the history's column, as SQL: `numeric(10, 2)`, `text[]`. */
  readonly dbType: string
  readonly list?: true
  /** The values of an enum: the database's → Prisma's. */
  readonly enum?: { readonly [stored: string]: string }
  readonly policy?: 'redact' | 'hash'
  /** It came after the history began: NULL in rows from before. */
  readonly added?: true
  /** Retired columns of the history that hold what it was before its type changed; the newest first. */
  readonly former?: readonly string[]
  /** Recorded, now or once, only where the history of its row does not hold it already; see `marks`. */
  readonly whenChanged?: true
}

export interface OtherColumn {
  readonly type: ScalarType
  readonly dbType: string
  readonly list?: true
  /** `retired`: dropped from the source, excluded since, or of another type before. `hidden`: Prisma's client does not know it. */
  readonly kind: 'retired' | 'hidden'
  readonly policy?: 'redact' | 'hash'
  readonly whenChanged?: true
}

export interface HistorySetting {
  readonly column: string
  readonly type: 'String' | 'Int' | 'BigInt' | 'Float' | 'Boolean' | 'DateTime' | 'Decimal' | 'Uuid' | 'Json'
}

export interface HistoryRelation {
  /** The other model, a key of `HistoryModels`. */
  readonly model: string
  readonly list: boolean
  /** Of an implicit many-to-many relation: the history of the table between the two. */
  readonly through?: {
    readonly model: string
    /** A field of this model, and that of the table that holds its values. */
    readonly from: readonly [string, string]
    /** A field of the table, and that of the other model whose values it holds. */
    readonly to: readonly [string, string]
  }
  /** Pairs of fields that are equal: of this model, and of the other. */
  readonly on: readonly (readonly [string, string])[]
  /** On the side of the foreign key: what becomes of these rows when the other is deleted. */
  readonly onDelete?: 'Cascade' | 'Restrict' | 'NoAction' | 'SetNull' | 'SetDefault'
}
