import { type Sql, sql } from './sql.ts'

/**
 * Where a partition ends, of its bound as PostgreSQL writes it (`pg_get_expr(relpartbound, oid)`); NULL for that of all other times, and for
 * one that nothing ends. Brackets and not backslashes, which mean something else where standard_conforming_strings is off.
 */
export function endOfBound(bound: Sql): Sql {
  return sql`(pg_catalog.regexp_match(${bound}, ' TO [(]''([^'']+)''[)]'))[1]::timestamptz`
}

/** The same, and `infinity` for one that nothing ends: partitions reach so far. */
export function reachOfBound(bound: Sql): Sql {
  return sql`CASE WHEN ${bound} LIKE '%TO (MAXVALUE)' THEN 'infinity' ELSE ${endOfBound(bound)} END`
}
