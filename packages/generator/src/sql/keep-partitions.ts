import type { AuditTableObject } from '../state/database-state.ts'
import { auditTable } from './audit-table.ts'
import { reachOfBound } from './partition-bound.ts'
import { MONTHS_AHEAD } from './partition-names.ts'
import { partitionSignatures } from './partition-procedure.ts'
import { callPartitions, validateOldest } from './render-partitions.ts'
import { join, literal, sql, sqlText } from './sql.ts'

/*
 * Partitions of one history, made by a command: what the migrations do, by the same two procedures.
 */

/** A history on its way, as `lookAtPartitions` finds it. */
export interface FoundPartitions {
  /** NULL: there is no such table, or not the procedures that make partitions. */
  readonly kind: 'r' | 'p' | null
  readonly count: number
  /** Where the last one ends: `2027-02-01`; null where nothing does. */
  readonly until: string | null
  /** They reach as far as they are made, and there is one for whatever else comes. */
  readonly isAhead: boolean
}

/** A query for one `FoundPartitions`. */
export function lookAtPartitions(table: AuditTableObject): string {
  const history = sql`pg_catalog.to_regclass(${literal(sqlText(auditTable(table)))})`
  const procedures = partitionSignatures(table).map(
    (each) => sql`pg_catalog.to_regprocedure(${literal(sqlText(each))})`,
  )
  return sqlText(sql`SELECT
  (
    SELECT c.relkind FROM pg_catalog.pg_class AS c
    WHERE c.oid = ${history} AND pg_catalog.num_nulls(${join(procedures, sql`, `)}) = 0
  ) AS kind,
  p.count::integer AS count,
  (SELECT pg_catalog.to_char(p.until AT TIME ZONE 'UTC', 'YYYY-MM-DD') WHERE pg_catalog.isfinite(p.until)) AS until,
  coalesce(p.has_rest AND p.until > pg_catalog.clock_timestamp() + ${literal(`${MONTHS_AHEAD} months`)}::interval, false) AS "isAhead"
FROM (
  SELECT
    pg_catalog.count(*) AS count,
    pg_catalog.bool_or(b.text = 'DEFAULT') AS has_rest,
    pg_catalog.max(${reachOfBound(sql`b.text`)}) AS until
  FROM pg_catalog.pg_inherits AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
  CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS text) AS b
  WHERE i.inhparent = ${history}
) AS p`)
}

/**
 * The transactions that bring a history there, each a statement; an ordinary one becomes the oldest partition, and its rows are looked at
 * while writers write on.
 */
export function makePartitionsOf(
  table: AuditTableObject,
  { kind }: Pick<FoundPartitions, 'kind'>,
): readonly string[] {
  const make = sqlText(callPartitions(table, 'partitionHistory'))
  if (kind === 'p') return [make]
  return [sqlText(callPartitions(table, 'preparePartitions')), sqlText(validateOldest(table)), make]
}
