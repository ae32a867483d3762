import type { AuditTableObject } from '../state/database-state.ts'
import { isOwnRow } from './baseline.ts'
import { join, literal, qualified, sql, sqlText } from './sql.ts'
import { functionOf, triggersOf } from './trigger-definitions.ts'

/** A query for one row, `missing`: the names of the table's triggers that are not there, rest, or call another function. */
export function triggersThere(table: AuditTableObject): string {
  const wanted = join(
    triggersOf(table).map(
      (trigger) => sql`(${literal(trigger.name)}, ${literal(sqlText(sql`${functionOf(table, trigger)}()`))})`,
    ),
    sql`, `,
  )
  return sqlText(sql`SELECT coalesce(array_agg(wanted.name), '{}') AS missing
FROM (VALUES ${wanted}) AS wanted (name, calls)
WHERE NOT EXISTS (
  SELECT FROM pg_catalog.pg_trigger AS t
  WHERE t.tgrelid = pg_catalog.to_regclass(${literal(sqlText(qualified(table.source)))})
    AND t.tgname = wanted.name AND t.tgenabled <> 'D'
    AND t.tgfoid = pg_catalog.to_regprocedure(wanted.calls)
)`)
}

/** Queries for one row, `rows`: what the statistics say, NULL where they say nothing, and what there is. */
export function sourceRows(table: AuditTableObject): { readonly estimate: string; readonly count: string } {
  const name = qualified(table.source)
  const oid = sql`${literal(sqlText(name))}::regclass`
  return {
    estimate: sqlText(sql`SELECT nullif(sum(greatest(c.reltuples, 0)), 0)::double precision AS rows
FROM pg_catalog.pg_class AS c
WHERE c.oid = ${oid} OR c.oid IN (SELECT p.relid FROM pg_catalog.pg_partition_tree(${oid}) AS p WHERE p.isleaf)`),
    count: sqlText(sql`SELECT count(*)::double precision AS rows
FROM ${name} AS s
WHERE ${isOwnRow(table, sql`s`)}`),
  }
}
