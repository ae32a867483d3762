import fc from 'fast-check'
import type { AuditedColumn, AuditedTable, CapturePolicy } from '../../src/model/audit-model.ts'
import type { ColumnTypeName } from '../../src/model/column-type.ts'
import { qualified, sqlText } from '../../src/sql/sql.ts'
import { facts, setting, table, type } from './fixture.ts'
import { createText, quoted } from './random-create.ts'
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
  /** Another one whose columns it has, and whose statements reach its rows. */
  readonly inherits: RandomTable | null
  /** Of the application: see `random-create.ts`. */
  readonly trigger: 'change' | 'skip' | 'again' | null
  /** A policy shows the writer some of its rows. */
  readonly isLimited: boolean
  /** No statement writes one of its rows twice, and so no row of tables that refer to it. */
  readonly isOnceAStatement: boolean
  /** The table's name in SQL, and those of its partitions. */
  readonly root: string
  readonly parts: readonly string[]
  readonly create: string
}

export const SCHEMA = 'Ap"p 猫'

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
  /** Of two tables before it. */
  joins: fc.constantFrom(null, null, null, [0, 1], [1, 1]),
  inherits: fc.constantFrom(null, 0, 1),
  trigger: fc.constantFrom(null, null, 'change', 'skip', 'again', 'again'),
  isLimited: fc.boolean(),
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
  const { own, references, inherits } = partsOf(wish, before, kinds)
  const columns = [...own, ...references.flatMap((each) => each.columns)]
  const key = columns.filter(({ isKey }) => isKey)
  const isOnceAStatement = isWrittenOnce(references)
  const sqlName = (part: string) => sqlText(qualified({ schema: SCHEMA, name: `${name}${part}` }))
  const parts = wish.isPartitioned && inherits === null ? [sqlName(' 1'), sqlName(' 2')] : []
  const isByRow = wish.level !== 'statement' || parts.length > 0 || inherits !== null || !isOnceAStatement
  const audited = auditOf(wish, name, columns, isByRow ? 'row' : 'statement')
  const { trigger, isLimited } = wish
  const made = {
    audited,
    columns,
    key,
    references,
    inherits,
    // What writes a row twice is told apart row by row only.
    trigger: trigger === 'again' && !isByRow ? null : trigger,
    isLimited,
    isOnceAStatement,
    root: sqlName(''),
    parts,
  }
  return { ...made, create: createText(made) }
}

/** What a table consists of: it inherits, joins two others as Prisma's join tables do, or has columns of its own. */
function partsOf(
  wish: TableWish,
  before: readonly RandomTable[],
  kinds: readonly Kind[],
): Pick<RandomTable, 'references' | 'inherits'> & { readonly own: readonly RandomColumn[] } {
  const makeColumn = columnMaker()
  const others = () =>
    wish.others.map((each) => makeColumn({ ...each, kind: nth(kinds, each.kind), isKey: false }))
  const heads = before.filter(({ audited, parts }) => audited.level === 'row' && parts.length === 0)
  if (wish.inherits !== null && heads.length > 0) {
    const inherits = nth(heads, wish.inherits)
    const known = inherits.columns.map(({ isForeign: _, ...column }) => makeColumn(column))
    return { own: [...known, ...others()], references: [], inherits }
  }
  if (wish.joins !== null && before.length > 0) {
    const sides = wish.joins.map((number, index) => {
      const parent = nth(before, number)
      const columns = parent.key.map(({ kind }) =>
        makeColumn({ name: index === 0 ? 'A' : 'B', kind, isKey: true, isForeign: true }),
      )
      return { parent, parentKey: parent.key, columns, clauses: 'ON DELETE CASCADE ON UPDATE CASCADE' }
    })
    return { own: [], references: sides, inherits: null }
  }
  const keyKinds = kinds.filter(({ isKey }) => isKey)
  const given = [
    ...wish.key.map((each) => makeColumn({ ...each, kind: nth(keyKinds, each.kind), isKey: true })),
    ...others(),
  ]
  const own = wish.generated === null ? given : [...given, makeColumn(generatedOf(wish.generated, given))]
  return { own, references: referencesOf(wish, own, before, makeColumn), inherits: null }
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
  level: AuditedTable['level'],
): AuditedTable {
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

export function nth<T>(all: readonly T[], number: number): T {
  const found = all[number % all.length]
  if (found === undefined) throw new Error('nothing to choose from')
  return found
}
