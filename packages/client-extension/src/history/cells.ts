import { comparedType } from './compared-type.ts'
import {
  bind,
  comma,
  compact,
  type Fragment,
  ident,
  join,
  literal,
  ordinal,
  qualified,
  sql,
  typeName,
} from './fragment.ts'
import type { HistoryField, HistoryModel, OtherColumn, ScalarType } from './history-model.ts'
import { oncePerModel } from './once-per-model.ts'
import { quotedName } from './quoted-name.ts'

/** A column of a history that is read: a field's, or one that no field stands for. */
export interface Cell {
  /** The field, or the column. */
  readonly name: string
  readonly column: string
  readonly isField: boolean
  readonly spec: HistoryField | OtherColumn
  /** Where an answer has its value: of the version itself, and of the one before. */
  readonly at: { readonly h: string; readonly p: string }
  /** The column had another type once: values from then are in columns of their own. */
  readonly former: readonly string[]
  /** Such a column; its changes are told under the field. */
  readonly isFormer: boolean
}

/** All columns that hold something of the source: first the fields, in the model's order. */
export const cellsOf = oncePerModel((model): readonly Cell[] => {
  const former = new Set(Object.values(model.fields).flatMap((field) => field.former ?? []))
  const cells = [
    ...Object.entries(model.fields).map(([name, spec]) => ({
      name,
      column: spec.column,
      isField: true,
      spec,
      former: spec.former ?? [],
      isFormer: false,
    })),
    ...Object.entries(model.others).map(([name, spec]) => ({
      name,
      column: name,
      isField: false,
      spec,
      former: [],
      isFormer: former.has(name),
    })),
  ]
  return cells.map((cell, index) => ({ ...cell, at: { h: `h${index}`, p: `p${index}` } }))
})

/** `h."total" AS h0, h."note" AS h1, …` for the cells of one version. */
export function selectCells(model: HistoryModel, alias: 'h' | 'p'): Fragment {
  return alias === 'h' ? selectOwnCells(model) : selectOtherCells(model)
}

const selectOwnCells = oncePerModel((model) => cellsFrom(model, 'h'))
const selectOtherCells = oncePerModel((model) => cellsFrom(model, 'p'))

function cellsFrom(model: HistoryModel, alias: 'h' | 'p'): Fragment {
  const selected = cellsOf(model).map(
    (cell) => sql`${asAnswer(cell, cellValue(model, cell, alias))} AS ${ident(cell.at[alias])}`,
  )
  return compact(join(selected, comma))
}

/** Those of the version before, where they differ: the others need not travel. */
export const selectFormerCells = oncePerModel((model) => {
  const selected = cellsOf(model).map((cell, index) => {
    const value = asAnswer(cell, cellValue(model, cell, 'p'))
    const isNeeded = sql`compared.changed[${ordinal(index + 1)}]`
    const isRetyped = cell.isFormer || cell.former.length > 0
    return sql`${isRetyped ? value : sql`CASE WHEN ${isNeeded} THEN ${value} END`} AS ${ident(cell.at.p)}`
  })
  return compact(join(selected, comma))
})

/**
 * The value as Prisma's raw queries give the type of the field. They do not know `money`, whose text has a currency; its model calls
 * ask for a number as well. Where the migrations give a column another type than the schema, they give that one's.
 */
export function asAnswer({ spec }: Cell, value: Fragment): Fragment {
  const casts = answerCasts(spec)
  return casts.reduce(
    (cast, type) => sql`CAST(${cast} AS ${typeName(spec.list ? `${type}[]` : type)})`,
    value,
  )
}

function answerCasts({ type, dbType, policy }: HistoryField | OtherColumn): readonly string[] {
  if (policy) return []
  const name = comparedType(dbType).replace(/\[\]$/, '')
  const isMoney = name === 'money'
  if (type === 'Float' && (isMoney || name === 'numeric'))
    return [...(isMoney ? ['numeric'] : []), 'double precision']
  // By its text, which tells each value from all others.
  if (type === 'Decimal' && (name === 'real' || name === 'double precision')) return ['text', 'numeric']
  if (type === 'Decimal' && INTEGERS.has(name)) return ['numeric']
  if (type === 'String' && NO_STRINGS.has(name)) return ['text']
  return isMoney ? ['numeric'] : []
}

const INTEGERS = new Set(['smallint', 'integer', 'bigint'])

/** What raw queries give as something else than a string. */
const NO_STRINGS = new Set([
  ...INTEGERS,
  'oid',
  'boolean',
  'real',
  'double precision',
  'numeric',
  'money',
  'timestamp',
  'timestamptz',
  'date',
  'time',
  'timetz',
  'json',
  'jsonb',
  'bytea',
])

/** The cell's value; of a column that is recorded when it changes, the one that the history holds for this version. */
export function cellValue(model: HistoryModel, cell: Cell, alias: 'h' | 'p'): Fragment {
  const version = ident(alias)
  const value = sql`${version}.${ident(cell.column)}`
  if (!cell.spec.whenChanged || model.marks === undefined) return value
  return sql`CASE WHEN ${isMarked(model, cell, version)} THEN (
    SELECT held.${ident(cell.column)} FROM ${qualified(model.audit)} AS held
    WHERE ${sameKey(model, sql`held`, version)} AND held."audit_id" < ${version}."audit_id"
      AND NOT ${isMarked(model, cell, sql`held`)}
    ORDER BY held."audit_id" DESC LIMIT 1
  ) ELSE ${value} END`
}

