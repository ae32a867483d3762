import fc from 'fast-check'
import { HAS_MERGE } from './folding-property.ts'
import { namesOf, quoted, typed, WRITER } from './random-create.ts'
import { nth, type RandomColumn, type RandomTable } from './random-schema.ts'

/** A statement before it is known what there is: the numbers decide, one after another and over again. */
const wishesOf = (kind: fc.Arbitrary<number>) =>
  fc.record({ kind, numbers: fc.array(fc.nat(99), { minLength: 8, maxLength: 40 }) })
export const statementWishes = wishesOf(fc.nat(99))
type StatementWish = typeof statementWishes extends fc.Arbitrary<infer Wish> ? Wish : never

type Pick = <T>(all: readonly T[]) => T
type Write = (table: RandomTable, pick: Pick) => string

/** The statement that a wish is on these tables. */
export function statementOn(tables: readonly RandomTable[], { kind, numbers }: StatementWish): string {
  let at = 0
  const pick: Pick = (all) => {
    at += 1
    return nth(all, nth(numbers, at - 1))
  }
  const isByRow = tables.every(({ audited }) => audited.level === 'row')
  const write = nth(isByRow ? [...WRITES, ...TWICE] : WRITES, kind)
  return write(pick(tables), pick)
}

const insert: Write = (table, pick) =>
  `INSERT INTO ${target(table, pick)} ${newRows(table, pick)}${pick(['', ' ON CONFLICT DO NOTHING'])}`

const insertChildren: Write = (table, pick) => {
  if (table.references.length === 0) return insert(table, pick)
  const { parent, parentKey, columns } = pick(table.references)
  const row = settable(table).map((column) => {
    const from = parentKey[columns.indexOf(column)]
    return from === undefined ? value(column, pick) : `p.${quoted(from.name)}`
  })
  const rows = `LIMIT ${pick([1, 2])} OFFSET ${pick([0, 1])}`
  return `INSERT INTO ${target(table, pick)} (${namesOf(settable(table))}) SELECT ${row.join(', ')} FROM ${parent?.root ?? table.root} AS p ${rows}`
}

const upsert: Write = (table, pick) => {
  const rows = `INSERT INTO ${target(table, pick)} ${newRows(table, pick)} ON CONFLICT (${namesOf(table.key)})`
  const others = plain(table).map(({ name }) => `${quoted(name)} = EXCLUDED.${quoted(name)}`)
  // PostgreSQL moves no row to another partition here.
  const moves = table.parts.length === 0 && pick([true, false]) ? newKey(table, pick) : []
  const all = [...others, ...moves]
  return all.length === 0 ? `${rows} DO NOTHING` : `${rows} DO UPDATE SET ${all.join(', ')}`
}

const update: Write = (table, pick) => {
  const columns = plain(table)
  if (columns.length === 0) return moveKeys(table, pick)
  const changed = new Set([pick(columns), pick(columns)])
  const changes = [...changed].map((column) => `${quoted(column.name)} = ${value(column, pick)}`)
  return `UPDATE ${target(table, pick)} SET ${changes.join(', ')} WHERE ${condition(table, pick)}`
}

const touch: Write = (table, pick) => {
  const name = quoted(pick(settable(table)).name)
  return `UPDATE ${target(table, pick)} SET ${name} = ${name} WHERE ${condition(table, pick)}`
}

const moveKeys: Write = (table, pick) =>
  `UPDATE ${target(table, pick)} SET ${newKey(table, pick).join(', ')} WHERE ${condition(table, pick)}`

/** Each of several rows takes the key that the next one gives up. */
const rotateKeys: Write = (table, pick) => {
  const column = pick(settableKey(table))
  const name = quoted(column.name)
  const keys = column.kind.values.map((text) => typed(column, text))
  const cases = keys.slice(1).map((to, index) => `WHEN ${keys[index]} THEN ${to}`)
  if (cases.length === 0) return moveKeys(table, pick)
  return `UPDATE ${target(table, pick)} SET ${name} = CASE ${name} ${cases.join(' ')} ELSE ${name} END WHERE ${condition(table, pick)}`
}

const remove: Write = (table, pick) => `DELETE FROM ${target(table, pick)} WHERE ${condition(table, pick)}`

const truncate: Write = ({ root }) => `TRUNCATE ${root} CASCADE`

const merge: Write = (table, pick) => mergeWith(table, pick, plain(table).map(fromSource))

