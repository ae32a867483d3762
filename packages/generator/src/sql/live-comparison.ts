import type { AuditTableObject, StateColumn } from '../state/database-state.ts'
import { sourceColumn } from '../state/source-column.ts'
import { auditTable, liveColumns } from './audit-table.ts'
import { isOwnRow, isSameKey } from './baseline.ts'
import { renderType } from './column-type.ts'
import { erasureName } from './erasure-tables.ts'
import { hashKeyMade } from './hash-key-table.ts'
import { historyValue } from './history-row.ts'
import { keyColumns } from './key-columns.ts'
import { isAfterLast, type KeyOrder } from './key-order.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import {
  ident,
  integer,
  join,
  keyword,
  literal,
  parameter,
  qualified,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'
import { columnNumber, hasMarks, isHeld, LOOK_BACK } from './unchanged-columns.ts'

/** What the history of a table can tell of the rows that it has today. */
export interface Told {
  readonly table: AuditTableObject
  /** A row without history was written past the triggers: the history has been there as long as the table, or begins with a baseline. */
  readonly isWhole: boolean
  /** What this transaction or a later one wrote was written past the triggers, if the history does not say so: nothing excuses it. */
  readonly writtenSince?: string | undefined
  /** Until this time (PostgreSQL's text) the audit rested: what it recorded before says nothing of today. */
  readonly restedUntil?: string | undefined
  /** By audit column: until this time NULL is no value, for the column was not recorded yet. `infinity` where nobody knows. */
  readonly since: ReadonlyMap<string, string>
  /** Audit columns that cannot be compared here. */
  readonly left: ReadonlySet<string>
  /** Values may have been erased from the history. */
  readonly hasErasures?: boolean
}

/** Where one row of a table is not what the newest row of its history says. */
export interface LiveFinding {
  /** Which write the history lacks. */
  readonly kind: 'insert-missed' | 'update-missed' | 'delete-missed'
  /** By PostgreSQL's text, in the order of the key. */
  readonly key: readonly string[]
  /** The audit columns that differ; of an update only. */
  readonly columns: readonly string[]
  /** The newest row of the history: its id, and when it was written. Nulls where there is none. */
  readonly id: string | null
  readonly at: string | null
}

/** What a page gives, as one row. */
export interface ComparedPage {
  readonly read: number
  /** Where the next page begins; null where there was nothing. */
  readonly last: readonly string[] | null
  /** Rows of which the history tells nothing. */
  readonly untold: number
  readonly findings: readonly LiveFinding[]
  /** The moment of the page. */
  readonly now: string
}

const KEY = 'key'
/** Beside the columns of the table, which may be called anything else. */
const PLACE = 'audit_place_in_page'
const WRITTEN_BY = 'audit_written_by'

/**
 * Compares a page of the table's rows, in the order of the key, each with the newest row of its history. For a transaction of
 * `beginVerifying`. Parameters: the key of the last row of the page before, where there was one.
 *
 * @param order the page is not the first, and follows a last row by this order of the key
 */
export function renderLivePage(told: Told, size: number, order?: KeyOrder): string {
  const { table } = told
  const c = AUDIT_COLUMNS
  const sources = keyColumns(table).map(({ source }) => source)
  const kind = sql`CASE WHEN c.operation IS NULL OR c.operation = 'D' THEN 'insert-missed' ELSE 'update-missed' END`
  const isWrong = sql`(c.operation IS NULL OR c.operation = 'D' OR cardinality(c.columns) > 0)`
  return sqlText(sql`WITH page AS MATERIALIZED (
  SELECT s.*, row_number() OVER () AS ${ident(PLACE)} FROM (
    ${livePage(told, size, order)}
  ) AS s
), compared AS (
  SELECT
    changed.${ident(PLACE)} AS place,
    ${isWithoutHistoryTold(told, sql`changed`)} AS is_new,
    ${isWrittenSince(told, sql`changed`)} AS is_since,
    ${keyText(sources, sql`changed`)} AS ${ident(KEY)},
    held.${ident(c.id)} AS id,
    held.${ident(c.operation)} AS operation,
    held.${ident(c.operationTimestamp)} AS at,
    CASE WHEN held.${ident(c.operation)} <> 'D' THEN ${differences(told, sql`changed`, sql`held`)} ELSE '{}' END AS columns
  FROM page AS changed
  LEFT JOIN LATERAL (
    SELECT known.* FROM ${auditTable(table)} AS known
    WHERE ${isSameKey(table)}
    ORDER BY known.${ident(c.id)} DESC
    LIMIT 1
  ) AS held ON true
), judged AS (
  SELECT c.*, ${isWrong} AS is_wrong, ${isTold(told)} AS is_told FROM compared AS c
)
SELECT
  (SELECT count(*) FROM page)::integer AS read,
  (SELECT c.${ident(KEY)} FROM judged AS c ORDER BY c.place DESC LIMIT 1) AS last,
  (SELECT count(*) FROM judged AS c WHERE c.is_wrong AND NOT c.is_told)::integer AS untold,
  (
    SELECT coalesce(jsonb_agg(${finding(kind)} ORDER BY c.place), '[]')
    FROM judged AS c
    WHERE c.is_wrong AND c.is_told
  ) AS findings,
  now()::text AS now`)
}

