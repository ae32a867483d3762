import type { QualifiedName } from '../model/names.ts'
import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { APPEND_ONLY_TRIGGER, AUDIT_COLUMNS } from './object-names.ts'
import { FACT_COLUMNS } from './seal-leaf.ts'
import { sealName } from './seal-tables.ts'
import { integer, join, literal, parameter, qualified, type Sql, sql, sqlText } from './sql.ts'

/**
 * Every history of the audit schema, also one that is retired or that tells of waivers, and every other one that was ever sealed. Known
 * by the guard and by a number from a sequence. Gives `oid`, `schema`, `name`, `sequence` (NULL: rows have no number of their own), `cache`
 * (how many numbers a session takes at once) and `columns`, those besides the facts as `SealedColumn`s.
 */
export function renderHistories(home: AuditHome, hasSeals: boolean): string {
  const guard = literal(sqlText(sql`${baseFunction(home, 'appendOnly')}()`))
  const wasSealed = hasSeals
    ? sql`OR t.oid IN (SELECT s."history"::oid FROM ${sealName(home, 'seal')} AS s)`
    : sql``
  return sqlText(sql`SELECT
  t.oid::text AS oid,
  n.nspname AS schema,
  t.relname AS name,
  q.name AS sequence,
  (SELECT s.seqcache::text FROM pg_catalog.pg_sequence AS s WHERE s.seqrelid = q.name::regclass) AS cache,
  ${columns(sql`t.oid`)} AS columns
FROM pg_catalog.pg_class AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
CROSS JOIN LATERAL (
  SELECT CASE
    WHEN ${hasFacts(sql`t.oid`)}
      THEN pg_catalog.pg_get_serial_sequence(t.oid::regclass::text, ${literal(AUDIT_COLUMNS.id)})
  END AS name
) AS q
WHERE t.relkind IN ('r', 'p')
  AND (EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS g
    WHERE g.tgrelid = t.oid AND g.tgname = ${literal(APPEND_ONLY_TRIGGER)} AND g.tgfoid = ${guard}::regprocedure
  ) AND q.name IS NOT NULL ${wasSealed})
  AND NOT t.relispartition
  AND ${hasFacts(sql`t.oid`)}
ORDER BY n.nspname COLLATE "C", t.relname COLLATE "C"`)
}

function hasFacts(table: Sql): Sql {
  return sql`(
  SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = ${table} AND a.attname IN (${join(FACT_COLUMNS.map(literal), sql`, `)}) AND NOT a.attisdropped
) = ${integer(FACT_COLUMNS.length)}`
}

function columns(table: Sql): Sql {
  const facts = join(FACT_COLUMNS.map(literal), sql`, `)
  return sql`(
  SELECT coalesce(pg_catalog.json_agg(
    pg_catalog.json_build_object('number', a.attnum, 'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod))
    ORDER BY a.attnum
  ), '[]')
  FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = ${table} AND a.attnum > 0 AND NOT a.attisdropped AND a.attname NOT IN (${facts})
)`
}

/**
 * How many rows of a history lie above an id, by their absolute values, and when the first of them was written. Parameter: the id,
 * -1 for all.
 */
export function renderUnsealed(history: QualifiedName): string {
  const id = parameter(1)
  return sqlText(sql`SELECT pg_catalog.count(*)::text AS rows, pg_catalog.min(h."audit_operation_timestamp")::text AS since
FROM ${qualified(history)} AS h
WHERE h."audit_id" > ${id}::bigint OR (h."audit_id" < - ${id}::bigint AND h."audit_id" < 0)`)
}
