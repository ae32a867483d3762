import { describe, expect, it } from 'vitest'
import type { AuditedColumn } from '../../src/model/audit-model.ts'
import type { ColumnTypeName } from '../../src/model/column-type.ts'
import { column, type } from '../sql/fixture.ts'
import { auditedTables, WAYS } from './audited-table.ts'

const { run, audited } = await auditedTables()

await run(`CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions; CREATE EXTENSION hstore SCHEMA extensions;
  CREATE EXTENSION ltree SCHEMA extensions; CREATE EXTENSION cube SCHEMA extensions;
  CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%'); CREATE DOMAIN amount AS numeric(10, 2) NOT NULL;
  CREATE DOMAIN mails AS mail[]; CREATE TYPE pair AS (a int, b text); CREATE TYPE pairs AS (one pair, more pair[]);
  CREATE TYPE mood AS ENUM ('glad', 'so-so', 'sad'); CREATE TYPE moods AS RANGE (subtype = mood);
  CREATE DOMAIN whole_pair AS pair CHECK ((VALUE).a IS NOT NULL); CREATE DOMAIN good_mood AS mood CHECK (VALUE <> 'sad')`)

/** The types that Prisma knows only as Unsupported, and what is an extension's or the application's; two values of each. */
const TYPES = [
  ['int4range', "'[1,5)'", "'empty'"],
  ['numrange', "'[1.0,2.5]'", "'(,)'"],
  ['tstzrange', "'[2024-02-03T04:05:06Z,)'", "'empty'"],
  ['daterange[]', '\'{"[2024-01-01,2024-02-01)"}\'', "'{}'"],
  ['int4multirange', "'{[1,2),[5,9)}'", "'{}'"],
  ['int4multirange[]', `'{"{[1,2),[5,9)}","{}"}'`, "'{}'"],
  ['tstzmultirange', "'{[2024-02-03T04:05:06Z,2024-02-04T04:05:06Z)}'", "'{}'"],
  ['moods', "'[glad,sad)'", "'empty'"],
  ['interval', "'1 year 2 days 03:04:05.6'", "'-1 day'"],
  ['interval[]', "'{1 day,NULL}'", "'{}'"],
  ['point', "'(1,2)'", "'(1,3)'"],
  ['box[]', "'{(1,1),(0,0)}'", "'{}'"],
  ['polygon', "'((0,0),(1,1),(2,0))'", "'((0,0),(1,1))'"],
  ['circle', "'<(0,0),1>'", "'<(0,0),2>'"],
  ['line', "'{1,2,3}'", "'{1,2,4}'"],
  ['lseg', "'[(0,0),(1,1)]'", "'[(0,0),(1,2)]'"],
  ['path', "'((0,0),(1,1))'", "'[(0,0),(1,1)]'"],
  ['path[]', `'{"[(0,0),(1,1)]"}'`, "'{}'"],
  ['macaddr8', "'08:00:2b:01:02:03:04:05'", "'08:00:2b:01:02:03:04:06'"],
  ['macaddr', "'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"],
  ['cidr', "'10.0.0.0/8'", "'::/0'"],
  ['tsvector', "to_tsvector('simple', 'a b')", "''"],
  ['tsquery', "'a & b'", "'a'"],
  ['jsonpath', "'$.a'", "'$.b'"],
  ['pg_lsn', "'0/1'", "'0/2'"],
  ['regclass', "'pg_class'", "'pg_proc'"],
  ['"char"', "'a'", "'b'"],
  ['name', "'a'", "'b'"],
  ['bit(8)', "B'10101010'", "B'00000000'"],
  ['bit(8)[]', "'{10101010,NULL}'", "'{}'"],
  ['bit varying(8)[]', "'{101}'", "'{}'"],
  ['money[]', "'{12.5,NULL}'", "'{}'"],
  ['xml[]', "ARRAY['<a/>'::xml]", "'{}'"],
  ['json', '\'{"a": 1}\'', '\'{"a":1}\''],
  ['mail', "'a@b'", "'a@c'"],
  ['mail[]', "'{a@b,c@d}'", "'{}'"],
  ['mails', "'{a@b}'", "'{}'"],
  ['amount', "'1.5'", "'1.6'"],
  ['pair', "ROW(1, 'x')", 'ROW(1, NULL)'],
  ['pair[]', "ARRAY[ROW(1, 'x')::pair]", "'{}'"],
  ['pairs', "ROW(ROW(1, 'x'), ARRAY[ROW(2, 'y')::pair])", "ROW(NULL, '{}')"],
  ['whole_pair', "ROW(1, 'x')", 'ROW(1, NULL)'],
  ['whole_pair[]', "ARRAY[ROW(1, 'x')::whole_pair]", "'{}'"],
  ['mood', "'glad'", "'sad'"],
  ['mood[]', "'{glad,sad}'", "'{}'"],
  ['good_mood', "'glad'", "'so-so'"],
  ['good_mood[]', "'{glad}'", "'{}'"],
  ['extensions.citext', "'a'", "'A'"],
  ['extensions.citext[]', "'{a}'", "'{A}'"],
  ['extensions.hstore', "'a=>1'", "'b=>NULL'"],
  ['extensions.ltree', "'a.b'", "'a.c'"],
  ['extensions.cube', "'(1,2)'", "'(1,3)'"],
] as const

