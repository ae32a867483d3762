/**
 * The PostgreSQL types that an audit column may have, by the names that people write in SQL.
 * Enums and extension types are not here: they are stored as `text`, so that no audit table
 * stands in the way when the application changes or drops them.
 */
export const COLUMN_TYPE_NAMES = [
  'text',
  'varchar',
  'char',
  'boolean',
  'smallint',
  'integer',
  'bigint',
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
  'uuid',
  'bytea',
  'inet',
  'bit',
  'varbit',
  'xml',
  'oid',
] as const
export type ColumnTypeName = (typeof COLUMN_TYPE_NAMES)[number]

/** `numeric(10,2)[]` is `{ name: 'numeric', args: [10, 2], list: true }`. */
export interface ColumnType {
  readonly name: ColumnTypeName
  readonly args: readonly number[]
  readonly list: boolean
}