/**
 * Looks through a page of the history, in the order of its ids, for rows that are the newest of their key and live, where the table
 * has no such row. Parameter: the last id of the page before.
 */
export function renderHistoryPage(told: Told, size: number): string {
  const { table, restedUntil } = told
  const c = AUDIT_COLUMNS
  const key = keyColumns(table)
  const columns = [c.id, c.operation, c.operationTimestamp, ...key.map(({ name }) => name)]
  const isKnown = key.map(({ name }) => sql`known.${ident(name)} IS NOT NULL`)
  return sqlText(sql`WITH page AS MATERIALIZED (
  SELECT ${join(
    columns.map((name) => sql`h.${ident(name)}`),
    sql`, `,
  )}
  FROM ${auditTable(table)} AS h
  WHERE h.${ident(c.id)} > ${parameter(1)}::bigint
  ORDER BY h.${ident(c.id)}
  LIMIT ${integer(size)}
), gone AS (
  SELECT
    ${keyText(
      key.map(({ name }) => name),
      sql`known`,
    )} AS ${ident(KEY)},
    known.${ident(c.id)} AS id,
    known.${ident(c.operationTimestamp)} AS at,
    '{}'::text[] AS columns
  FROM page AS known
  WHERE known.${ident(c.operation)} <> 'D' AND ${join(isKnown, sql` AND `)}
    AND NOT EXISTS (
      SELECT FROM ${auditTable(table)} AS later
      WHERE ${isSameHistory(table)} AND later.${ident(c.id)} > known.${ident(c.id)}
    )
    AND NOT EXISTS (
      SELECT FROM ${qualified(table.source)} AS changed
      WHERE ${isOwnRow(table, sql`changed`)} AND ${isSameKey(table)}
    )
)
SELECT
  (SELECT count(*) FROM page)::integer AS read,
  (SELECT ARRAY[max(p.${ident(c.id)})::text] FROM page AS p HAVING count(*) > 0) AS last,
  (SELECT count(*) FROM gone AS c WHERE NOT ${isAfter(restedUntil, sql`c.at`)})::integer AS untold,
  (
    SELECT coalesce(jsonb_agg(${finding(literal('delete-missed'))} ORDER BY c.id), '[]')
    FROM gone AS c
    WHERE ${isAfter(restedUntil, sql`c.at`)}
  ) AS findings,
  now()::text AS now`)
}

/** What is kept of the rows of the source that come next. */
export function livePage({ table, writtenSince }: Told, size: number, order: KeyOrder | undefined): Sql {
  // No more: of a column that is left out nobody knows the name.
  const columns = liveColumns(table).map((column) => sql`s.${ident(sourceColumn(column))}`)
  const by = writtenSince === undefined ? [] : [sql`s.xmin::text::bigint AS ${ident(WRITTEN_BY)}`]
  const own = join([...columns, ...by], sql`, `)
  const inOrder = join(
    keyColumns(table).map(({ source }) => sql`s.${ident(source)} ${keyword('ASC')}`),
    sql`, `,
  )
  return sql`SELECT ${own} FROM ${qualified(table.source)} AS s
WHERE ${isOwnRow(table, sql`s`)}${order ? sql`\n  AND ${isAfterLast(table, order)}` : sql``}
ORDER BY ${inOrder}
LIMIT ${integer(size)}`
}

/** The names of the audit columns in which the row of the table is not the row of the history. */
export function differences(told: Told, row: Sql, held: Sql): Sql {
  const compared = liveColumns(told.table).filter(({ name }) => !told.left.has(name))
  const each = compared.map(
    (column) =>
      sql`CASE WHEN ${differs(told, column, row, held)} THEN ${unlessErased(told, column, row, held)} END`,
  )
  return sql`array_remove(ARRAY[
  ${join(each, sql`,\n`)}
]::text[], NULL)`
}

