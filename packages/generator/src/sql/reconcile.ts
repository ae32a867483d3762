import type { AuditTableObject } from '../state/database-state.ts'
import { auditTable, liveColumns, liveSettings } from './audit-table.ts'
import { callOf, insertKnown, insertRows } from './history-row.ts'
import { keyColumns } from './key-columns.ts'
import type { KeyOrder } from './key-order.ts'
import { livesByHistoryAlone, newestOfKey } from './live-comparison.ts'
import {
  differences,
  isAfter,
  isWithoutHistoryTold,
  isWrittenSince,
  livePage,
  type Told,
} from './live-differences.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { milliseconds } from './pause-table.ts'
import { setPinned } from './pinned-output.ts'
import { ident, integer, join, lines, parameter, qualified, type Sql, sql, sqlText } from './sql.ts'

/** What a page of a reconciliation came to. It is a page of its own: rows may have come since it was looked at. */
export interface ReconciledPage {
  readonly read: number
  /** Where the next page begins; null where there was nothing. */
  readonly end: readonly string[] | null
  readonly written: number
  readonly first: string | null
  readonly last: string | null
}

/**
 * Begins a transaction that writes history for what nobody watched. No writer is under way in it: whoever comes later gets a higher id.
 *
 * @param lockTimeout in milliseconds
 */
export function beginReconciling(table: AuditTableObject, lockTimeout: number): string {
  return sqlText(
    lines([
      sql`BEGIN ISOLATION LEVEL READ COMMITTED;`,
      sql`SET LOCAL search_path = pg_catalog, pg_temp;`,
      sql`SET LOCAL row_security = off;`,
      setPinned(),
      sql`SET LOCAL lock_timeout = ${milliseconds(lockTimeout)};`,
      sql`SELECT pg_current_xact_id();`,
      sql`LOCK TABLE ${qualified(table.source)} IN SHARE ROW EXCLUSIVE MODE;`,
    ]),
  )
}

/**
 * Writes a row `U` for each row of the page that is not as the history says, and `I` for one that the history does not have, with the
 * settings of the session. Parameters: the key of the last row of the page before, where there was one.
 */
export function renderReconcilePage(told: Told, size: number, order?: KeyOrder): string {
  const { table, restedUntil } = told
  const c = AUDIT_COLUMNS
  const isOfNow = sql`(${isAfter(restedUntil, sql`held.${ident(c.operationTimestamp)}`)} OR ${isWrittenSince(told, sql`changed`)})`
  const held = sql`held`
  const operation = sql`CASE
  WHEN held.${ident(c.id)} IS NULL THEN CASE WHEN ${isWithoutHistoryTold(told, sql`changed`)} THEN 'I' END
  WHEN NOT ${isOfNow} THEN NULL
  WHEN held.${ident(c.operation)} = 'D' THEN 'I'
  WHEN cardinality(${differences(told, sql`changed`, held)}) > 0 THEN 'U'
END`
  return sqlText(sql`WITH page AS MATERIALIZED (
  ${livePage(told, size, order)}
), written AS (
  ${insertRows(
    table,
    sql`changed`,
    sql`FROM (
  SELECT changed.*, ${operation} AS ${ident(c.operation)}
  FROM page AS changed
  LEFT JOIN LATERAL ${newestOfKey(table)} AS held ON true
) AS changed
CROSS JOIN ${callOf(table)} AS call
WHERE ${ident(c.operation)} IS NOT NULL`,
  )}
  RETURNING ${ident(c.id)} AS id
)
${whatWasWritten(endOfRows(told))}`)
}

/**
 * Writes a row `D` for each row of the page of history that lives by the history and not in the table. Parameter: the last id of the page
 * before.
 */
export function renderReconcileHistory({ table, restedUntil }: Told, size: number): string {
  const c = AUDIT_COLUMNS
  const marks = liveSettings(table).filter(({ fact }) => fact === 'unchanged_columns')
  const names = [...liveColumns(table).map(({ name }) => name), ...marks.map(({ column }) => column)]
  const own = names.map((name) => sql`known.${ident(name)}`)
  return sqlText(sql`WITH page AS MATERIALIZED (
  SELECT h.${ident(c.id)} AS id FROM ${auditTable(table)} AS h
  WHERE h.${ident(c.id)} > ${parameter(1)}::bigint
  ORDER BY h.${ident(c.id)}
  LIMIT ${integer(size)}
), written AS (
  ${insertKnown(
    table,
    sql`known`,
    sql`FROM (
  SELECT ${join(own, sql`, `)}
  FROM page
  JOIN ${auditTable(table)} AS known ON known.${ident(c.id)} = page.id
  WHERE ${livesByHistoryAlone(table)}
    AND ${isAfter(restedUntil, sql`known.${ident(c.operationTimestamp)}`)}
) AS known
CROSS JOIN ${callOf(table, sql`'D'`)} AS call`,
  )}
  RETURNING ${ident(c.id)} AS id
)
${whatWasWritten(sql`(SELECT ARRAY[max(p.id)::text] FROM page AS p HAVING count(*) > 0)`)}`)
}

function whatWasWritten(end: Sql): Sql {
  return sql`SELECT
  (SELECT count(*) FROM page)::integer AS read,
  ${end} AS end,
  count(*)::integer AS written, min(w.id)::text AS first, max(w.id)::text AS last
FROM written AS w`
}

/** The key of the page's last row. */
function endOfRows({ table }: Told): Sql {
  const key = keyColumns(table).map(({ source }) => ident(source))
  const text = join(
    key.map((name) => sql`p.${name}::text`),
    sql`, `,
  )
  const order = join(
    key.map((name) => sql`p.${name} DESC`),
    sql`, `,
  )
  return sql`(SELECT ARRAY[${text}] FROM page AS p ORDER BY ${order} LIMIT 1)`
}
