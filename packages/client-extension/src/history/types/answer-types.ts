import type { HistoryModel, HistoryModels } from '../history-model.ts'
import type { KeyOf } from './question-types.ts'
import type { EntryContext, Others, PayloadOf, RelatedPayload, Version } from './value-types.ts'

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

/** A client's type for the model `Name`: `client.order`. */
export type DelegateOf<Client, Name extends string> =
  Uncapitalize<Name> extends keyof Client ? Client[Uncapitalize<Name>] : unknown

/** One row of some history: `entry.model` says of which, and with it what `entry.row` is. */
export type ClientEntry<Client, Models extends HistoryModels, Names extends keyof Models = keyof Models> = {
  [Name in Names & string]: { readonly model: Name } & HistoryEntry<
    PayloadOf<DelegateOf<Client, Name>>,
    Models[Name]
  >
}[Names & string]

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
