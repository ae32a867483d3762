import type { QualifiedName } from '../model/names.ts'
import { grantsTo } from './live-grants.ts'
import { endOfBound } from './partition-bound.ts'
import { integer, literal, qualified, type Sql, sql, sqlText } from './sql.ts'

/*
 * Partitions of histories, asked of PostgreSQL's catalog, for the transaction that `beginLook` begins.
 */

/** Partitions that end sooner are to be made: this is what is left of the twelve months after nine in which nobody did. */
export const MONTHS_LEFT = 3

/** How many rows that are of no month's partition are counted. */
export const COUNTED = 10_000

/**
 * A row for each partition of a history of the audit schema, the oldest first. `until` is where it ends: NULL for that of all other times,
 * and where nothing ends it.
 */
export function partitionsThere(schema: string): string {
  return sqlText(sql`SELECT
  r.relname AS history,
  json_build_object('schema', s.nspname, 'name', c.relname) AS name,
  pg_get_userbyid(c.relowner)::text AS owner,
  ${grantsTo(sql`coalesce(c.relacl, acldefault('r', c.relowner))`, sql`c.relowner`)} AS grants,
  has_table_privilege(c.oid, 'SELECT') AS "isReadable",
  b.text = 'DEFAULT' AS "isDefault",
  e.until,
  coalesce(e.until < now() + ${literal(`${MONTHS_LEFT} months`)}::interval, false) AS "endsSoon"
FROM pg_class AS r
JOIN pg_namespace AS n ON n.oid = r.relnamespace
JOIN pg_inherits AS i ON i.inhparent = r.oid
JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relispartition
JOIN pg_namespace AS s ON s.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid) AS text) AS b
CROSS JOIN LATERAL (SELECT ${endOfBound(sql`b.text`)} AS until) AS e
WHERE n.nspname = ${literal(schema)} AND r.relkind = 'p' AND NOT r.relispartition
ORDER BY r.relname, b.text = 'DEFAULT', e.until`)
}

/** One row: how many `rows` a partition has, and no more than the number that is counted. */
export function rowsOfPartition(partition: QualifiedName): string {
  return sqlText(
    sql`SELECT count(*)::integer AS rows FROM (SELECT FROM ${qualified(partition)} LIMIT ${integer(COUNTED)}) AS p`,
  )
}

/** The OIDs of what holds the rows of a table: itself, or what it is partitioned into. */
export function placesOf(oid: Sql): Sql {
  return sql`(
  SELECT p.oid FROM pg_catalog.pg_class AS p
  WHERE p.oid = ANY (ARRAY[${oid}] || ARRAY(SELECT t.relid::oid FROM pg_catalog.pg_partition_tree(${oid}) AS t)) AND p.relkind = 'r'
)`
}
