import fc from 'fast-check'
import type { AuditedColumn, AuditedTable, CapturePolicy } from '../../src/model/audit-model.ts'
import type { ColumnTypeName } from '../../src/model/column-type.ts'
import { renderType } from '../../src/sql/column-type.ts'
import { ident, literal, qualified, sqlText } from '../../src/sql/sql.ts'
import { facts, setting, table, type } from './fixture.ts'
import { listText, VALUES } from './folding-property.ts'

/** What a column may be: its type, what the history makes of it, and texts of values. */
export interface Kind {
  readonly source: string
  readonly audited: Pick<AuditedColumn, 'type' | 'isEnum' | 'asText'>
  readonly values: readonly string[]
  readonly isKey: boolean
}

export interface RandomColumn {
  readonly name: string
  readonly auditName: string
  readonly kind: Kind
  readonly policy: CapturePolicy
  readonly isKey: boolean
  readonly isForeign?: true
  /** Of a generated column. */
  readonly expression?: string
}

export interface RandomReference {
  /** Absent where the table refers to itself. */
  readonly parent: RandomTable | undefined
  readonly parentKey: readonly RandomColumn[]
  readonly columns: readonly RandomColumn[]
  readonly clauses: string
}

export interface RandomTable {
  readonly audited: AuditedTable
  readonly columns: readonly RandomColumn[]
  readonly key: readonly RandomColumn[]
  readonly references: readonly RandomReference[]
  /** No statement writes one of its rows twice, and so no row of tables that refer to it. */
  readonly isOnceAStatement: boolean
  /** The table's name in SQL, and those of its partitions. */
  readonly root: string
  readonly parts: readonly string[]
  readonly create: string
}

export const SCHEMA = 'Ap"p 猫'
export const quoted = (name: string) => sqlText(ident(name))
export const textOf = (value: string) => sqlText(literal(value))

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
  nummultirange: ['{[1.0,2.00]}', '{[1.00,2.0]}', '{}'],
  pair: ['(1.0,x)', '(1.00,x)', '(,"a b")', '(,)'],
  'pair[]': ['{"(1,x)"}', '{NULL,"(,)"}'],
  mail: ['a@b', 'A@b'],
  'mail[]': ['{a@b}', '{}'],
  tsvector: ['a fat cat', 'fat'],
  point: ['(1.5,2)', '(-0,1e300)'],
  interval: ['1 day', '24:00', '-1 mon 2 days 03:04:05.6'],
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
  citext: ['a', 'A', 'b'],
  hstore: ['a=>1', 'b=>NULL, a=>"x y"', ''],
}
/** No keys: PostgreSQL orders no values of the first three, and its foreign keys fail on arrays of the others. */
const NO_KEYS = ['json', 'json[]', 'xml', 'xml[]', 'point', 'char[]', 'bit[]']
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
  return [
    ...names.flatMap((name) => [plain(name, [], false), plain(name, [], true)]),
    ...LIMITS.map(([name, ...args]) => plain(name, args, false)),
    kind('"Sta""tus"', { isEnum: true }, status),
    kind('"Sta""tus"[]', { isEnum: true, type: type('text', [], true) }, listsOf(status)),
    ...(optional.includes('any_case') ? [kind('text COLLATE any_case', {}, ['a', 'A', 'ä', 'b'])] : []),
    ...forms
      .filter(([name]) => !Object.hasOwn(OPTIONAL_FORMS, name) || optional.includes(name))
      .map(([name, values]) => kind(name, { asText: true }, values)),
  ]
}

const PARTS = ['a', 'B', 'ü', '猫', '🐈', '"', "'", ' ', '\\', '$', '%I', '-- ', '\n', '.', '{', '$audit$']
const WORDS = [
  'id',
  'select',
  'changed',
  'held',
  'OLD',
  'NEW',
  'latest',
  'TG_OP',
  'source',
  'A',
  'x'.repeat(40),
]
const anyName = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.string({ unit: fc.constantFrom(...PARTS), minLength: 1, maxLength: 6 }),
)
const action = fc.constantFrom('CASCADE', 'SET NULL', 'NO ACTION')
const policy = fc.constantFrom<CapturePolicy>('record', 'record', 'record', 'redact', 'hash', 'exclude')

