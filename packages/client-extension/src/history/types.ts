import type { RevertConflict } from './history-error.ts'
import type { HistoryField, HistoryModel, HistoryModels, OtherColumn, ScalarType } from './history-model.ts'

/** What Prisma's generated types say of a model, found by the client's own delegate (`prisma.order`). */
export type PayloadOf<Delegate> = Delegate extends {
  [K: symbol]: { types: { payload: infer Payload } }
}
  ? Payload
  : unknown

type ScalarsOf<Payload> = Payload extends { scalars: infer Scalars } ? Scalars : Record<never, never>

/** The payload of the model at the other end of a relation. */
export type RelatedPayload<Payload, Field> = Payload extends { objects: infer Objects }
  ? Field extends keyof Objects
    ? NonNullable<Objects[Field]> extends readonly (infer One)[]
      ? One
      : NonNullable<Objects[Field]>
    : unknown
  : unknown

/** `[redacted, changed]` where an update gave the column another value. */
export type Redacted = '[redacted]' | '[redacted, changed]'

type FieldValue<Field extends HistoryField, Value> = Field extends { policy: 'redact' }
  ? Redacted | null
  : Field extends { policy: 'hash' }
    ? string | null
    : Field extends { added: true } | { former: readonly string[] }
      ? Value | null
      : Value

/** A version of a row: the model's own types; what was excluded is not there, and a field that came later is `null` before. */
export type Version<Payload, Model extends HistoryModel> = {
  [F in keyof Model['fields']]: FieldValue<
    Model['fields'][F],
    F extends keyof ScalarsOf<Payload> ? ScalarsOf<Payload>[F] : ScalarValue<Model['fields'][F]['type']>
  >
}

interface ScalarValues {
  String: string
  Int: number
  BigInt: bigint
  Float: number
  Decimal: DecimalLike
  Boolean: boolean
  DateTime: Date
  Json: unknown
  Bytes: Uint8Array
  Uuid: string
}

/** What can be said of Prisma's Decimal without importing it. */
export interface DecimalLike {
  toString(): string
  toNumber(): number
}

type ScalarValue<Type extends ScalarType | 'Uuid'> = ScalarValues[Type]

type OtherValue<Column extends OtherColumn> = Column extends { policy: 'redact' }
  ? Redacted
  : Column extends { list: true }
    ? readonly ScalarValue<Column['type']>[]
    : ScalarValue<Column['type']>

/** Columns without a field: dropped since, or hidden from Prisma Client. */
export type Others<Model extends HistoryModel> = {
  readonly [C in keyof Model['others']]: OtherValue<Model['others'][C]> | null
}

interface SettingValues extends Omit<ScalarValues, 'Decimal'> {
  Decimal: string
}

/** What the session settings said; `null` where one was absent, and in a baseline. */
export type EntryContext<Model extends HistoryModel> = {
  readonly [S in keyof Model['settings']]: SettingValues[Model['settings'][S]['type']] | null
}

export type Operation = 'I' | 'U' | 'D' | 'B'

/** A transaction's name. Its id alone is not one: ids start anew after a restore. */
export interface TransactionRef {
  readonly id: bigint
  readonly startedAt: Date
}

type ChangeOf<F, Value> = { readonly field: F; readonly before: Value | null; readonly after: Value | null }

/** One field's change, as a union over the fields: `if (change.field === 'total') change.after` is a Decimal. */
export type Change<Payload, Model extends HistoryModel> =
  | {
      [F in keyof Model['fields']]: ChangeOf<F, Version<Payload, Model>[F]>
    }[keyof Model['fields']]
  | { [C in keyof Model['others']]: ChangeOf<C, Others<Model>[C]> }[keyof Model['others']]

interface FactValues {
  client_addr: string
  application_name: string
  changed_columns: readonly string[]
}

/** One row of the history. */
export interface HistoryEntry<Payload, Model extends HistoryModel> {
  readonly auditId: bigint
  /** `I` insert, `U` update, `D` delete, `B` baseline: the row was there when its audit began. */
  readonly operation: Operation
  /** When it was written, by the database's clock. */
  readonly at: Date
  readonly transaction: TransactionRef
  /** The role in the database. */
  readonly databaseUser: string
  readonly context: EntryContext<Model>
  readonly facts: {
    readonly [F in keyof Model['facts']]: (F extends keyof FactValues ? FactValues[F] : unknown) | null
  }
  /** As it was after the write; of a `D`, as it was before. */
  readonly row: Version<Payload, Model>
  readonly other: Others<Model>
  /**
   * What the write changed. Of an `I` all that has a value, of a `D` all that had one, of a `B` nothing; `null` where the history
   * does not hold the row before: the first write to a row that is older than its audit.
   */
  readonly changes: readonly Change<Payload, Model>[] | null
}

export interface HistoryPage<Entry> {
  readonly entries: readonly Entry[]
  /** For the next page; `null` on the last. All pages together are the history as the first one saw it. */
  readonly nextCursor: string | null
}

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
  readonly operations?: readonly Operation[]
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
  readonly orderBy?: OrderBy<Model> | readonly OrderBy<Model>[]
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

/** Rows as they were. */
export interface AsOf<Row, Key> {
  readonly rows: readonly Row[]
  /** Since when the history of this table is complete; `null` where nothing has been written yet. */
  readonly coverageFrom: Date | null
  /** Keys of rows that were perhaps there, and whose values the history does not hold: their first write came later. */
  readonly unknown: readonly Key[]
  /** All of it is known: the moment is not before `coverageFrom`, and nothing is `unknown`. */
  readonly isComplete: boolean
}

type Included<Args> = Args extends { include: infer Include }
  ? { [R in keyof Include]: Include[R] extends true ? R : never }[keyof Include]
  : never