const hidden = (policy: 'redact' | 'hash', name: string): AuditedColumn => ({
  ...column(name, 'text'),
  policy,
})

/** Where only changes are recorded, all is done that `level: row` does, and whole rows are compared besides. */
const TYPES_WAYS = WAYS.filter(([name]) => name !== 'level row')

describe.each(TYPES_WAYS)('%s', (_, way) => {
  it.each(TYPES)(
    'a column of type %s is no obstacle, and can be redacted and hashed',
    async (typeName, one, two) => {
      const columns = [
        column('id', 'integer'),
        column('note', 'text'),
        hidden('redact', 'secret'),
        hidden('hash', 'iban'),
      ]
      const { name, history, auditTable } = await audited(
        { ...way, columns },
        (source) =>
          `CREATE TABLE ${source} (id int PRIMARY KEY, note text, other ${typeName}, secret ${typeName}, iban ${typeName})`,
      )
      await run(`INSERT INTO ${name} VALUES (1, 'a', ${one}, ${one}, ${one}); UPDATE ${name} SET secret = ${two}, iban = ${two};
      UPDATE ${name} SET id = 2, secret = ${one}, iban = ${one};
      INSERT INTO ${name} VALUES (2, 'x', ${one}, ${one}, ${one}) ON CONFLICT (id) DO UPDATE SET note = 'c';
      UPDATE ${name} SET other = ${two}; TRUNCATE ${name}`)
      // Where only changes count, what is not recorded counts for nothing.
      const last = 'updates' in way ? [] : ['U (2,c)']
      expect(await history()).toEqual([
        'I (1,a)',
        'U (1,a)',
        'D (1,a)',
        'U (2,a)',
        'U (2,c)',
        ...last,
        'D (2,c)',
      ])
      const rows = await run(`SELECT secret, iban FROM ${auditTable} ORDER BY audit_id LIMIT 4`)
      const changed = way.level === 'row' ? '[redacted, changed]' : '[redacted]'
      expect(rows.map(({ secret }) => secret)).toEqual(['[redacted]', changed, '[redacted]', changed])
      const [first, second, ended, again] = rows.map(({ iban }) => String(iban))
      expect(first).toMatch(/^[0-9a-f]{64}$/)
      expect(second).not.toBe(first)
      expect([ended, again]).toEqual([second, first])
    },
  )
})

it.each(WAYS)('%s: a composite value whose fields are NULL is a value, and NULL is none', async (_, way) => {
  const columns = [column('id', 'integer'), hidden('redact', 'secret'), hidden('hash', 'iban')]
  const { name, auditTable } = await audited(
    { ...way, columns },
    (source) => `CREATE TABLE ${source} (id int PRIMARY KEY, secret pair, iban pair)`,
  )
  await run(`INSERT INTO ${name} VALUES (1, ROW(NULL, NULL), ROW(NULL, NULL)), (2, NULL, NULL)`)
  expect(await run(`SELECT secret, iban IS NOT NULL AS hashed FROM ${auditTable} ORDER BY id`)).toEqual([
    { secret: '[redacted]', hashed: true },
    { secret: null, hashed: false },
  ])
})

/** What a database may have where Prisma's schema says one of its own types. */
const STAND_INS = [
  ['extensions.citext', type('text'), "'Ab'", "'aB'"],
  ['extensions.citext[]', type('text', [], true), "'{Ab}'", "'{aB}'"],
  ['mail', type('text'), "'a@b'", "'a@c'"],
  ['mail[]', type('text', [], true), "'{a@b}'", "'{a@c}'"],
  ['mails', type('text', [], true), "'{a@b}'", "'{a@c}'"],
  ['amount', type('numeric', [10, 2]), "'1.50'", "'1.60'"],
  ['name', type('text'), "'a'", "'b'"],
] as const

describe.each(WAYS)('%s', (_, way) => {
  it.each(STAND_INS)('%s is recorded where Prisma says %o', async (typeName, prismaType, one, two) => {
    const columns = [column('id', 'integer'), column('value', prismaType)]
    const { name, auditTable } = await audited(
      { ...way, columns },
      (source) => `CREATE TABLE ${source} (id int PRIMARY KEY, value ${typeName})`,
    )
    await run(`INSERT INTO ${name} VALUES (1, ${one}); UPDATE ${name} SET value = ${two}`)
    const rows = await run(`SELECT value::text FROM ${auditTable} ORDER BY audit_id`)
    expect(rows.map(({ value }) => `'${value}'`)).toEqual([one, two])
  })

  it('a citext key of a schema that is on no search_path is recorded, in its case', async () => {
    const { name, history } = await audited(
      { ...way, columns: [column('id', 'text' satisfies ColumnTypeName), column('note', 'text')] },
      (source) => `CREATE TABLE ${source} (id extensions.citext PRIMARY KEY, note text)`,
    )
    await run(
      `INSERT INTO ${name} VALUES ('a', 'x'); UPDATE ${name} SET id = 'A'; UPDATE ${name} SET id = 'b'`,
    )
    expect(await history()).toEqual(['I (a,x)', 'D (a,x)', 'U (A,x)', 'D (A,x)', 'U (b,x)'])
  })
})
