import type { AuditTableObject } from '../state/database-state.ts'
import { sourceColumn } from '../state/source-column.ts'
import { liveColumns } from './audit-table.ts'
import { declarations, historyKey, insertRow } from './history-row.ts'
import { haveSameKey } from './key-columns.ts'
import { ident, join, lines, qualified, type Sql, sql } from './sql.ts'
import { declareUnchanged, findUnchanged, hasMarks } from './unchanged-columns.ts'
import { unlessRowWaived } from './unless-waived.ts'

/** The body of level row: called for one row, right after it was written, with OLD and NEW. */
export function rowCapture(table: AuditTableObject): Sql {
  const marks = hasMarks(table)
  return sql`#variable_conflict use_variable
${lines([declarations(table, sql`left(TG_OP, 1)`), declareUnchanged(table)])}
BEGIN
  ${lines([
    unlessRowWaived(table),
    sql`IF TG_OP = 'DELETE' THEN
  ${lines([findUnchanged(table, sql`OLD`), sql`${insertRow(table, sql`OLD`, { marks })};`])}
  RETURN NULL;
END IF;`,
    table.updates === 'changed' ? unlessUnchanged(table) : sql``,
    marks
      ? sql`IF TG_OP = 'UPDATE' THEN
  ${findUnchanged(table, sql`NEW`)}
END IF;`
      : sql``,
    sql`${insertRow(table, sql`NEW`, { former: sql`OLD`, marks })};`,
    sql`RETURN NULL;`,
  ])}
END`
}

/**
 * The trigger's WHEN compares whole rows. Named there, a column could not be dropped or retyped by the application; so what
 * is not recorded is left out here. Bytes are compared, which every type has: 1.0 is not 1.00, and json has no other way.
 */
function unlessUnchanged(table: AuditTableObject): Sql {
  return sql`IF TG_OP = 'UPDATE' THEN
  -- Where only columns changed that are not recorded, history has nothing to say.
  IF ${recorded(table, sql`OLD`)} *= ${recorded(table, sql`NEW`)} THEN
    RETURN NULL;
  END IF;
END IF;`
}

/** `ROW(OLD."id", OLD."note")::record` */
function recorded(table: AuditTableObject, row: Sql): Sql {
  const columns = liveColumns(table).map((column) => sql`${row}.${ident(sourceColumn(column))}`)
  return sql`ROW(${join(columns, sql`, `)})::record`
}

/**
 * Row by row, the key that one row gives up may have been another's already, if its constraint is deferrable
 * (`SET id = 9 - id`): that other row lives on under it, and a D would end it. A statement trigger has all D first.
 *
 * Keys are told apart as in the history: the `=` of an extension's type is in a schema that nobody knows here, and so no index of
 * such a key is of use.
 */
export function keyStillHeld(table: AuditTableObject): Sql {
  const isSame = haveSameKey(
    table,
    (column) => historyKey(table, column, sql`held`),
    (column) => historyKey(table, column, sql`OLD`),
  )
  return sql`-- Only under a deferrable constraint can another row have this key already.
IF EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = TG_RELID AND i.indisunique AND NOT i.indimmediate) THEN
  IF EXISTS (SELECT FROM ${qualified(table.source)} AS held WHERE ${isSame}) THEN
    RETURN NULL;
  END IF;
END IF;`
}
