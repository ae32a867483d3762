import type { AuditTableObject, StateColumn } from '../state/database-state.ts'
import { auditTable, liveColumns, liveSettings } from './audit-table.ts'
import { isSameKey } from './baseline.ts'
import { renderType } from './column-type.ts'
import { historyValue } from './history-row.ts'
import { AUDIT_COLUMNS, UNCHANGED } from './object-names.ts'
import { ident, integer, join, literal, type Sql, sql, sqlText } from './sql.ts'

/** So many rows of a key at most hold no value one after the other, so that neither a write nor a reader has far to look. */
export const LOOK_BACK = 49

/** Variables of a row's function: the columns whose values its history holds already, by name and by number. */
export function declareUnchanged(table: AuditTableObject): Sql {
  if (!hasMarks(table)) return sql``
  return sql`  ${ident(UNCHANGED.names)} text[];
  ${ident(UNCHANGED.numbers)} smallint[];`
}

/**
 * PL/pgSQL that fills them. The newest value that the history holds of the row is compared, and not the row before: what changed
 * while nobody watched is never called unchanged. Columns are marked by their number, which they keep whatever they are called.
 * Where policies are forced on the owner, the newest row that they show need not be the newest one: then all is recorded.
 */
export function findUnchanged(table: AuditTableObject, row: Sql): Sql {
  const columns = liveColumns(table).filter(({ whenChanged }) => whenChanged)
  if (!hasMarks(table)) return sql``
  return sql`-- What the history of the row holds already is not written again, unless row level security may hide some of it.
IF NOT row_security_active(${literal(sqlText(auditTable(table)))}) THEN
  SELECT array_agg(a.attname), array_agg(a.attnum) INTO ${ident(UNCHANGED.names)}, ${ident(UNCHANGED.numbers)}
  FROM (VALUES
    ${join(
      columns.map((column) => sql`(${literal(column.name)}, ${columnNumber(table, column)})`),
      sql`,\n`,
    )}
  ) AS a (attname, attnum)
  WHERE CASE a.attname
    ${join(
      columns.map(
        (column) =>
          sql`WHEN ${literal(column.name)} THEN ${isHeld(table, column, row, sql`a.attnum`, LOOK_BACK)}`,
      ),
      sql`\n`,
    )}
  END;
END IF;`
}

/** As the catalog has it now, and not as the transaction's snapshot does, which may be older than a rename. */
export function columnNumber({ schema, names }: AuditTableObject, { name }: StateColumn): Sql {
  const column = join([schema, names.table, name].map(literal), sql`, `)
  return sql`(
  SELECT c.objsubid::smallint FROM pg_get_object_address('table column', ARRAY[${column}], '{}') AS c
)`
}

/**
 * Whether the newest value that the history holds of the column is that of the row; NULL where it holds none.
 *
 * What a deleted row held is not held of the next one with its key: a pruning lets it go.
 *
 * @param number the column's, as it stands in the marks
 * @param rows how many of the newest rows are looked at
 */
export function isHeld(
  table: AuditTableObject,
  { name, type }: StateColumn,
  row: Sql,
  number: Sql,
  rows: number,
): Sql {
  const [id, operation, column] = [ident(AUDIT_COLUMNS.id), ident(AUDIT_COLUMNS.operation), ident(name)]
  const mark = markColumn(table)
  const value = sql`CAST(${historyValue(table, name, row)} AS ${renderType(type)})`
  return sql`(
  SELECT held.${operation} <> 'D' AND ROW(held.${column})::record *= ROW(${value})::record
  FROM (
    SELECT known.${id}, known.${operation}, known.${column}, known.${mark} FROM ${auditTable(table)} AS known
    WHERE ${isSameKey(table, row)}
    ORDER BY known.${id} DESC
    LIMIT ${integer(rows)}
  ) AS held
  WHERE held.${operation} = 'D' OR (${number} = ANY (held.${mark})) IS NOT TRUE
  ORDER BY held.${id} DESC
  LIMIT 1
)`
}

export function hasMarks(table: AuditTableObject): boolean {
  return (
    table.level === 'row' && table.key.length > 0 && liveColumns(table).some(({ whenChanged }) => whenChanged)
  )
}

function markColumn(table: AuditTableObject): Sql {
  const mark = liveSettings(table).find(({ fact }) => fact === 'unchanged_columns')
  if (mark === undefined) throw new Error(`no column marks what is unchanged in ${table.names.table}`)
  return ident(mark.column)
}
