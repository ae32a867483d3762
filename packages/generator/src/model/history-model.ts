import type { SettingType } from './audit-model.ts'
import type { QualifiedName } from './names.ts'

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

/** What Prisma's client makes of a field. */
export interface FieldShape {
  readonly type: ScalarType
  readonly list?: true
  /** The values of an enum: the database's → Prisma's. */
  readonly enum?: Readonly<Record<string, string>>
}

export type OnDelete = 'Cascade' | 'Restrict' | 'NoAction' | 'SetNull' | 'SetDefault'

/** A relation as a foreign key has it. */
export interface RelationShape {
  readonly model: string
  readonly list: boolean
  /** Pairs of fields: of this model, and of the other. */
  readonly on: readonly (readonly [string, string])[]
  /** On the side that holds the foreign key. */
  readonly onDelete?: OnDelete
  /** Of an implicit many-to-many relation, in place of `on`. */
  readonly through?: JoinShape
}

/** The table between two models: its columns, each with the field whose values it holds. */
export interface JoinShape {
  readonly source: QualifiedName
  /** `[field of this model, column of the table]` */
  readonly from: readonly [string, string]
  /** `[column of the table, field of the other model]` */
  readonly to: readonly [string, string]
}

/** What Prisma's client knows of a model, by field. */
export interface ModelShape {
  readonly fields: ReadonlyMap<string, FieldShape>
  readonly relations: ReadonlyMap<string, RelationShape>
}

export interface HistoryField extends FieldShape {
  readonly column: string
  readonly source?: string
  /** PostgreSQL's type of the history's column, as SQL. */
  readonly dbType: string
  readonly policy?: 'redact' | 'hash'
  readonly added?: true
  readonly former?: readonly string[]
  readonly whenChanged?: true
}

export interface OtherColumn {
  readonly type: ScalarType
  readonly dbType: string
  readonly list?: true
  readonly kind: 'retired' | 'hidden'
  readonly policy?: 'redact' | 'hash'
  readonly whenChanged?: true
}

/** A model's history as the typed module describes it; `prisma-extension-audit/history` says what each part means. */
export interface HistoryModel {
  readonly name: string
  readonly source: QualifiedName
  readonly audit: QualifiedName
  readonly key: readonly string[]
  readonly fields: readonly (readonly [string, HistoryField])[]
  readonly others: readonly (readonly [string, OtherColumn])[]
  readonly settings: readonly (readonly [string, { readonly column: string; readonly type: SettingType }])[]
  readonly facts: readonly (readonly [string, string])[]
  readonly marks?: readonly string[]
  readonly relations: readonly (readonly [string, HistoryRelation])[]
}

/** `through` names the history of the join table, by its fields. */
export interface HistoryRelation extends Omit<RelationShape, 'through'> {
  readonly through?: {
    readonly model: string
    readonly from: readonly [string, string]
    readonly to: readonly [string, string]
  }
}
