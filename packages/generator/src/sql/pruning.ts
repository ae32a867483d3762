import type { AuditHome, AuditTableObject } from '../state/database-state.ts'
import { auditTable, liveSettings } from './audit-table.ts'
import { baseFunction, pruneSignature } from './base-functions.ts'
import { placesOf } from './live-partitions.ts'
import { literal, parameter, sql, sqlText } from './sql.ts'
import { hasMarks } from './unchanged-columns.ts'

/** What a pruning asks for of one history. */
export interface PruneTarget {
  readonly history: string
  readonly key: readonly string[]
  /** The column that says what a row leaves out because it had not changed. */
  readonly marks: string | null
}

export function pruneTarget(table: AuditTableObject): PruneTarget {
  const marks = liveSettings(table).find(({ fact }) => fact === 'unchanged_columns')
  return {
    history: sqlText(auditTable(table)),
    key: table.key,
    marks: hasMarks(table) && marks !== undefined ? marks.column : null,
  }
}

/** A query for one row: whether pruning is set up (`isThere`), and the limit that an age gives. Parameter: the age, an interval. */
export function renderLookForPruning(home: AuditHome): string {
  return sqlText(sql`SELECT
  pg_catalog.to_regprocedure(${literal(sqlText(pruneSignature(home)))}) IS NOT NULL AS "isThere",
  (pg_catalog.now() - ${parameter(1)}::interval)::text AS before`)
}

/** A query for how many rows a history has, about. Parameter: its name. */
export function renderHistoryRows(): string {
  return sqlText(
    sql`SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::float8 AS rows
FROM ${placesOf(sql`pg_catalog.to_regclass(${parameter(1)})`)} AS place
JOIN pg_catalog.pg_class AS c ON c.oid = place.oid`,
  )
}

/** Parameter: the request as JSON. Gives `pruned`. */
export function renderPrune(home: AuditHome): string {
  return sqlText(sql`SELECT ${baseFunction(home, 'prune')}(${parameter(1)}::jsonb) AS pruned`)
}
