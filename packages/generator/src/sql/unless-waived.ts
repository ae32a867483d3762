import type { AuditTableObject } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { AUDIT_COLUMNS, WAIVER_SETTING } from './object-names.ts'
import { ident, literal, qualified, type Sql, sql, sqlText } from './sql.ts'

/**
 * PL/pgSQL at the head of a capture function: where capture is waived, the row that tells of it takes the place of
 * history. The setting alone waives nothing; it only saves all other writes the look into the table of waivers.
 *
 * @param rowCount of what is not captured; NULL where it is not known
 */
export function unlessWaived(
  table: AuditTableObject,
  rowCount: Sql,
  operation: Sql = ident(AUDIT_COLUMNS.operation),
): Sql {
  if (!table.waivable) return sql``
  const source = literal(sqlText(qualified(table.source)))
  return sql`-- Refused unless a member of the role waived it in this transaction; never left out without a row.
IF current_setting(${literal(WAIVER_SETTING)}, true) <> '' THEN
  PERFORM ${baseFunction(table, 'recordWaiver')}(${source}, ${operation}, ${rowCount});
  RETURN NULL;
END IF;`
}
