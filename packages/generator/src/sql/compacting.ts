import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { compactSignature } from './compact-function.ts'
import { endOfBound } from './partition-bound.ts'
import { literal, parameter, sql, sqlText } from './sql.ts'

/** A partition of a history that is wholly older than a limit. */
export interface OldPartition {
  readonly oid: string
  /** Quoted, with its schema. */
  readonly name: string
  readonly bytes: number
}

/** A query for the `OldPartition`s of a history, the oldest first. Parameters: its name, the limit. */
export function renderOldPartitions(): string {
  return sqlText(sql`SELECT
  c.oid::text AS oid,
  pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
  pg_catalog.pg_total_relation_size(c.oid)::float8 AS bytes
FROM pg_catalog.pg_inherits AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid AND c.relispartition AND c.relkind = 'r'
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT ${endOfBound(sql`pg_catalog.pg_get_expr(c.relpartbound, c.oid)`)} AS until
) AS bound
WHERE i.inhparent = pg_catalog.to_regclass(${parameter(1)}) AND bound.until <= ${parameter(2)}::timestamptz
ORDER BY bound.until`)
}

/** A query for whether the function is there: `isThere`. */
export function renderLookForCompacting(home: AuditHome): string {
  return sqlText(
    sql`SELECT pg_catalog.to_regprocedure(${literal(sqlText(compactSignature(home)))}) IS NOT NULL AS "isThere"`,
  )
}

/** Parameters: the OID of the partition, the limit. Gives `done`, and the `bytes` that it has then. */
export function renderCompact(home: AuditHome): string {
  return sqlText(sql`SELECT c.done, coalesce(pg_catalog.pg_total_relation_size(${parameter(1)}::oid), 0)::float8 AS bytes
FROM (SELECT ${baseFunction(home, 'compactPartition')}(${parameter(1)}::oid::regclass, ${parameter(2)}::timestamptz) AS done OFFSET 0) AS c`)
}
