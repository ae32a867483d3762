import type { AuditedColumn } from '../../src/model/audit-model.ts'
import type { ColumnTypeName } from '../../src/model/column-type.ts'
import { renderType } from '../../src/sql/column-type.ts'
import { sqlText } from '../../src/sql/sql.ts'
import { type } from './fixture.ts'
import { listText, VALUES } from './folding-property.ts'

/** What a column may be: its type, what the history makes of it, and texts of values. */
export interface Kind {
  readonly source: string
  readonly audited: Pick<AuditedColumn, 'type' | 'isEnum' | 'asText'>
  readonly values: readonly string[]
  readonly isKey: boolean
}

/** Once a database; without the collation where the server has no ICU, and without what it has no extension for. */
export const OWN_TYPES = `
  CREATE TYPE "Sta""tus" AS ENUM ('open', 'Ünïcode, "', 'NULL');
  CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
  CREATE TYPE pair AS (a numeric, b text);
  DO $$ BEGIN
    CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  EXCEPTION WHEN OTHERS THEN NULL; END $$;
  DO $$ BEGIN CREATE EXTENSION citext; EXCEPTION WHEN OTHERS THEN NULL; END $$;
  DO $$ BEGIN CREATE EXTENSION hstore; EXCEPTION WHEN OTHERS THEN NULL; END $$;`
export const OPTIONAL_TYPES = `
  SELECT typname AS name FROM pg_type WHERE typname IN ('citext', 'hstore')
  UNION SELECT collname FROM pg_collation WHERE collname = 'any_case'`

const LIMITS: readonly (readonly [ColumnTypeName, ...number[]])[] = [
  ['varchar', 9],
  ['char', 3],
  ['numeric', 40, 9],
  ['timestamp', 3],
  ['timestamptz', 0],
  ['time', 2],
  ['bit', 1],
]

/** Types that no field has, recorded in their text form. */
const TEXT_FORMS: Readonly<Record<string, readonly string[]>> = {
  int4range: ['[1,5)', 'empty', '(,3]'],
  nummultirange: ['{[1.0,2.00]}', '{[1.00,2.0]}'],
  pair: ['(1.0,x)', '(1.00,x)', '(,"a b")'],
  'pair[]': ['{"(1,x)"}', '{NULL,"(,)"}'],
  mail: ['a@b', 'A@b'],
  'mail[]': ['{a@b}', '{}'],
  tsvector: ['a fat cat', 'fat'],
  point: ['(1.5,2)', '(-0,1e300)'],
  interval: ['1 day', '24:00', '-1 mon 03:04:05.6'],
  '"Sta""tus"[]': ['{open,NULL}', '{"NULL"}'],
  'int[][]': ['{{1,2},{3,4}}', '{}'],
  timestamptz: VALUES.timestamptz,
  'double precision': VALUES['double precision'],
  money: VALUES.money,
  bytea: VALUES.bytea,
  json: VALUES.json,
  macaddr: ['08:00:2b:01:02:03', '00:00:00:00:00:00'],
  pg_lsn: ['0/16B3748', '0/0'],
}
const OPTIONAL_FORMS: Readonly<Record<string, readonly string[]>> = {
  citext: ['a', 'A', 'ä'],
  hstore: ['a=>1', 'b=>NULL, a=>"x y"', ''],
}
/** No keys: PostgreSQL orders no values of most of them, and its foreign keys fail on arrays of char and bit. */
const NO_KEYS = ['json', 'json[]', 'xml', 'xml[]', 'point', 'char[]', 'bit[]']
/** PostgreSQL finds values of these equal that differ as texts: keys of theirs are easily told apart wrongly. */
const TREACHEROUS = ['text COLLATE any_case', 'citext', 'interval', 'pair', 'nummultirange', 'numeric']

const listsOf = (values: readonly string[]) => [[], [...values, null], values.slice(-1)].map(listText)

/** @param optional which of `OPTIONAL_TYPES` there are */
export function kindsOf(optional: readonly string[]): readonly Kind[] {
  const names = Object.keys(VALUES) as ColumnTypeName[]
  const kind = (source: string, audited: Partial<Kind['audited']>, values: readonly string[]): Kind => ({
    source,
    audited: { type: type('text'), isEnum: false, ...audited },
    values,
    isKey: !NO_KEYS.includes(source),
  })
  const plain = (name: ColumnTypeName, args: readonly number[], isList: boolean) => {
    const full = type(name, args, isList)
    const values = isList ? listsOf(VALUES[name]) : VALUES[name]
    return kind(sqlText(renderType(full)), { type: full }, values)
  }
  const status = ['open', 'Ünïcode, "', 'NULL']
  const forms = Object.entries({ ...TEXT_FORMS, ...OPTIONAL_FORMS })
  const kinds = [
    ...names.flatMap((name) => [plain(name, [], false), plain(name, [], true)]),
    ...LIMITS.map(([name, ...args]) => plain(name, args, false)),
    kind('"Sta""tus"', { isEnum: true }, status),
    kind('"Sta""tus"[]', { isEnum: true, type: type('text', [], true) }, listsOf(status)),
    ...(optional.includes('any_case') ? [kind('text COLLATE any_case', {}, ['a', 'A', 'ä'])] : []),
    ...forms
      .filter(([name]) => !Object.hasOwn(OPTIONAL_FORMS, name) || optional.includes(name))
      .map(([name, values]) => kind(name, { asText: true }, values)),
  ]
  const treacherous = kinds.filter(({ source }) => TREACHEROUS.includes(source))
  return [...kinds, ...treacherous, ...treacherous, ...treacherous]
}