/** A version with the relations that were asked for. */
export type VersionWith<Payload, Name extends keyof Models, Models extends HistoryModels, Args> = Version<
  Payload,
  Models[Name]
> & {
  [R in Included<Args> & keyof Models[Name]['relations']]: Models[Name]['relations'][R] extends {
    list: true
  }
    ? readonly Version<RelatedPayload<Payload, R>, Models[Models[Name]['relations'][R]['model']]>[]
    : Version<RelatedPayload<Payload, R>, Models[Models[Name]['relations'][R]['model']]> | null
}

/** One row's difference between two moments. */
export interface RowDiff<Payload, Model extends HistoryModel> {
  /** `unknown`: at one of the two moments the history does not hold what the row was. */
  readonly kind: 'inserted' | 'updated' | 'deleted' | 'unknown'
  readonly key: KeyOf<Payload, Model>
  readonly before: Version<Payload, Model> | null
  readonly after: Version<Payload, Model> | null
  /** Of an updated row the fields that differ. */
  readonly changes: readonly Change<Payload, Model>[]
}

/** For each field the entry that gave it its value, `null` where that is not known. */
export type Blame<Payload, Model extends HistoryModel> = {
  readonly [F in keyof Model['fields']]: HistoryEntry<Payload, Model> | null
}

/** The settings of all histories together. */
type AnyContext<Models extends HistoryModels> = {
  [Name in keyof Models]: (context: EntryContext<Models[Name]>) => void
}[keyof Models] extends (context: infer Context) => void
  ? Context
  : never

export interface ClientHistoryArgs<Models extends HistoryModels> {
  readonly transaction?: TransactionRef
  /** Who and why; histories without such a setting have nothing to say. */
  readonly by?: Partial<AnyContext<Models>>
  readonly from?: Date
  readonly to?: Date
  readonly operations?: readonly Operation[]
  /** All audited models unless named. */
  readonly models?: readonly (keyof Models & string)[]
  /** `asc`, the default, is the order of writing. */
  readonly order?: 'asc' | 'desc'
  readonly take?: number
  readonly cursor?: string
}

/** A client's type for the model `Name`: `client.order`. */
type DelegateOf<Client, Name extends string> =
  Uncapitalize<Name> extends keyof Client ? Client[Uncapitalize<Name>] : unknown

/** One row of some history: `entry.model` says of which, and with it what `entry.row` is. */
export type ClientEntry<Client, Models extends HistoryModels, Names extends keyof Models = keyof Models> = {
  [Name in Names & string]: { readonly model: Name } & HistoryEntry<
    PayloadOf<DelegateOf<Client, Name>>,
    Models[Name]
  >
}[Names & string]

export interface AggregateArgs<Payload, Model extends HistoryModel>
  extends Omit<HistoryArgs<Payload, Model>, 'transaction' | 'by'> {
  /** Relations whose rows belong to it. */
  readonly include: { readonly [R in keyof Model['relations']]?: boolean }
}

/** An entry of the model itself, or of one that was included. */
export type AggregateEntry<Payload, Name extends keyof Models & string, Models extends HistoryModels, Args> =
  | ({ readonly model: Name } & HistoryEntry<Payload, Models[Name]>)
  | {
      [R in Included<Args> & keyof Models[Name]['relations']]: Models[Name]['relations'][R] extends {
        through: { model: infer Join extends string }
      }
        ? { readonly model: Join } & HistoryEntry<unknown, Models[Join]>
        : {
            readonly model: Models[Name]['relations'][R]['model']
          } & HistoryEntry<RelatedPayload<Payload, R>, Models[Models[Name]['relations'][R]['model']]>
    }[Included<Args> & keyof Models[Name]['relations']]

/** What a revert does to one row. Plain data: `target` is the version that it gets again, `null` where it goes. */
export interface RevertStepOf<Payload, Name extends keyof Models & string, Models extends HistoryModels> {
  readonly model: Name
  readonly action: 'insert' | 'update' | 'delete'
  readonly key: KeyOf<Payload, Models[Name]>
  /** The newest version that the plan knows of. A later one is a conflict. */
  readonly seen: bigint
  readonly target: bigint | null
  readonly before: Version<Payload, Models[Name]> | null
  readonly after: Version<Payload, Models[Name]> | null
  /** Of an update: what it changes. */
  readonly changes: readonly Change<Payload, Models[Name]>[]
  /** Fields that the version does not say anything of, and that stay as they are. */
  readonly skipped: readonly string[]
}

/** A step of whatever model: `step.model` says of which. */
export type RevertStep<Client, Models extends HistoryModels> = {
  [Name in keyof Models & string]: RevertStepOf<PayloadOf<DelegateOf<Client, Name>>, Name, Models>
}[keyof Models & string]

/** Something to look at before it is carried out with `$revert`. */
export interface RevertPlan<Client, Models extends HistoryModels> {
  readonly steps: readonly RevertStep<Client, Models>[]
  /** Why it cannot be carried out; empty where it can, as far as is known now. */
  readonly conflicts: readonly RevertConflict[]
}

/** The plan for one row. */
export interface RowRevertPlan<Payload, Name extends keyof Models & string, Models extends HistoryModels> {
  readonly steps: readonly RevertStepOf<Payload, Name, Models>[]
  readonly conflicts: readonly RevertConflict[]
}

export interface RowRevertArgs<Payload, Model extends HistoryModel> {
  readonly where: KeyWhere<Payload, Model>
  /** The version that it gets again: that of this moment. */
  readonly to: Moment
  /** `auditId` of the newest version that you have looked at. */
  readonly seen: bigint
}
