import type { ColumnType, ColumnTypeName } from '../model/column-type.ts'
import { integer, join, type Sql, sql } from './sql.ts'

const NAMES = {
  text: sql`text`,
  varchar: sql`varchar`,
  char: sql`char`,
  boolean: sql`boolean`,
  smallint: sql`smallint`,
  integer: sql`integer`,
  bigint: sql`bigint`,
  real: sql`real`,
  'double precision': sql`double precision`,
  numeric: sql`numeric`,
  money: sql`money`,
  timestamp: sql`timestamp`,
  timestamptz: sql`timestamptz`,
  date: sql`date`,
  time: sql`time`,
  timetz: sql`timetz`,
  json: sql`json`,
  jsonb: sql`jsonb`,
  uuid: sql`uuid`,
  bytea: sql`bytea`,
  inet: sql`inet`,
  bit: sql`bit`,
  varbit: sql`varbit`,
  xml: sql`xml`,
  oid: sql`oid`,
} as const satisfies Record<ColumnTypeName, Sql>

/** `numeric(10, 2)[]` */
export function renderType({ name, args, list }: ColumnType): Sql {
  const limits = args.length === 0 ? sql`` : sql`(${join(args.map(integer), sql`, `)})`
  return sql`${NAMES[name]}${limits}${list ? sql`[]` : sql``}`
}

/**
 * What a setting's text is cast to before it is assigned to its column. Without the type's limits: an explicit
 * cast to varchar(10) cuts in silence, an assignment raises.
 */
export function renderSettingCast({ name, list }: ColumnType): Sql {
  const brackets = list ? sql`[]` : sql``
  switch (name) {
    case 'text':
    case 'varchar':
    case 'char':
      return list ? sql`::text[]` : sql``
    case 'bit':
      // A bare "bit" is one bit.
      return sql`::varbit${brackets}`
    default:
      return sql`::${NAMES[name]}${brackets}`
  }
}
