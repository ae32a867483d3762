import type { WrittenType } from './condensed.ts'

const BY_INTERNAL_NAME: Readonly<Record<string, string>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  bool: 'boolean',
  varchar: 'character varying',
  varbit: 'bit varying',
  char: '"char"',
}

const UNCHANGED = new Set(
  `text numeric bpchar bit name uuid json jsonb jsonpath xml bytea inet cidr macaddr macaddr8 oid money date
  timestamp timestamptz time timetz interval tsvector tsquery point line lseg box path polygon circle
  int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange nummultirange
  tsmultirange tstzmultirange datemultirange regclass regproc regprocedure regoper regoperator regtype regrole
  regnamespace regconfig regdictionary pg_lsn pg_snapshot txid_snapshot xid xid8 cid tid refcursor
  int2vector oidvector`.split(/\s+/),
)

/**
 * PostgreSQL's own spelling (`format_type`) of a built-in type, `timestamp(3) without time zone` for one;
 * undefined where the type is not built in.
 */
export function builtinTypeName(type: WrittenType): string | undefined {
  const [first = '', second] = type.names
  if (second !== undefined && first !== 'pg_catalog') return undefined
  const name = second ?? first
  const spelled = Object.hasOwn(BY_INTERNAL_NAME, name) ? BY_INTERNAL_NAME[name] : undefined
  if (spelled === undefined && !UNCHANGED.has(name)) return undefined
  return withModifiers(name, spelled ?? name, type.modifiers) + (type.array ? '[]' : '')
}

function withModifiers(name: string, spelled: string, modifiers: readonly number[]): string {
  const list = modifiers.length > 0 ? `(${modifiers.join(',')})` : ''
  switch (name) {
    case 'bpchar':
      return modifiers.length > 0 ? `character${list}` : 'bpchar'
    case 'timestamp':
    case 'time':
      return `${name}${precision(modifiers)} without time zone`
    case 'timestamptz':
    case 'timetz':
      return `${name.slice(0, -2)}${precision(modifiers)} with time zone`
    case 'numeric':
      return modifiers.length === 1 ? `numeric(${modifiers[0]},0)` : `numeric${list}`
    case 'interval':
      return interval(modifiers)
    default:
      return `${spelled}${list}`
  }
}

/** PostgreSQL keeps six digits of a second at most, and says so with a warning only. */
function precision([digits]: readonly number[]): string {
  return digits === undefined ? '' : `(${Math.min(digits, 6)})`
}

const INTERVAL_FIELDS: readonly (readonly [string, number])[] = [
  ['year', 1 << 2],
  ['month', 1 << 1],
  ['day', 1 << 3],
  ['hour', 1 << 10],
  ['minute', 1 << 11],
  ['second', 1 << 12],
]

/** The first modifier is a set of fields, the second a precision. */
function interval([fields, digits]: readonly number[]): string {
  const named = INTERVAL_FIELDS.filter(([, bit]) => fields !== undefined && fields !== 0x7fff && fields & bit)
  const [first] = named[0] ?? []
  const [last] = named.at(-1) ?? []
  const range = first === undefined ? '' : first === last ? ` ${first}` : ` ${first} to ${last}`
  return `interval${range}${precision(digits === undefined ? [] : [digits])}`
}
