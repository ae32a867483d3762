import type { History } from '../catalog/history.ts'
import { at, id, isoTime } from './rows.ts'
import { bind, qualified, type Sql, sql } from './sql.ts'

/**
 * The smallest id above zero from which on rows were written at `time` or later, by halving the range of the ids: no index on the
 * time is needed, some twenty rows are looked at. Ids follow the time of writing but for statements that were under way at once.
 */
export function selectPosition(history: History, time: string): Sql {
  const table = qualified(history)
  return sql`WITH RECURSIVE search (low, high) AS (
  SELECT
    (SELECT h.${id} FROM ${table} AS h WHERE h.${id} > 0 ORDER BY h.${id} LIMIT 1),
    (SELECT h.${id} + 1 FROM ${table} AS h WHERE h.${id} > 0 ORDER BY h.${id} DESC LIMIT 1)
  UNION ALL
  SELECT
    CASE WHEN found.${at} >= ${bind(time)}::timestamptz THEN search.low ELSE found.${id} + 1 END,
    CASE WHEN found.${at} >= ${bind(time)}::timestamptz THEN (search.low + search.high) / 2 ELSE search.high END
  FROM search
  CROSS JOIN LATERAL (
    SELECT h.${id}, h.${at} FROM ${table} AS h
    WHERE h.${id} >= (search.low + search.high) / 2 ORDER BY h.${id} LIMIT 1
  ) AS found
  WHERE search.low < search.high
)
SELECT low::text AS position FROM search WHERE low >= high`
}

/** The first and the last row that a trigger wrote (those of a baseline have ids below zero), and when. */
export function selectEnds(history: History): Sql {
  const end = (what: Sql, direction: Sql) =>
    sql`(SELECT ${what} FROM ${qualified(history)} AS h WHERE h.${id} > 0 ORDER BY h.${id} ${direction} LIMIT 1)`
  return sql`SELECT
  ${end(sql`h.${id}::text`, sql`ASC`)} AS "firstId",
  ${end(sql`h.${id}::text`, sql`DESC`)} AS "lastId",
  ${end(isoTime(sql`h.${at}`), sql`ASC`)} AS first,
  ${end(isoTime(sql`h.${at}`), sql`DESC`)} AS last`
}
