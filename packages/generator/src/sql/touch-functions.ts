import type { AuditTableObject } from '../state/database-state.ts'
import { renderCaptureFunctions } from './capture-functions.ts'
import { lines, qualified, sql, sqlText } from './sql.ts'
import { functionNames } from './triggers.ts'

/**
 * Writes the catalog rows of a table's functions anew and changes nothing in them. Connections that have compiled
 * such a function compile it again at their next write; without that a column whose enum type was replaced makes
 * them fail (XX000) until the audit part runs, and a COMMIT may stand between the two.
 *
 *     ALTER FUNCTION "audit"."Order_audit_capture"() SET search_path = pg_catalog, pg_temp;
 */
export function renderTouch(table: AuditTableObject): string {
  const each = functionNames(table).map(
    (name) =>
      sql`ALTER FUNCTION ${qualified({ schema: table.schema, name })}() SET search_path = pg_catalog, pg_temp;`,
  )
  return `${sqlText(lines(each))}\n`
}

/** The table's functions as its source is called now, where the audit table follows only later (`StateColumn.sourceName`). */
export function renderFunctions(table: AuditTableObject): string {
  return `${sqlText(renderCaptureFunctions(table))}\n`
}
