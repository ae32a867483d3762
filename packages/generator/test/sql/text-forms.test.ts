import { expect, it } from 'vitest'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedColumn } from '../../src/model/audit-model.ts'
import { column, install, table } from './fixture.ts'

const database = await useTestDatabase()
const run = (sql: string) => database.query(sql)
const hidden = (name: string): AuditedColumn => ({ ...column(name, 'text'), asText: true })

const TYPES = [
  ['circle', `'<(1,2),3>'`, '<(1,2),3>'],
  ['point', `'(1.5,2)'`, '(1.5,2)'],
  ['int4range', `'[1,5]'`, '[1,6)'],
  ['int4multirange', `'{[1,3),[7,9)}'`, '{[1,3),[7,9)}'],
  ['tstzrange', `'[2024-02-03 04:05:06+00,)'`, '["2024-02-03 04:05:06+00",)'],
  ['timestamptz', `'2024-02-03 04:05:06.7+05'`, '2024-02-02 23:05:06.7+00'],
  ['timestamp(0)', `'2024-02-03 04:05:06'`, '2024-02-03 04:05:06'],
  ['date', `'2024-02-03'`, '2024-02-03'],
  ['interval', `'1 year 2 days 03:04:05'`, 'P1Y2DT3H4M5S'],
  ['bytea', `'\\x00ff'`, '\\x00ff'],
  ['double precision', '0.1::float8 + 0.2', '0.30000000000000004'],
  ['numeric(8,2)', '1.5', '1.50'],
  ['money', '12.5::numeric::money', '$12.50'],
  ['xml', `'<a b="c"/>'`, '<a b="c"/>'],
  ['json', `'{"a" : 1}'`, '{"a" : 1}'],
  ['bit(4)', `B'1010'`, '1010'],
  ['bit varying', `B'10'`, '10'],
  ['tsvector', `'a fat cat'`, `'a' 'cat' 'fat'`],
  ['inet', `'10.0.0.1/8'`, '10.0.0.1/8'],
  ['cidr', `'10.0.0.0/8'`, '10.0.0.0/8'],
  ['macaddr', `'08:00:2b:01:02:03'`, '08:00:2b:01:02:03'],
  ['pg_lsn', `'0/16B3748'`, '0/16B3748'],
  ['mood', `'sad'`, 'sad'],
  ['mood[]', `'{sad,glad}'`, '{sad,glad}'],
  ['mail', `'a@b'`, 'a@b'],
  ['mail[]', `'{a@b}'`, '{a@b}'],
  ['pair', `ROW(1, NULL)::pair`, '(1,)'],
  ['pair[]', `ARRAY[ROW(1, 'x')::pair]`, '{"(1,x)"}'],
  ['text[]', `'{a,NULL,"b c"}'`, '{a,NULL,"b c"}'],
  ['int[][]', `'{{1,2},{3,4}}'`, '{{1,2},{3,4}}'],
  ['extensions.citext', `'A b'`, 'A b'],
  ['extensions.citext[]', `'{A,NULL}'`, '{A,NULL}'],
  ['extensions.hstore', `'k=>"v w"'`, '"k"=>"v w"'],
  ['extensions.ltree', `'Top.Science'`, 'Top.Science'],
  ['extensions.cube', `'(1,2),(3,4)'`, '(1, 2),(3, 4)'],
] as const

await run(`CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
  CREATE TYPE pair AS (a int, b text); CREATE SCHEMA extensions;
  ${['citext', 'hstore', 'ltree', 'cube'].map((each) => `CREATE EXTENSION ${each} WITH SCHEMA extensions;`).join('')}`)

it.each(TYPES.flatMap((each) => [['statement', ...each] as const, ['row', ...each] as const]))(
  'at level %s a column of type %s is recorded in one text form, whatever the writer has set',
  async (level, type, value, expected) => {
    const name = `${level} ${type}`
    await run(`CREATE TABLE "${name}" (id int PRIMARY KEY, v ${type})`)
    await run(`INSERT INTO "${name}" VALUES (0, ${value})`)
    await run(
      install(table(name, { columns: [column('id', 'integer'), hidden('v')], level, backfill: true })),
    )
    await run(`BEGIN; SET LOCAL DateStyle = 'German, DMY'; SET LOCAL IntervalStyle = 'sql_standard'; SET LOCAL TimeZone = 'Pacific/Chatham';
      SET LOCAL bytea_output = 'escape'; SET LOCAL extra_float_digits = -15; SET LOCAL search_path = '';
      UPDATE public."${name}" SET id = id; UPDATE public."${name}" SET id = 1; TRUNCATE public."${name}"; COMMIT`)
    const rows = await database.query<{ v: string }>(`SELECT v FROM audit."${name}_audit"`)
    expect(rows.map(({ v }) => v)).toEqual(Array.from({ length: 5 }, () => expected))
  },
)
