import type { ColumnType, ColumnTypeName } from '../model/column-type.ts'

/** Two types are the same to the audit table. */
export function sameType(a: ColumnType, b: ColumnType): boolean {
  return a.name === b.name && a.list === b.list && a.args.join() === b.args.join()
}

/**
 * True where `ALTER COLUMN … TYPE` changes only the catalog: no rewrite, no scan (PostgreSQL's documentation of
 * ALTER TABLE, "Notes", and the support functions of varchar, varbit, numeric and the time types).
 * Arrays never qualify: their elements are converted one by one.
 */
export function isCatalogOnlyWidening(from: ColumnType, to: ColumnType): boolean {
  if (from.list || to.list || sameType(from, to)) return false
  if (to.name === 'text') return from.name === 'varchar'
  if (from.name === 'text') return to.name === 'varchar' && to.args.length === 0
  if (from.name !== to.name) return false
  switch (from.name) {
    case 'varchar':
    case 'varbit':
    case 'timestamp':
    case 'timestamptz':
    case 'time':
    case 'timetz':
      return to.args.length === 0 || atLeast(to.args[0], from.args[0])
    case 'numeric':
      if (to.args.length === 0) return true
      return atLeast(to.args[0], from.args[0]) && (to.args[1] ?? 0) === (from.args[1] ?? 0)
    default:
      return false
  }
}

/** No argument means no limit, and a limit never widens that. */
function atLeast(to: number | undefined, from: number | undefined): boolean {
  return to !== undefined && from !== undefined && to >= from
}

/** Two types hold the same values, though one may name a limit that the other has by itself. */
export function isSameLimit(a: ColumnType, b: ColumnType): boolean {
  return a.name === b.name && a.list === b.list && limits(a).join() === limits(b).join()
}

/** `timestamp` keeps six digits of a second, and `numeric(5)` none after the point. */
function limits({ name, args }: ColumnType): readonly number[] {
  if (TIMES.has(name)) return [args[0] ?? 6]
  return name === 'numeric' && args.length === 1 ? [...args, 0] : args
}

const TIMES: ReadonlySet<ColumnTypeName> = new Set(['timestamp', 'timestamptz', 'time', 'timetz'])
const INTEGERS: readonly ColumnTypeName[] = ['smallint', 'integer', 'bigint']

/** Those whose text is one whatever the session's settings are, and tells the value whole; `char` loses its blanks. */
const EXACT_AS_TEXT: ReadonlySet<ColumnTypeName> = new Set([
  ...INTEGERS,
  'text',
  'varchar',
  'boolean',
  'numeric',
  'json',
  'jsonb',
  'uuid',
  'bit',
  'varbit',
  'xml',
  'oid',
])

/** Whether a column of the type `to` can hold every value of the type `from` as it is. */
export function holdsAll(to: ColumnType, from: ColumnType): boolean {
  if (to.list !== from.list) return false
  if (isSameLimit(to, from)) return true
  if (to.name === 'text') return EXACT_AS_TEXT.has(from.name)
  if (to.name === 'varchar' && from.name === 'text') return to.args.length === 0
  if (INTEGERS.includes(to.name) && INTEGERS.includes(from.name)) {
    return INTEGERS.indexOf(to.name) >= INTEGERS.indexOf(from.name)
  }
  if (to.name !== from.name) return false
  const [one, other] = [limits(to), limits(from)]
  if (one.length === 0) return true
  if (to.name === 'varchar' || to.name === 'varbit' || TIMES.has(to.name)) return atLeast(one[0], other[0])
  if (to.name !== 'numeric' || other.length === 0) return false
  const [digits, scale, otherDigits, otherScale] = [one[0] ?? 0, one[1] ?? 0, other[0] ?? 0, other[1] ?? 0]
  return scale >= otherScale && digits - scale >= otherDigits - otherScale
}
