import { AUDIT_COLUMNS } from './object-names.ts'
import { join, literal, type Sql, sql } from './sql.ts'

/**
 * A part of the function of prunings: sets `due`, the ids of what goes of the next rows of the history, and how many stay.
 *
 * A row goes where it is older than the limit and
 *
 * - a later row of the same key is older than it too: what the key was at the limit, and ever since, that one tells; but not where it
 *   holds a value that the newest of these leaves out because it had not changed;
 * - or it is the newest of these, and its deletion.
 *
 * All rows of a key stay of which one is held, and those that do not tell their key. Of a table without a key all go.
 */
export function lookAtPage(): Sql {
  const { id, operation, operationTimestamp } = AUDIT_COLUMNS
  const facts = join([id, operation, operationTimestamp].map(literal), sql`, `)
  return sql`IF request ->> 'marks' IS NOT NULL AND cardinality(key) > 0 THEN
  -- The newest row before the limit, and of each value that it leaves out the newest row that has one.
  needed := format(
    $q$EXISTS (
      SELECT FROM (
        SELECT h.audit_id, h.audit_operation, h.%3$I AS marks FROM %1$s AS h
        WHERE %2$s AND h.audit_id > o.audit_id AND h.audit_operation_timestamp < $2
        ORDER BY h.audit_id DESC LIMIT 1
      ) AS n
      CROSS JOIN LATERAL unnest(n.marks) AS m (number)
      WHERE n.audit_operation <> 'D' AND (m.number = ANY (o.marks)) IS NOT TRUE AND NOT EXISTS (
        SELECT FROM %1$s AS h
        WHERE %2$s AND h.audit_id > o.audit_id AND h.audit_id < n.audit_id AND (m.number = ANY (h.%3$I)) IS NOT TRUE
      )
    )$q$,
    history_of, same, request ->> 'marks'
  );
END IF;
EXECUTE format(
  $q$WITH page AS MATERIALIZED (
    SELECT %1$s, %2$s AS marks FROM %3$s AS h
    WHERE h.audit_id > $1
    ORDER BY h.audit_id
    LIMIT $3
  ), judged AS (
    SELECT
      o.audit_id AS id,
      o.audit_operation_timestamp < $2 AS is_old,
      EXISTS (SELECT FROM %3$s AS h WHERE %4$s AND (%5$s)) AS is_held,
      CASE
        WHEN %6$s THEN true
        WHEN (%7$s) IS NOT TRUE THEN false
        WHEN EXISTS (SELECT FROM %3$s AS h WHERE %4$s AND h.audit_id > o.audit_id AND h.audit_operation_timestamp < $2) THEN NOT %8$s
        ELSE o.audit_operation = 'D' AND NOT EXISTS (
          SELECT FROM %3$s AS h WHERE %4$s AND h.audit_id < o.audit_id AND h.audit_operation_timestamp >= $2
        )
      END AS is_free
    FROM page AS o
  )
  SELECT
    count(*) AS read,
    max(j.id) AS last,
    count(*) = $3 AND (bool_or(j.is_old) OR max(j.id) < 0) AS is_more,
    coalesce(array_agg(j.id ORDER BY j.id) FILTER (WHERE j.is_old AND j.is_free AND NOT j.is_held), '{}') AS ids,
    count(*) FILTER (WHERE j.is_old AND j.is_held) AS held,
    count(*) FILTER (WHERE j.is_old AND NOT j.is_free AND NOT j.is_held) AS kept
  FROM judged AS j$q$,
  (SELECT string_agg(format('h.%I', c.name), ', ') FROM unnest(ARRAY[${facts}] || key) AS c (name)),
  CASE WHEN request ->> 'marks' IS NULL THEN 'NULL' ELSE format('h.%I', request ->> 'marks') END,
  history_of,
  coalesce(same, 'h.audit_id = o.audit_id'),
  held,
  CASE WHEN cardinality(key) = 0 THEN 'true' ELSE 'false' END,
  coalesce(told, 'true'),
  needed
) INTO read_rows, read_last, is_more, due, held_rows, kept_rows USING (request ->> 'after')::bigint, before, greatest((request ->> 'size')::integer, 1);`
}