function differs(told: Told, column: StateColumn, row: Sql, held: Sql): Sql {
  const { table, since } = told
  const { name, type, policy } = column
  const known = sql`${held}.${ident(name)}`
  const until = since.get(name)
  const isTold =
    until === undefined
      ? sql``
      : sql` AND NOT (${known} IS NOT DISTINCT FROM NULL AND ${held}.${ident(AUDIT_COLUMNS.operationTimestamp)} <= ${literal(until)}::timestamptz AND NOT ${isWrittenSince(told, row)})`
  const value = historyValue(table, name, row)
  if (policy === 'redact') {
    return sql`(${known} IS NOT DISTINCT FROM NULL) <> (${value} IS NOT DISTINCT FROM NULL)${isTold}`
  }
  if (column.whenChanged && hasMarks(table)) {
    return sql`${isHeld(table, column, row, columnNumber(table, column), LOOK_BACK + 1)} IS NOT TRUE${isTold}`
  }
  const cast = sql`CAST(${value} AS ${renderType(type)})`
  // More digits after the point are no other number.
  if (type.name === 'numeric' && policy !== 'hash') return sql`${known} IS DISTINCT FROM ${cast}${isTold}`
  // What was hashed before the key was made anew says nothing of today's hash.
  const isOfKey =
    policy === 'hash'
      ? sql` AND ${held}.${ident(AUDIT_COLUMNS.operationTimestamp)} >= ${hashKeyMade(table, name)}`
      : sql``
  return sql`ROW(${known})::record *<> ROW(${cast})::record${isOfKey}${isTold}`
}

/**
 * The name of a column, unless an erasure took its value out of that row of the history: then nobody knows what it was. Looked for only where
 * something differs.
 */
function unlessErased(
  { table, hasErasures }: Told,
  { name, whenChanged }: StateColumn,
  row: Sql,
  held: Sql,
): Sql {
  if (!hasErasures) return literal(name)
  const [id, at] = [ident(AUDIT_COLUMNS.id), ident(AUDIT_COLUMNS.operationTimestamp)]
  const isIn = (of: Sql) =>
    sql`t.value -> 'rows' @> jsonb_build_array(jsonb_build_array(${of}.${id}::text, ${of}.${at}::text))`
  // Its value stands in an older row.
  const isOfRow = whenChanged
    ? sql`EXISTS (SELECT FROM ${auditTable(table)} AS known WHERE ${isSameKey(table, row)} AND ${isIn(sql`known`)})`
    : isIn(held)
  return sql`CASE WHEN NOT EXISTS (
  SELECT FROM ${erasureName(table, 'erasure')} AS e
  CROSS JOIN LATERAL jsonb_array_elements(e."erased") AS t (value)
  -- The record has the names of its day, for history and column: a row is known by its number and time.
  WHERE (
      t.value -> 'columns' @> to_jsonb(${literal(name)}::text)
      OR t.value -> 'paths' @> jsonb_build_array(jsonb_build_object('column', ${literal(name)}::text))
      OR ${held}.${ident(name)} IS NOT DISTINCT FROM NULL
    )
    AND ${isOfRow}
) THEN ${literal(name)} END`
}

function isTold({ restedUntil }: Told): Sql {
  return sql`CASE WHEN c.id IS NULL THEN c.is_new ELSE ${isAfter(restedUntil, sql`c.at`)} OR c.is_since END`
}

/**
 * Whether a row of the page that has no history should have one. Transaction ids of rows have 32 bits and begin anew: a distance below
 * half of them is later.
 */
export function isWithoutHistoryTold({ isWhole, writtenSince }: Told, row: Sql): Sql {
  return isWhole ? sql`true` : isWrittenSince({ writtenSince }, row)
}

/** Whether a row of the page is of the transaction `writtenSince` or a later one; where there is none, no row is. */
export function isWrittenSince({ writtenSince }: Pick<Told, 'writtenSince'>, row: Sql): Sql {
  if (writtenSince === undefined) return sql`false`
  return sql`(((${row}.${ident(WRITTEN_BY)} - ${literal(writtenSince)}::bigint) & 4294967295) < 2147483648)`
}

/** Whether what was recorded at that time says something of today. */
export function isAfter(restedUntil: string | undefined, at: Sql): Sql {
  return restedUntil === undefined ? sql`true` : sql`(${at} > ${literal(restedUntil)}::timestamptz)`
}

function finding(kind: Sql): Sql {
  return sql`jsonb_build_object(
  'kind', ${kind}, 'key', c.${ident(KEY)}, 'columns', c.columns, 'id', c.id::text, 'at', c.at::text
)`
}

function keyText(columns: readonly string[], row: Sql): Sql {
  return sql`ARRAY[${join(
    columns.map((name) => sql`${row}.${ident(name)}::text`),
    sql`, `,
  )}]`
}

/** The rows `known` and `later` of the history are of one row of the source. */
export function isSameHistory(table: AuditTableObject): Sql {
  const each = keyColumns(table).map(({ name, isText }) => {
    const [later, known] = [sql`later.${ident(name)}`, sql`known.${ident(name)}`]
    return isText
      ? sql`${later} = ${known} AND ${later}::text COLLATE "C" = ${known}::text COLLATE "C"`
      : sql`${later} = ${known}`
  })
  return join(each, sql` AND `)
}
