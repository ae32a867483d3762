import { comparedType } from './compared-type.ts'
import { isWidened } from './former-type.ts'
import { all, bind, type Fragment, ident, join, sql, typeName } from './fragment.ts'
import { AuditHistoryError } from './history-error.ts'
import type { HistoryField, HistoryModel } from './history-model.ts'
import { valueText } from './value-text.ts'

/** Whose columns a condition speaks of: those of a history, or those of the source itself. */
export interface Side {
  readonly alias: Fragment
  readonly of: 'history' | 'source'
}

/** `h`, the alias of a history in every query here. */
export const HISTORY: Side = { alias: sql`h`, of: 'history' }
/** `s`, the source. */
export const SOURCE: Side = { alias: sql`s`, of: 'source' }

type Where = Readonly<Record<string, unknown>>

const ORDERED = { lt: sql`<`, lte: sql`<=`, gt: sql`>`, gte: sql`>=` } as const
const PATTERNS = {
  contains: (text: string) => `%${text}%`,
  startsWith: (text: string) => `${text}%`,
  endsWith: (text: string) => `%${text}`,
} as const

/**
 * The conditions of a `where`, one fragment each; all must hold.
 *
 *     { total: { gte: 10 }, note: null }  →  h."total" >= CAST($1 AS numeric(10, 2)),  h."note" IS NULL
 *
 * @throws AuditHistoryError `INVALID_ARGUMENT` for a field or an operator that is not known
 */
export function conditions(model: HistoryModel, where: object | undefined, side: Side): readonly Fragment[] {
  return Object.entries(where ?? {}).flatMap(([name, given]) => {
    if (given === undefined) return []
    if (name === 'AND') return listed(given).map((each) => group(model, each, side))
    if (name === 'OR') return [either(listed(given).map((each) => group(model, each, side)))]
    if (name === 'NOT') return listed(given).map((each) => sql`NOT ${group(model, each, side)}`)
    return fieldConditions(model, name, given, side)
  })
}

function group(model: HistoryModel, where: Where, side: Side): Fragment {
  return sql`(${all(conditions(model, where, side))})`
}

function either(groups: readonly Fragment[]): Fragment {
  return groups.length === 0 ? sql`false` : sql`(${join(groups, sql` OR `)})`
}

function listed(given: unknown): readonly Where[] {
  return (Array.isArray(given) ? given : [given]) as readonly Where[]
}

/** @throws AuditHistoryError `INVALID_ARGUMENT` that lists the fields */
export function fieldOf(model: HistoryModel, name: string): HistoryField {
  const field = Object.hasOwn(model.fields, name) ? model.fields[name] : undefined
  if (field !== undefined) return field
  throw new AuditHistoryError(
    'INVALID_ARGUMENT',
    `The history of ${model.source.name} has no field "${name}".`,
    {
      hint: `It has ${Object.keys(model.fields).join(', ')}.`,
    },
  )
}

function fieldConditions(model: HistoryModel, name: string, given: unknown, side: Side): readonly Fragment[] {
  const field = fieldOf(model, name)
  const isData = field.type === 'Json' || field.type === 'Bytes'
  if (field.list || field.policy || field.whenChanged || isData) {
    throw new AuditHistoryError('INVALID_ARGUMENT', `The history cannot be searched by "${name}".`, {
      hint: 'Lists, Json, Bytes, redacted and hashed fields, and those that are recorded when they change, are read, not searched.',
    })
  }
  const column = columnOn(model, field, side)
  const value = (one: unknown) => bind(stored(name, field, one), comparedType(field.dbType))
  const equals = (one: unknown) => (one === null ? sql`${column} IS NULL` : sql`${column} = ${value(one)}`)
  if (!isOperators(given)) return [equals(given)]
  return Object.entries(given).flatMap(([operator, operand]): readonly Fragment[] => {
    if (operand === undefined) return []
    switch (operator) {
      case 'equals':
        return [equals(operand)]
      case 'not':
        return [operand === null ? sql`${column} IS NOT NULL` : sql`${column} <> ${value(operand)}`]
      case 'in':
        return [among(name, field, column, operand as readonly unknown[])]
      case 'notIn':
        return [sql`NOT (${among(name, field, column, operand as readonly unknown[])})`]
      case 'lt':
      case 'lte':
      case 'gt':
      case 'gte':
        return [sql`${column} ${ORDERED[operator]} ${value(operand)}`]
      case 'contains':
      case 'startsWith':
      case 'endsWith': {
        const text = valueText(name, 'String', operand).replace(/[\\%_]/g, '\\$&')
        return [sql`CAST(${column} AS text) LIKE ${bind(PATTERNS[operator](text), 'text')}`]
      }
      default:
        throw new AuditHistoryError(
          'INVALID_ARGUMENT',
          `The history does not know the condition "${operator}" on "${name}".`,
          {
            hint: 'It knows equals, not, in, notIn, lt, lte, gt, gte, contains, startsWith, endsWith, AND, OR, NOT.',
          },
        )
    }
  })
}