/** The version says of the column that its value is the one recorded last. */
function isMarked({ marks = [], audit }: HistoryModel, cell: Cell, version: Fragment): Fragment {
  const number = attnum(audit, cell)
  const each = marks.map((column) => sql`(${number} = ANY (${version}.${ident(column)})) IS TRUE`)
  return sql`(${join(each, sql` OR `)})`
}

function attnum(audit: HistoryModel['audit'], cell: Cell): Fragment {
  const table = literal(quotedName(audit))
  return sql`(SELECT a.attnum FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = pg_catalog.to_regclass(${table}) AND a.attname = ${literal(cell.column)})`
}

/**
 * `ARRAY[…] AS changed`: of each cell, whether the version `h` has other bytes than the version `p` of the same row.
 *
 * @param distance `next` where `p` is the version right before `h`
 */
export function selectChanged(model: HistoryModel, distance: 'next' | 'any'): Fragment {
  return distance === 'next' ? selectChangedSince(model) : changedFlags(model, 'any')
}

const selectChangedSince = oncePerModel((model) => compact(changedFlags(model, 'next')))

function changedFlags(model: HistoryModel, distance: 'next' | 'any'): Fragment {
  const flags = cellsOf(model).map((cell) => {
    if (cell.spec.policy === 'redact') return isRedactedChange(model, cell, distance)
    const differs = sql`ROW(${cellValue(model, cell, 'h')})::record OPERATOR(pg_catalog.*<>) ROW(${cellValue(model, cell, 'p')})::record`
    const isMarkable = cell.spec.whenChanged && model.marks !== undefined && distance === 'next'
    return isMarkable ? sql`NOT ${isMarked(model, cell, sql`h`)} AND ${differs}` : differs
  })
  return sql`ARRAY[${join(flags, comma)}] AS changed`
}

/** What a redacted column was is not known; that it changed is, from the mark of each update. */
function isRedactedChange(model: HistoryModel, { column }: Cell, distance: 'next' | 'any'): Fragment {
  const [now, before] = [sql`h.${ident(column)}`, sql`p.${ident(column)}`]
  const appeared = sql`(${now} IS NULL) <> (${before} IS NULL)`
  if (distance === 'next') return sql`(${now} = '[redacted, changed]') IS TRUE OR ${appeared}`
  return sql`${appeared} OR EXISTS (
    SELECT FROM ${qualified(model.audit)} AS m
    WHERE ${sameKey(model, sql`m`, sql`h`)} AND m."audit_id" > p."audit_id" AND m."audit_id" <= h."audit_id"
      AND (m.${ident(column)} = '[redacted, changed]' OR m."audit_operation" <> 'U')
  )`
}

/** `h."order_id", h."line_no"` */
export function keyList(model: HistoryModel, alias: Fragment): Fragment {
  return join(
    model.key.map((column) => sql`${alias}.${ident(column)}`),
    comma,
  )
}

export function sameKey(model: HistoryModel, one: Fragment, other: Fragment): Fragment {
  return join(
    model.key.map((column) => sql`${one}.${ident(column)} = ${other}.${ident(column)}`),
    sql` AND `,
  )
}

/** `h."id" = CAST($1 AS bigint) AND …` */
export function keyEquals(model: HistoryModel, alias: Fragment, values: readonly string[]): Fragment {
  const parts = model.key.map((column, index) => {
    const spec = cellsOf(model).find((cell) => cell.column === column)?.spec
    return sql`${alias}.${ident(column)} = ${bind(values[index] ?? null, comparedType(spec?.dbType ?? 'text'))}`
  })
  return join(parts, sql` AND `)
}

/** A value as Prisma's own model calls would give it, from what its raw queries give. */
export function decode(spec: HistoryField | OtherColumn, raw: unknown): unknown {
  // Prisma's own reads give an empty list for NULL. A field that came later has nothing to say before.
  if (raw === null || raw === undefined) return spec.list && !isLater(spec) ? [] : null
  if (spec.policy) return raw
  const one = (value: unknown) => decodeOne(spec, value)
  return spec.list && Array.isArray(raw) ? raw.map(one) : one(raw)
}

function isLater(spec: HistoryField | OtherColumn): boolean {
  return 'kind' in spec || spec.added === true || spec.former !== undefined
}

function decodeOne(spec: HistoryField | OtherColumn, value: unknown): unknown {
  if (value === null) return null
  if ('enum' in spec && spec.enum) return spec.enum[String(value)] ?? value
  return toScalar(spec.type, value)
}

/** Raw queries give `oid` as a bigint, and a setting's Decimal is text. */
export function toScalar(type: ScalarType, value: unknown): unknown {
  // Of a bigint column that the schema calls an Int: what a number cannot say stays what it is.
  if (type === 'Int' && typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (type === 'BigInt' && typeof value === 'number') return BigInt(value)
  return value
}
