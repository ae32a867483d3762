import type { History, HistoryColumn } from '../catalog/history.ts'
import type { Scope } from '../scope.ts'
import { at, id, inScope, isoTime, typed } from './rows.ts'
import { all, bind, comma, ident, integer, join, qualified, type Sql, sql } from './sql.ts'

/** What rows have to fulfil. Ids are `[from, below)`; times `[from, to)`. */
export interface Filter {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly operations?: readonly string[] | undefined
  readonly transaction?: { readonly id: string; readonly startedAt: string } | undefined
  /** Columns of settings and facts; null: there is no value. */
  readonly equals: readonly { readonly column: HistoryColumn; readonly value: string | null }[]
  readonly databaseUser?: string | undefined
}

export interface Range {
  readonly fromId?: string | undefined
  readonly belowId?: string | undefined
}

/** Limits of ids and times: what an index of the id can narrow, and what is cheap to look at on the way. */
function placed(range: Range, { from, to }: Filter): readonly Sql[] {
  return [
    ...(range.fromId === undefined ? [] : [sql`h.${id} >= ${bind(range.fromId)}::bigint`]),
    ...(range.belowId === undefined ? [] : [sql`h.${id} < ${bind(range.belowId)}::bigint`]),
    ...(from === undefined ? [] : [sql`h.${at} >= ${bind(from)}::timestamptz`]),
    ...(to === undefined ? [] : [sql`h.${at} < ${bind(to)}::timestamptz`]),
  ]
}

function wanted(filter: Filter): readonly Sql[] {
  const { operations, transaction, equals, databaseUser } = filter
  return [
    ...(operations === undefined ? [] : [sql`h."audit_operation"::text = ANY (${bind(operations)}::text[])`]),
    ...(transaction === undefined
      ? []
      : [
          sql`h."audit_transaction_id" = ${bind(transaction.id)}::bigint`,
          sql`h."audit_transaction_timestamp" = ${bind(transaction.startedAt)}::timestamptz`,
        ]),
    ...(databaseUser === undefined ? [] : [sql`h."audit_current_user" = ${bind(databaseUser)}::text`]),
    ...equals.map(({ column, value }) =>
      value === null
        ? sql`h.${ident(column.name)} IS NULL`
        : sql`h.${ident(column.name)} = ${typed(column, value)}`,
    ),
  ]
}

export function isNarrow(filter: Filter): boolean {
  return filter.equals.some(({ column, value }) => column.isIndexed && value !== null)
}

export function hasConditions(filter: Filter): boolean {
  return wanted(filter).length > 0
}

/**
 * One row: `hits`, ids and times of the first `take` rows that fit, in order of the ids; `end`, the last row that was looked at,
 * where the search stopped at `scan` rows (undefined: it goes as far as it has to), else null.
 */
export function searchRows(
  history: History,
  scope: Scope,
  filter: Filter,
  search: {
    readonly range: Range
    readonly take: number
    readonly scan: number | undefined
    readonly order: 'newest' | 'oldest'
  },
): Sql {
  const { range, take, scan, order } = search
  const direction = order === 'newest' ? sql`DESC` : sql`ASC`
  const table = qualified(history)
  const place = placed(range, filter)
  const scoped = [...wanted(filter), ...inScope(history, scope, sql`h`)]
  const hit = (rows: Sql) => sql`(
  SELECT coalesce(json_agg(json_build_object('id', hit.${id}::text, 'at', ${isoTime(sql`hit.${at}`)}) ORDER BY hit.${id} ${direction}), '[]')
  FROM (${rows} ORDER BY h.${id} ${direction} LIMIT ${integer(take)}) AS hit
)`
  if (scan === undefined || scoped.length === 0) {
    const rows = sql`SELECT h.${id}, h.${at} FROM ${table} AS h WHERE ${all([...place, ...scoped])}`
    return sql`SELECT ${hit(rows)} AS hits, NULL AS end`
  }
  return sql`WITH looked AS MATERIALIZED (
  SELECT h.* FROM ${table} AS h WHERE ${all(place)} ORDER BY h.${id} ${direction} LIMIT ${integer(scan)}
)
SELECT
  ${hit(sql`SELECT h.${id}, h.${at} FROM looked AS h WHERE ${all(scoped)}`)} AS hits,
  CASE WHEN (SELECT count(*) FROM looked) >= ${integer(scan)} THEN (
    SELECT json_build_object('id', h.${id}::text, 'at', ${isoTime(sql`h.${at}`)})
    FROM looked AS h ORDER BY h.${id} ${order === 'newest' ? sql`ASC` : sql`DESC`} LIMIT 1
  ) END AS end`
}

/** Rows in a range of ids and times by buckets of `seconds` and by a name; `step`: only each so-many-th id is looked at. */
export function countRows(
  history: History,
  scope: Scope,
  filter: Filter,
  chart: {
    readonly fromId: string
    readonly belowId: string
    readonly step: number
    readonly from: string
    readonly seconds: number
    readonly name: Sql
  },
): Sql {
  const { fromId, belowId, step, from, seconds, name } = chart
  const conditions = all([
    ...placed(step === 1 ? { fromId, belowId } : {}, filter),
    ...wanted(filter),
    ...inScope(history, scope, sql`h`),
  ])
  const rows =
    step === 1
      ? sql`${qualified(history)} AS h`
      : sql`generate_series(${bind(fromId)}::bigint, ${bind(belowId)}::bigint - 1, ${bind(String(step))}::bigint) AS picked (id)
  CROSS JOIN LATERAL (SELECT one.* FROM ${qualified(history)} AS one WHERE one.${id} = picked.id OFFSET 0) AS h`
  return sql`SELECT
  floor(extract(epoch FROM h.${at} - ${bind(from)}::timestamptz) / ${bind(String(seconds))}::double precision)::integer AS bucket,
  ${name} AS name,
  count(*)::double precision AS rows
FROM ${rows}
WHERE ${conditions}
GROUP BY ${join([sql`1`, sql`2`], comma)}`
}
