import { COLUMN_TYPE_NAMES, type ColumnType, type ColumnTypeName } from '../model/column-type.ts'

/**
 * A type as PostgreSQL's own `format_type` spells it, the way the migrations folder is read:
 * `varchar(20)` is `character varying(20)`, `timestamptz(3)` is `timestamp(3) with time zone`.
 */
export function formatType({ name, args, list }: ColumnType): string {
  const precision = args.length === 0 ? '' : `(${args.join(',')})`
  return `${spell(name, precision)}${list ? '[]' : ''}`
}

function spell(name: ColumnType['name'], precision: string): string {
  switch (name) {
    case 'varchar':
      return `character varying${precision}`
    case 'char':
      return `character${precision}`
    case 'varbit':
      return `bit varying${precision}`
    case 'timestamp':
      return `timestamp${precision} without time zone`
    case 'timestamptz':
      return `timestamp${precision} with time zone`
    case 'time':
      return `time${precision} without time zone`
    case 'timetz':
      return `time${precision} with time zone`
    default:
      return `${name}${precision}`
  }
}

/** The inverse: nothing for a type that a history has no column of, as `interval`, an extension's or a domain. */
export function parseType(spelled: string): ColumnType | undefined {
  const list = spelled.endsWith('[]')
  const bare = list ? spelled.slice(0, -2) : spelled
  const limits = /\(([\d,]+)\)/.exec(bare)
  const args = limits?.[1]?.split(',').map(Number) ?? []
  const name = BY_SPELLING.get(limits === null ? bare : bare.replace(limits[0], ''))
  return name === undefined ? undefined : { name, args, list }
}

const BY_SPELLING: ReadonlyMap<string, ColumnTypeName> = new Map(
  COLUMN_TYPE_NAMES.map((name) => [spell(name, ''), name]),
)
