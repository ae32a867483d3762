import type pg from 'pg'

/** A column that any value of its type may be written to: no key, no reference, nothing unique. */
export interface ValueColumn {
  readonly table: string
  readonly column: string
  readonly type: string
  readonly notNull: boolean
}

/** Values that are easily lost, by `format_type` without its arguments. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  text: ['', 'a', 'o\'b \\ " $$ 🐈', 'a\nb'],
  'character varying': ['v', '', "'"],
  character: ['NL', ' '],
  boolean: ['t', 'f'],
  smallint: ['-32768', '7'],
  integer: ['2147483647', '-1'],
  bigint: ['9223372036854775807', '-9223372036854775808'],
  real: ['NaN', 'Infinity', '1.5e-30', '-0'],
  'double precision': ['NaN', '-Infinity', '0.1', '-0'],
  numeric: ['NaN', '12.34', '-0.5'],
  money: ['12.34', '-1'],
  'timestamp without time zone': ['infinity', '2024-02-29 23:59:59.999999', '0044-03-15 12:00 BC'],
  'timestamp with time zone': ['-infinity', '2024-02-29 23:59:59.999999+02', '294276-12-31 23:59:59+00'],
  date: ['infinity', '0001-01-01', '4713-01-01 BC', '2024-02-29'],
  'time without time zone': ['24:00', '12:34:56.789'],
  'time with time zone': ['12:34+05:30'],
  json: ['{"a":  1, "a": 2}', 'null', '[]'],
  jsonb: ['{"b": 1, "a": [null]}', 'null', '"x"'],
  uuid: ['6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b'],
  bytea: ['\\x00ff27', '\\x'],
  inet: ['10.0.0.1/8', '::1'],
  bit: ['10101010', '00000000'],
  'bit varying': ['10101', ''],
  xml: ['<a>&lt;</a>', 'x'],
  oid: ['4294967295', '0'],
  '"Channel"': ['web', 'call centre'],
  product_status: ['draft', 'on-sale', 'WITHDRAWN'],
}

/** Prisma cannot read dates beyond JavaScript's, so they go to the one table that its calls do not read. */
export function valuesOf({ table, type }: ValueColumn): readonly string[] {
  const all = VALUES[type.replace('[]', '')] ?? []
  const isTime = /^(date|timestamp)/.test(type)
  return isTime && table !== 'Parcel' ? all.filter((value) => !/infinity|BC|294276/.test(value)) : all
}

/** Every such column of the tables that the random values go to. */
export async function readValueColumns(client: pg.Client): Promise<readonly ValueColumn[]> {
  const { rows } = await client.query<ValueColumn>(
    `SELECT c.relname AS "table", a.attname AS "column", a.attnotnull AS "notNull",
       pg_catalog.format_type(a.atttypid, NULL) AS type
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relnamespace = 'public'::regnamespace
       AND c.relname IN ('customers', 'Product Catalogue', 'order', 'Parcel', 'exchange_rates')
       AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY (i.indkey))
       AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f' AND a.attnum = ANY (f.conkey))
     ORDER BY 1, a.attnum`,
  )
  const unknown = rows.filter(({ type }) => VALUES[type.replace('[]', '')] === undefined)
  if (unknown.length > 0) throw new Error(`No values for ${unknown.map(({ type }) => type).join(', ')}.`)
  return rows
}