const anyColumn = { name: anyName, kind: fc.nat(99), auditName: fc.option(anyName) }
const anyReference = fc.record({
  parent: fc.nat(99),
  onDelete: action,
  onUpdate: action,
  isKey: fc.boolean(),
  isDeferrable: fc.boolean(),
})

/** A table before it is known what there is: a number stands for the one of as many as there are. */
const anyTable = fc.record({
  name: anyName,
  key: fc.array(fc.record(anyColumn), { minLength: 1, maxLength: 3 }),
  others: fc.array(fc.record({ ...anyColumn, policy }), { maxLength: 4 }),
  generated: fc.option(fc.record({ name: anyName, of: fc.nat(99), isKey: fc.boolean() })),
  references: fc.array(anyReference, { maxLength: 2 }),
  isPartitioned: fc.integer({ min: 0, max: 3 }).map((number) => number === 3),
  level: fc.constantFrom('statement', 'statement', 'row', 'changed'),
  missingSettings: fc.constantFrom(null, 'refuse', 'record'),
  truncate: fc.constantFrom('record', 'record', 'refuse'),
})
type TableWish = typeof anyTable extends fc.Arbitrary<infer Wish> ? Wish : never

export const tableWishes = fc.array(anyTable, { minLength: 1, maxLength: 3 })

/** The tables of a schema; a table may refer to those before it, and to itself. */
export function tablesOf(
  wishes: readonly TableWish[],
  kinds: readonly Kind[],
  backfill: boolean,
): readonly RandomTable[] {
  const tables: RandomTable[] = []
  const free = freeNames()
  for (const wish of wishes) {
    const { audited, ...made } = tableOf(wish, free(wish.name), tables, kinds)
    tables.push({ ...made, audited: backfill ? { ...audited, backfill } : audited })
  }
  return tables
}

function tableOf(
  wish: TableWish,
  name: string,
  before: readonly RandomTable[],
  kinds: readonly Kind[],
): RandomTable {
  const makeColumn = columnMaker()
  const keyKinds = kinds.filter(({ isKey }) => isKey)
  const own = [
    ...wish.key.map((each) => makeColumn({ ...each, kind: nth(keyKinds, each.kind), isKey: true })),
    ...wish.others.map((each) => makeColumn({ ...each, kind: nth(kinds, each.kind), isKey: false })),
  ]
  const generated = wish.generated === null ? [] : [makeColumn(generatedOf(wish.generated, own))]
  const references: RandomReference[] = []
  const foreign: RandomColumn[] = []
  for (const each of wish.references) {
    const parent = [...before, undefined][each.parent % (before.length + 1)]
    const parentKey = parent?.key ?? [...own, ...generated, ...foreign].filter(({ isKey }) => isKey)
    // A key cannot refer to itself whole: it would have to be longer than it is.
    const isKey =
      each.isKey && parent !== undefined && references.every((other) => other.parent !== undefined)
    const columns = parentKey.map(({ name: columnName, kind }) =>
      makeColumn({ name: columnName, kind, isKey, isForeign: true }),
    )
    foreign.push(...columns)
    const actions = `ON DELETE ${each.onDelete} ON UPDATE ${each.onUpdate}`
    const clauses = `${actions}${each.isDeferrable ? ' DEFERRABLE INITIALLY DEFERRED' : ''}`
    references.push({ parent, parentKey, columns, clauses })
  }
  const columns = [...own, ...foreign, ...generated]
  const key = columns.filter(({ isKey }) => isKey)
  const source = { schema: SCHEMA, name }
  const isOnceAStatement = isWrittenOnce(references)
  const { isPartitioned } = wish
  const partitions = isPartitioned ? [`${name} 1`, `${name} 2`] : []
  const level = isPartitioned || !isOnceAStatement ? 'row' : wish.level
  const audited = table(name, {
    source,
    columns: columns.filter((column) => column.policy !== 'exclude').map(auditedColumn),
    key: key.map(({ auditName }) => auditName),
    level: level === 'changed' ? 'row' : level,
    updates: level === 'changed' ? 'changed' : 'all',
    settings: [
      ...(wish.missingSettings === null ? [] : [setting('username String')]),
      ...facts('application_name', ...(level === 'statement' ? [] : (['changed_columns'] as const))),
    ],
    missingSettings: wish.missingSettings ?? 'record',
    truncate: wish.truncate,
  })
  const [root = '', ...parts] = [name, ...partitions].map((each) =>
    sqlText(qualified({ schema: SCHEMA, name: each })),
  )
  const create = [
    `CREATE TABLE ${root} (\n  ${[...columns.map(columnText), ...constraints(root, key, references)].join(',\n  ')}\n)`,
  ]
  const [first] = key
  if (isPartitioned && first !== undefined) {
    const value = `${textOf(first.kind.values[0] ?? '')}::${first.kind.source}`
    create[0] += ` PARTITION BY LIST (${quoted(first.name)})`
    create.push(
      `CREATE TABLE ${parts[0]} PARTITION OF ${root} FOR VALUES IN (${value})`,
      `CREATE TABLE ${parts[1]} PARTITION OF ${root} DEFAULT`,
    )
  }
  return { audited, columns, key, references, isOnceAStatement, root, parts, create: create.join(';\n') }
}

