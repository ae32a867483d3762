import type { ColumnType } from '../model/column-type.ts'

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
