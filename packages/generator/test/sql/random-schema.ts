import fc from 'fast-check'
import type { AuditedColumn, AuditedTable, CapturePolicy } from '../../src/model/audit-model.ts'
import type { ColumnTypeName } from '../../src/model/column-type.ts'
import { ident, literal, qualified, sqlText } from '../../src/sql/sql.ts'
import { facts, setting, table, type } from './fixture.ts'
import type { Kind } from './random-kinds.ts'

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
  /** Null where the table refers to itself. */
  readonly parent: RandomTable | null
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

const anyColumn = { name: anyName, kind: fc.nat(999), auditName: fc.option(anyName) }
const anyReference = fc.record({
  parent: fc.nat(999),
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
  generated: fc.option(fc.record({ name: anyName, of: fc.nat(999), isKey: fc.boolean() })),
  references: fc.array(anyReference, { maxLength: 2 }),
  isPartitioned: fc.constantFrom(false, false, false, false, true),
  level: fc.constantFrom('statement', 'statement', 'statement', 'row', 'changed'),
  missingSettings: fc.constantFrom(null, 'refuse', 'record'),
  truncate: fc.constantFrom('record', 'record', 'refuse'),
  partitionBy: fc.constantFrom(null, null, null, null, 'year'),
  /** Of the columns that are no key, those from this one on are `whenChanged`, where rows are recorded one by one. */
  bigFrom: fc.constantFrom(null, 0, 0, 1),
  /** The table has a key, and its model none. */
  isKeyless: fc.constantFrom(false, false, false, false, true),
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
    // A baseline takes a key.
    const told = { ...wish, isKeyless: wish.isKeyless && !backfill }
    const { audited, ...made } = tableOf(told, free(wish.name), tables, kinds)
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
  const given = [
    ...wish.key.map((each) => makeColumn({ ...each, kind: nth(keyKinds, each.kind), isKey: true })),
    ...wish.others.map((each) => makeColumn({ ...each, kind: nth(kinds, each.kind), isKey: false })),
  ]
  const own = wish.generated === null ? given : [...given, makeColumn(generatedOf(wish.generated, given))]
  const references = referencesOf(wish, own, before, makeColumn)
  const columns = [...own, ...references.flatMap((each) => each.columns)]
  const key = columns.filter(({ isKey }) => isKey)
  const isOnceAStatement = isWrittenOnce(references)
  const sqlName = (part: string) => sqlText(qualified({ schema: SCHEMA, name: `${name}${part}` }))
  const made = {
    audited: auditOf(wish, name, columns, isOnceAStatement),
    columns,
    key,
    references,
    isOnceAStatement,
    root: sqlName(''),
    parts: wish.isPartitioned ? [sqlName(' 1'), sqlName(' 2')] : [],
  }
  return { ...made, create: createText(made) }
}

function referencesOf(
  wish: TableWish,
  own: readonly RandomColumn[],
  before: readonly RandomTable[],
  makeColumn: (wish: ColumnWish) => RandomColumn,
): readonly RandomReference[] {
  const references: RandomReference[] = []
  for (const { parent: number, isKey, onDelete, onUpdate, isDeferrable } of wish.references) {
    const parent = nth([...before, null], number)
    const known = [...own, ...references.flatMap(({ columns }) => columns)]
    const parentKey = parent?.key ?? known.filter((column) => column.isKey)
    // A key that refers to itself would be longer than it is.
    const isInKey = isKey && [parent, ...references.map((other) => other.parent)].every(Boolean)
    const columns = parentKey.map(({ name, kind }) =>
      makeColumn({ name, kind, isKey: isInKey, isForeign: true }),
    )
    const actions = `ON DELETE ${onDelete} ON UPDATE ${onUpdate}`
    const clauses = `${actions}${isDeferrable ? ' DEFERRABLE INITIALLY DEFERRED' : ''}`
    const more = [...references, { parent, parentKey, columns, clauses }]
    if (wish.level !== 'statement' || isWrittenOnce(more)) references.splice(0, references.length, ...more)
  }
  return references
}

function auditOf(
  wish: TableWish,
  name: string,
  columns: readonly RandomColumn[],
  isOnceAStatement: boolean,
): AuditedTable {
  const level = wish.level === 'statement' && !wish.isPartitioned && isOnceAStatement ? 'statement' : 'row'
  const recorded = columns.filter((column) => column.policy !== 'exclude')
  const key = wish.isKeyless ? [] : recorded.filter(({ isKey }) => isKey)
  const isMarkable = level === 'row' && key.length > 0
  const big = recorded.filter(isPlain).slice(isMarkable ? (wish.bigFrom ?? Infinity) : Infinity)
  return table(name, {
    source: { schema: SCHEMA, name },
    columns: recorded.map((column) => auditedColumn(column, big.includes(column))),
    key: key.map(({ auditName }) => auditName),
    level,
    updates: wish.level === 'changed' ? 'changed' : 'all',
    settings: [
      ...(wish.missingSettings === null ? [] : [setting('username String')]),
      ...facts(
        'application_name',
        ...(level === 'row' ? (['changed_columns'] as const) : []),
        ...(big.length > 0 ? (['unchanged_columns'] as const) : []),
      ),
    ],
    missingSettings: wish.missingSettings ?? 'record',
    truncate: wish.truncate,
    ...(wish.partitionBy ? { partitionBy: wish.partitionBy } : {}),
  })
}

/** A partitioned table has one partition for one value, and one for all others. */
function createText({
  root,
  parts,
  columns,
  key,
  references,
}: Omit<RandomTable, 'audited' | 'create'>): string {
  const entries = [...columns.map(columnText), ...constraints(root, key, references)].join(',\n  ')
  const [first] = key
  const [one, others] = parts
  if (first === undefined || one === undefined) return `CREATE TABLE ${root} (\n  ${entries}\n)`
  return `CREATE TABLE ${root} (\n  ${entries}\n) PARTITION BY LIST (${quoted(first.name)});
CREATE TABLE ${one} PARTITION OF ${root} FOR VALUES IN (${typed(first, first.kind.values[0] ?? '')});
CREATE TABLE ${others} PARTITION OF ${root} DEFAULT`
}

/**
 * At level statement one statement must not write a row twice, not even by foreign keys: only one way leads from each
 * parent to the row.
 */
function isWrittenOnce(references: readonly RandomReference[]): boolean {
  const parents = references.map(({ parent }) => parent)
  if (parents.length <= 1) return parents.every((parent) => parent?.isOnceAStatement !== false)
  return (
    new Set(parents).size === parents.length &&
    parents.every((parent) => parent !== null && parent.references.length === 0)
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

const isPlain = ({ isKey, policy }: RandomColumn) => !isKey && policy === 'record'

function auditedColumn({ name, auditName, kind, policy }: RandomColumn, isBig: boolean): AuditedColumn {
  const hidden = policy === 'redact' || policy === 'hash'
  return {
    field: name,
    name: auditName,
    ...(auditName === name ? {} : { sourceName: name }),
    ...(hidden ? { type: type('text'), isEnum: false } : kind.audited),
    policy,
    ...(isBig ? { whenChanged: true } : {}),
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

/** A value of the column's, in SQL. */
export function typed({ kind }: Pick<RandomColumn, 'kind'>, text: string): string {
  return `${sqlText(literal(text))}::${kind.source}`
}

export function namesOf(columns: readonly RandomColumn[]): string {
  return columns.map(({ name }) => quoted(name)).join(', ')
}

export function nth<T>(all: readonly T[], number: number): T {
  const found = all[number % all.length]
  if (found === undefined) throw new Error('nothing to choose from')
  return found
}
