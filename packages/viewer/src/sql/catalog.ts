import { type Sql, sql } from './sql.ts'

const facts = sql`'audit_id', 'audit_operation', 'audit_operation_timestamp', 'audit_transaction_timestamp', 'audit_current_user', 'audit_transaction_id'`

/**
 * A row for each table that has the six facts of a history, those that were set aside by a migration left out. `rows` is
 * PostgreSQL's own estimate, NULL before the first ANALYZE; `key` are the columns of the index that ends with `audit_id`.
 */
export function selectHistories(): Sql {
  return sql`SELECT
  c.oid::text AS oid,
  n.nspname AS schema,
  c.relname AS name,
  obj_description(c.oid, 'pg_class') AS comment,
  has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS "isReadable",
  (
    SELECT CASE WHEN min(leaf.reltuples) >= 0 THEN sum(leaf.reltuples)::double precision END
    FROM pg_class AS leaf
    WHERE leaf.oid IN (SELECT p.relid FROM pg_partition_tree(c.oid) AS p WHERE p.isleaf) OR (leaf.oid = c.oid AND c.relkind = 'r')
  ) AS rows,
  (
    SELECT json_agg(json_build_object(
      'number', a.attnum,
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'comment', col_description(c.oid, a.attnum),
      'isIndexed', EXISTS (
        SELECT FROM pg_index AS i
        WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum
      )
    ) ORDER BY a.attnum)
    FROM pg_attribute AS a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  ) AS columns,
  (
    SELECT (
      SELECT json_agg(k.attname ORDER BY o.position)
      FROM unnest(i.indkey) WITH ORDINALITY AS o (number, position)
      JOIN pg_attribute AS k ON k.attrelid = c.oid AND k.attnum = o.number
      WHERE o.position < i.indnkeyatts
    )
    FROM pg_index AS i
    JOIN pg_class AS x ON x.oid = i.indexrelid
    JOIN pg_attribute AS id ON id.attrelid = c.oid AND id.attname = 'audit_id'
    WHERE i.indrelid = c.oid AND i.indisvalid AND NOT i.indisprimary AND i.indpred IS NULL AND i.indexprs IS NULL
      AND i.indnkeyatts >= 2 AND i.indkey[i.indnkeyatts - 1] = id.attnum
    ORDER BY x.relname NOT IN (c.relname || '_key', c.relname || '_history_key'), i.indexrelid
    LIMIT 1
  ) AS key
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND (
    SELECT count(*) FROM pg_attribute AS a
    WHERE a.attrelid = c.oid AND a.attname IN (${facts}) AND NOT a.attisdropped
  ) = 6
  AND NOT (n.nspname ~ '_stale_' AND coalesce(obj_description(n.oid, 'pg_namespace'), '') LIKE 'prisma-generator-audit%')
ORDER BY n.nspname, c.relname`
}

/** A row for each table and function that a trigger of its joins: what writes the histories. */
export function selectCaptures(): Sql {
  return sql`SELECT DISTINCT f.oid::text AS oid, f.prosrc AS body, s.nspname AS schema, r.relname AS name
FROM pg_trigger AS t
JOIN pg_proc AS f ON f.oid = t.tgfoid
JOIN pg_class AS r ON r.oid = t.tgrelid
JOIN pg_namespace AS s ON s.oid = r.relnamespace
WHERE NOT t.tgisinternal AND NOT r.relispartition AND f.prosrc LIKE '%INSERT INTO %audit_operation%'
ORDER BY 1`
}
