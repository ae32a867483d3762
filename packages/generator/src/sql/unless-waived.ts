import type { AuditTableObject } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { auditTable } from './look-first.ts'
import { AUDIT_COLUMNS, WAIVER_SETTING } from './object-names.ts'
import { ident, literal, qualified, type Sql, sql, sqlText } from './sql.ts'
import { WAIVER_COLUMNS, waiverHistory } from './waiver-table.ts'

/**
 * PL/pgSQL at the head of a capture function: where capture is waived, the row that tells of it takes the place of
 * history. The setting alone waives nothing; it only saves all other writes the look into the table of waivers.
 *
 * @param rowCount of what the statement leaves out; NULL where it is not known
 */
export function unlessWaived(
  table: AuditTableObject,
  rowCount: Sql,
  operation: Sql = ident(AUDIT_COLUMNS.operation),
): Sql {
  if (!table.waivable) return sql``
  return whereWaived(sql`${record(table, operation, rowCount)}
RETURN NULL;`)
}

/**
 * The same in a function that is called for each row: one row tells of all that a writer leaves out in a transaction, and
 * to find it costs less than history. It cannot be forged, so who has one was allowed to leave out.
 */
export function unlessRowWaived(table: AuditTableObject): Sql {
  if (!table.waivable) return sql``
  const c = { ...AUDIT_COLUMNS, ...WAIVER_COLUMNS }
  return whereWaived(sql`IF NOT EXISTS (
  SELECT FROM ${auditTable(waiverHistory(table))} AS w
  WHERE w.${ident(c.transactionId)} = pg_current_xact_id()::text::bigint
    AND w.${ident(c.transactionTimestamp)} = now()
    AND w.${ident(c.source)} = ${sourceName(table)}
    AND w.${ident(c.operation)} = ${ident(c.operation)}::char(1)
    AND w.${ident(c.currentUser)} = ${ident(c.currentUser)}
    AND w.${ident(c.rowCount)} IS NULL
) THEN
  ${record(table, ident(c.operation), sql`NULL`)}
END IF;
RETURN NULL;`)
}

function whereWaived(instead: Sql): Sql {
  return sql`-- Refused unless a member of the role waived it in this transaction; never left out without a row.
IF current_setting(${literal(WAIVER_SETTING)}, true) <> '' THEN
  ${instead}
END IF;`
}

function record(table: AuditTableObject, operation: Sql, rowCount: Sql): Sql {
  return sql`PERFORM ${baseFunction(table, 'recordWaiver')}(${sourceName(table)}, ${operation}, ${rowCount});`
}

function sourceName(table: AuditTableObject): Sql {
  return literal(sqlText(qualified(table.source)))
}