/** One parameter for all of them, however many there are. */
function among(name: string, field: HistoryField, column: Fragment, values: readonly unknown[]): Fragment {
  const texts = values.map((one) => stored(name, field, one))
  return sql`${column} = ANY (${bind(arrayText(texts), `${comparedType(field.dbType)}[]`)})`
}

/** PostgreSQL's text form of an array: each element in quotes, so that none is a NULL or a brace. */
export function arrayText(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`).join(',')}}`
}

function isOperators(given: unknown): given is Where {
  // Not by its prototype: an object of another realm (a Jest sandbox) is one too. Prisma's Decimal has methods.
  return Object.prototype.toString.call(given) === '[object Object]' && !('toFixed' in (given as object))
}

/**
 * The column as the history has its type, and where that was another one, what was written then if today's holds it; an enum of the
 * source is compared as text.
 */
function columnOn(model: HistoryModel, field: HistoryField, { alias, of }: Side): Fragment {
  if (of === 'history') {
    const former = (field.former ?? []).filter((name) => isWidened(model.others[name], field))
    const columns = [field.column, ...former].map((name) => sql`${alias}.${ident(name)}`)
    const [own = sql`NULL`, ...more] = columns
    const casts = more.map((column) => sql`CAST(${column} AS ${typeName(field.dbType)})`)
    return more.length === 0 ? own : sql`coalesce(${join([own, ...casts], sql`, `)})`
  }
  const column = sql`${alias}.${ident(field.source ?? field.column)}`
  return field.enum ? sql`CAST(${column} AS text)` : column
}

/** The text that the database has for a value: an enum's own name for it. */
export function stored(name: string, field: HistoryField, value: unknown): string {
  if (field.enum === undefined) return valueText(name, field.type, value)
  const found = Object.entries(field.enum).find(([, prisma]) => prisma === value)
  if (found) return found[0]
  throw new AuditHistoryError(
    'INVALID_ARGUMENT',
    `"${name}" is one of ${Object.values(field.enum).join(', ')}.`,
  )
}

/** The values of a `where` that says of each key column what it equals, by column; undefined where it says less or more. */
export function exactKey(model: HistoryModel, where: object | undefined): readonly string[] | undefined {
  const given = Object.entries(where ?? {}).filter(([, value]) => value !== undefined)
  if (model.key.length === 0 || given.length !== model.key.length) return undefined
  const byColumn = new Map<string, string>()
  for (const [name, value] of given) {
    const field = Object.hasOwn(model.fields, name) ? model.fields[name] : undefined
    if (field === undefined || value === null || isOperators(value) || field.policy) return undefined
    byColumn.set(field.column, stored(name, field, value))
  }
  const values = model.key.map((column) => byColumn.get(column))
  return values.every((value) => value !== undefined) ? values : undefined
}

/** Those conditions of a `where` that speak of the key alone: they hold for all versions of a row, or for none. */
export function keyPart(model: HistoryModel, where: object | undefined): object {
  const isKey = (name: string) =>
    Object.hasOwn(model.fields, name) && model.key.includes(model.fields[name]?.column ?? '')
  return Object.fromEntries(Object.entries(where ?? {}).filter(([name]) => isKey(name)))
}

/** `(h."id") <= (CAST($1 AS bigint))`: keys until this one, in PostgreSQL's order. */
export function keysUpTo(model: HistoryModel, side: Side, texts: readonly string[]): Fragment {
  const fields = model.key.flatMap(
    (column) => Object.values(model.fields).find((field) => field.column === column) ?? [],
  )
  const columns = fields.map((field) => columnOn(model, field, side))
  const values = fields.map((field, index) => bind(texts[index] ?? null, comparedType(field.dbType)))
  return sql`(${join(columns, sql`, `)}) <= (${join(values, sql`, `)})`
}
