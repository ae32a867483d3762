import type { AuditTableObject } from '../state/database-state.ts'
import { auditTable } from './audit-table.ts'
import { isOwnRow, isSameKey } from './baseline.ts'
import { haveSameKey, keyColumns } from './key-columns.ts'
import type { KeyOrder } from './key-order.ts'
import {
  differences,
  isAfter,
  isWithoutHistoryTold,
  isWrittenSince,
  livePage,
  type Told,
} from './live-differences.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { ident, integer, join, literal, parameter, qualified, type Sql, sql, sqlText } from './sql.ts'

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
  LEFT JOIN LATERAL ${newestOfKey(table)} AS held ON true
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
  WHERE ${livesByHistoryAlone(table)}
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

function isTold({ restedUntil }: Told): Sql {
  return sql`CASE WHEN c.id IS NULL THEN c.is_new ELSE ${isAfter(restedUntil, sql`c.at`)} OR c.is_since END`
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

/** The newest row of the history that has the key of the row `changed` of the source. */
export function newestOfKey(table: AuditTableObject): Sql {
  return sql`(
  SELECT known.* FROM ${auditTable(table)} AS known
  WHERE ${isSameKey(table)}
  ORDER BY known.${ident(AUDIT_COLUMNS.id)} DESC
  LIMIT 1
)`
}

/** The row `known` of the history is the newest of its key and no deletion, and the source has no such row. */
export function livesByHistoryAlone(table: AuditTableObject): Sql {
  const { id, operation } = AUDIT_COLUMNS
  const isKnown = keyColumns(table).map(({ name }) => sql`known.${ident(name)} IS NOT NULL`)
  const isLater = haveSameKey(
    table,
    ({ name }) => sql`later.${ident(name)}`,
    ({ name }) => sql`known.${ident(name)}`,
  )
  return sql`known.${ident(operation)} <> 'D' AND ${join(isKnown, sql` AND `)}
AND NOT EXISTS (
  SELECT FROM ${auditTable(table)} AS later
  WHERE ${isLater} AND later.${ident(id)} > known.${ident(id)}
)
AND NOT EXISTS (
  SELECT FROM ${qualified(table.source)} AS changed
  WHERE ${isOwnRow(table, sql`changed`)} AND ${isSameKey(table)}
)`
}
