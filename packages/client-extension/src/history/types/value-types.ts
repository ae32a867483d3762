import type { HistoryField, HistoryModel, OtherColumn, ScalarType } from '../history-model.ts'

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