/** Here the key of a row that the statement deletes may become another row's. */
const mergeTwice: Write = (table, pick) => mergeWith(table, pick, newKey(table, pick))

const comeBack: Write = (table, pick) => {
  const moved = pick(settableKey(table))
  const row = settable(table).map((column) => (column === moved ? value(column, pick) : quoted(column.name)))
  return `WITH gone AS (DELETE FROM ${table.root} WHERE ${condition(table, pick)} RETURNING *)
    INSERT INTO ${table.root} (${namesOf(settable(table))}) SELECT ${row.join(', ')} FROM gone LIMIT 1`
}

const setContext: Write = (_, pick) =>
  `SELECT set_config('audit.username', ${pick(["'o''brien 🐈'", "''", "'{\"}'"])}, true)`

const setRole: Write = (_, pick) => `SET LOCAL ROLE ${pick([quoted(WRITER), 'NONE'])}`

const setOutput: Write = (_, pick) =>
  `SET LOCAL ${pick([
    "DateStyle = 'German, DMY'",
    "IntervalStyle = 'sql_standard'",
    "TimeZone = 'Pacific/Chatham'",
    "bytea_output = 'escape'",
    'extra_float_digits = -15',
  ])}`

const WRITES: readonly Write[] = [
  insert,
  insert,
  insertChildren,
  insertChildren,
  upsert,
  upsert,
  update,
  update,
  touch,
  moveKeys,
  moveKeys,
  rotateKeys,
  remove,
  ...(HAS_MERGE ? [merge] : []),
  truncate,
  setContext,
  setRole,
  setOutput,
]

/** The first of them fill the tables. */
export const insertWishes = wishesOf(fc.nat(3))

/** As in the folding property: what writes one key twice is told apart row by row only. */
const TWICE: readonly Write[] = [...(HAS_MERGE ? [mergeTwice] : []), comeBack]

function mergeWith(table: RandomTable, pick: Pick, changes: readonly string[]): string {
  const columns = settable(table)
  const isSame = settableKey(table).map(({ name }) => `t.${quoted(name)} = s.${quoted(name)}`)
  return `MERGE INTO ${target(table, pick)} AS t USING (${values(table, pick)}) AS s (${namesOf(columns)}) ON ${isSame.join(' AND ')}
    WHEN MATCHED AND ${condition(table, pick, 't.')} THEN DELETE
    WHEN MATCHED THEN ${changes.length === 0 ? 'DO NOTHING' : `UPDATE SET ${changes.join(', ')}`}
    WHEN NOT MATCHED THEN INSERT (${namesOf(columns)}) VALUES (${columns.map(({ name }) => `s.${quoted(name)}`).join(', ')})`
}

const fromSource = ({ name }: RandomColumn) => `${quoted(name)} = s.${quoted(name)}`

function target({ root, parts }: RandomTable, pick: Pick): string {
  return pick([root, root, ...parts])
}

const settable = ({ columns }: RandomTable) => columns.filter(({ expression }) => expression === undefined)
const settableKey = (table: RandomTable) => settable(table).filter(({ isKey }) => isKey)
const plain = (table: RandomTable) => settable(table).filter(({ isKey }) => !isKey)

function newRows(table: RandomTable, pick: Pick): string {
  return `(${namesOf(settable(table))}) ${values(table, pick)}`
}

function values(table: RandomTable, pick: Pick): string {
  const rows = Array.from({ length: pick([1, 2, 3]) }, () =>
    settable(table).map((column) => value(column, pick)),
  )
  return `VALUES ${rows.map((row) => `(${row.join(', ')})`).join(', ')}`
}

function newKey(table: RandomTable, pick: Pick): readonly string[] {
  const column = pick(settableKey(table))
  return [`${quoted(column.name)} = ${value(column, pick)}`]
}

function value(column: RandomColumn, pick: Pick): string {
  const { values: texts } = column.kind
  // Few texts are a parent's key.
  const nulls = column.isForeign ? [null, null, null, null] : [null]
  const text = pick(column.isKey ? texts : [...nulls, ...texts])
  return text === null ? `NULL::${column.kind.source}` : typed(column, text)
}

function condition(table: RandomTable, pick: Pick, row = ''): string {
  const key = pick(table.key)
  const name = `${row}${quoted(key.name)}`
  const same = typed(key, pick(key.kind.values))
  const other = `${row}${quoted(pick(table.columns).name)}`
  return pick([`${name} = ${same}`, `${name} <> ${same}`, 'true', `${other} IS NOT NULL`])
}
