import type { HistoryField, HistoryModel, HistoryModels } from '../history-model.ts'
import type { Operation, TransactionRef } from './answer-types.ts'
import type { DecimalLike, EntryContext, Version } from './value-types.ts'

type Text = { contains?: string; startsWith?: string; endsWith?: string }
type Ordered<V> = { lt?: V; lte?: V; gt?: V; gte?: V }

/** Decimals may be written as text or number, as in Prisma. */
type Given<V> = V extends DecimalLike ? V | string | number : V extends bigint ? V | number : V

type Condition<V> =
  | Given<V>
  | null
  | ({
      equals?: Given<V> | null
      in?: readonly Given<V>[]
      notIn?: readonly Given<V>[]
      not?: Given<V> | null
    } & (V extends boolean ? object : Ordered<Given<V>>) &
      (V extends string ? Text : object))

type Comparable<Field extends HistoryField> = Field extends
  | { list: true }
  | { policy: 'redact' | 'hash' }
  | { whenChanged: true }
  | { type: 'Json' | 'Bytes' }
  ? false
  : true

/** Conditions on the recorded fields of a version. */
export type HistoryWhere<Payload, Model extends HistoryModel> = {
  [F in keyof Model['fields'] as Comparable<Model['fields'][F]> extends true ? F : never]?: Condition<
    NonNullable<Version<Payload, Model>[F]>
  >
} & {
  AND?: HistoryWhere<Payload, Model> | readonly HistoryWhere<Payload, Model>[]
  OR?: readonly HistoryWhere<Payload, Model>[]
  NOT?: HistoryWhere<Payload, Model> | readonly HistoryWhere<Payload, Model>[]
}

/**
 * A moment of the past:
 * - a `Date`: what was written until the end of that millisecond, by the time of writing;
 * - `{ auditId }`: what was written until that row of this history;
 * - `{ transaction }`: right after the last write of that transaction;
 * - `{ snapshot }`: exactly what that snapshot (`pg_current_snapshot()`) saw.
 */
export type Moment =
  | Date
  | { readonly auditId: bigint }
  | { readonly transaction: TransactionRef }
  | { readonly snapshot: string }

export interface HistoryArgs<Payload, Model extends HistoryModel> {
  /** Which versions: conditions on the row as it was written. */
  readonly where?: HistoryWhere<Payload, Model>
  /** Who and why: settings that were recorded with it. */
  readonly by?: Partial<EntryContext<Model>>
  /** Written at this time or later. */
  readonly from?: Date
  /** Written before this time. */
  readonly to?: Date
  /** Only these: `I`, `U`, `D`, `B`. */
  readonly operations?: readonly Operation[]
  /** Written by this transaction. */
  readonly transaction?: TransactionRef
  /** `desc`, the default, has the newest first. */
  readonly order?: 'asc' | 'desc'
  /** At most so many entries, 50 unless told otherwise. */
  readonly take?: number
  /** `nextCursor` of the page before. */
  readonly cursor?: string
}

export interface AsOfArgs<Payload, Model extends HistoryModel> {
  /** Conditions on the row as it was then. */
  readonly where?: HistoryWhere<Payload, Model>
  /** By recorded fields; without it by the key, which is cheapest. */
  readonly orderBy?: OrderBy<Model> | readonly OrderBy<Model>[]
  /** At most so many rows. */
  readonly take?: number
  /** Rows at the other end of a relation, as of the same moment. */
  readonly include?: { readonly [R in keyof Model['relations']]?: boolean }
}

export type OrderBy<Model extends HistoryModel> = {
  readonly [F in keyof Model['fields']]?: 'asc' | 'desc'
}

type KeyNames<Model extends HistoryModel> = {
  [F in keyof Model['fields']]: Model['fields'][F]['column'] extends Model['key'][number] ? F : never
}[keyof Model['fields']]

/** The key of a row, by field. */
export type KeyOf<Payload, Model extends HistoryModel> = {
  readonly [F in KeyNames<Model>]: Version<Payload, Model>[F]
}

/** One row, by each field of its key. */
export type KeyWhere<Payload, Model extends HistoryModel> = {
  readonly [F in KeyNames<Model>]: Given<Version<Payload, Model>[F]>
}

/** Conditions on fields of the key. */
export type KeyConditions<Payload, Model extends HistoryModel> = Pick<
  HistoryWhere<Payload, Model>,
  KeyNames<Model> & keyof HistoryWhere<Payload, Model>
>

/** The settings of all histories together. */
type AnyContext<Models extends HistoryModels> = {
  [Name in keyof Models]: (context: EntryContext<Models[Name]>) => void
}[keyof Models] extends (context: infer Context) => void
  ? Context
  : never

export interface ClientHistoryArgs<Models extends HistoryModels> {
  /** Written by this transaction. */
  readonly transaction?: TransactionRef
  /** Who and why; histories without such a setting have nothing to say. */
  readonly by?: Partial<AnyContext<Models>>
  /** Written at this time or later. */
  readonly from?: Date
  /** Written before this time. */
  readonly to?: Date
  /** Only these: `I`, `U`, `D`, `B`. */
  readonly operations?: readonly Operation[]
  /** All audited models unless named. */
  readonly models?: readonly (keyof Models & string)[]
  /** `asc`, the default, is the order of writing. */
  readonly order?: 'asc' | 'desc'
  /** At most so many entries, 50 unless told otherwise. */
  readonly take?: number
  /** `nextCursor` of the page before. */
  readonly cursor?: string
}

export interface AggregateArgs<Payload, Model extends HistoryModel>
  extends Omit<HistoryArgs<Payload, Model>, 'transaction' | 'by'> {
  /** Relations whose rows belong to it. */
  readonly include: { readonly [R in keyof Model['relations']]?: boolean }
}

export interface RowRevertArgs<Payload, Model extends HistoryModel> {
  /** The row, by its key. */
  readonly where: KeyWhere<Payload, Model>
  /** The version that it gets again: that of this moment. */
  readonly to: Moment
  /** `auditId` of the newest version that you have looked at. */
  readonly seen: bigint
}