/**
 * At level statement one statement must not write a row twice, not even by foreign keys: there is one way only from each
 * parent to the row.
 */
function isWrittenOnce(references: readonly RandomReference[]): boolean {
  const parents = references.map(({ parent }) => parent)
  if (parents.length <= 1) return parents.every((parent) => parent?.isOnceAStatement !== false)
  return (
    new Set(parents).size === parents.length &&
    parents.every((parent) => parent !== undefined && parent.references.length === 0)
  )
}

function constraints(
  root: string,
  key: readonly RandomColumn[],
  references: readonly RandomReference[],
): readonly string[] {
  return [
    `PRIMARY KEY (${namesOf(key)})`,
    ...references.map(
      ({ parent, parentKey, columns, clauses }) =>
        `FOREIGN KEY (${namesOf(columns)}) REFERENCES ${parent?.root ?? root} (${namesOf(parentKey)}) ${clauses}`,
    ),
  ]
}

function columnText({ name, kind, expression }: RandomColumn): string {
  const generated = expression === undefined ? '' : ` GENERATED ALWAYS AS (${expression}) STORED`
  return `${quoted(name)} ${kind.source}${generated}`
}

function auditedColumn({ name, auditName, kind, policy }: RandomColumn): AuditedColumn {
  const hidden = policy === 'redact' || policy === 'hash'
  return {
    field: name,
    name: auditName,
    ...(auditName === name ? {} : { sourceName: name }),
    ...(hidden ? { type: type('text'), isEnum: false } : kind.audited),
    policy,
  }
}

function generatedOf(
  { name, of, isKey }: NonNullable<TableWish['generated']>,
  columns: readonly RandomColumn[],
): ColumnWish {
  const from = nth(columns, of)
  const column = quoted(from.name)
  const made = (source: ColumnTypeName, expression: string, values: readonly string[]) => ({
    name,
    isKey,
    kind: { source, audited: { type: type(source), isEnum: false }, values, isKey: true },
    expression,
  })
  if (from.kind.source.endsWith('[]')) return made('integer', `cardinality(${column})`, ['0', '3', '1'])
  if (from.kind.source === 'text') return made('text', `upper(${column})`, ['', 'A'])
  return made('boolean', `${column} IS NULL`, ['f', 't'])
}

type ColumnWish = Omit<RandomColumn, 'auditName' | 'policy'> & {
  readonly auditName?: string | null
  readonly policy?: CapturePolicy
}

/** Makes columns of one table: no two have one name, in the table or in its history. */
function columnMaker(): (wish: ColumnWish) => RandomColumn {
  const [freeName, freeAuditName] = [freeNames(), freeNames()]
  return ({ auditName, policy: wished = 'record', ...column }) => {
    const name = freeName(column.name)
    return { ...column, name, auditName: freeAuditName(auditName ?? name), policy: wished }
  }
}

function freeNames(): (wished: string) => string {
  const taken = new Set<string>()
  return (wished) => {
    let name = wished
    for (let number = 2; taken.has(name); number += 1) name = `${wished}${number}`
    taken.add(name)
    return name
  }
}

export function namesOf(columns: readonly RandomColumn[]): string {
  return columns.map(({ name }) => quoted(name)).join(', ')
}

export function nth<T>(all: readonly T[], number: number): T {
  const found = all[number % all.length]
  if (found === undefined) throw new Error('nothing to choose from')
  return found
}
