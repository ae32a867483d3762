import type { AuditTableObject } from '../state/database-state.ts'
import { hasNoHistory, oneAtATime } from './baseline.ts'
import { insertBaseline } from './history-row.ts'
import { keyColumns } from './key-columns.ts'
import type { KeyOrder } from './key-order.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { setPinned } from './pinned-output.ts'
import { sourcePage } from './source-page.ts'
import { ident, join, lines, type Sql, sql, sqlText } from './sql.ts'

/**
 * One batch of a baseline: takes the rows of a page of the source in the order of its key, and writes a row `B` for each that
 * has no history. It is a statement with a snapshot of its own, so that what `renderBaseline` says of one statement holds for each
 * of them; a row that gets another key between two of them has history by then. For a transaction of `beginBaseline`.
 *
 * Parameters: the key of the last row of the page before, where there was one. Gives one row: `read`, `written` and `last`, the
 * key of the page's last row as text, NULL where the page was empty.
 *
 * @param size how many rows of the source a batch reads
 * @param order the page is not the first, and follows a last row by this order of the key
 */
export function renderBaselineBatch(table: AuditTableObject, size: number, order?: KeyOrder): string {
  const key = keyColumns(table)
  const backwards = join(
    key.map(({ source }) => sql`s.${ident(source)} DESC`),
    sql`, `,
  )
  return sqlText(sql`WITH page AS MATERIALIZED (
  ${sourcePage(table, size, order)}
), written AS (
  ${insertBaseline(table, sql`changed`, rowsOfPage(table))}
  RETURNING 1
)
SELECT
  (SELECT count(*) FROM page)::integer AS read,
  (SELECT count(*) FROM written)::integer AS written,
  (SELECT ARRAY[${join(
    key.map(({ source }) => sql`s.${ident(source)}::text`),
    sql`, `,
  )}] FROM page AS s ORDER BY ${backwards} LIMIT 1) AS last`)
}

/** Begins a transaction of the command. The key of a page's last row is read back as it was written. */
export function beginBaseline(table: AuditTableObject): string {
  return sqlText(
    lines([
      sql`BEGIN ISOLATION LEVEL READ COMMITTED;`,
      sql`SET LOCAL search_path = pg_catalog, pg_temp;`,
      sql`-- Row level security must not hide rows from the baseline: PostgreSQL raises instead.`,
      sql`SET LOCAL row_security = off;`,
      setPinned(),
      sql`-- Its id before the first number of the history's, so that a seal sees what it has to wait for.`,
      sql`SELECT pg_current_xact_id();`,
      sql`SELECT ${oneAtATime(table)};`,
    ]),
  )
}

/** What a function holds in variables, is here a row of its own. */
function rowsOfPage(table: AuditTableObject): Sql {
  const c = AUDIT_COLUMNS
  return sql`FROM page AS changed
CROSS JOIN (
  SELECT
    'B' AS ${ident(c.operation)},
    clock_timestamp() AS ${ident(c.operationTimestamp)},
    coalesce(nullif(current_setting('role'), 'none'), session_user) AS ${ident(c.currentUser)}
) AS call
WHERE ${hasNoHistory(table)}`
}
