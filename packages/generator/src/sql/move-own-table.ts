import { replaceAppendOnly } from './audit-table.ts'
import { baseFunction } from './base-functions.ts'
import { auditTable, type HistoryTable, relation } from './look-first.ts'
import { dollarQuoted, ident, lines, literal, type Sql, sql, sqlText } from './sql.ts'

/**
 * A table that all histories share goes along to another audit schema, if it is there and has not gone yet. Until the last
 * table's functions have followed a view stands in its place, for those that have not.
 *
 * @param index one of its own whose name is made of the table's
 */
export function moveOwnTable(
  before: HistoryTable,
  after: HistoryTable,
  index: { readonly before: string; readonly after: string },
): Sql {
  const moved = { ...after, names: before.names }
  const oldIndex = { ...moved, names: { table: index.before } }
  const rename = (old: HistoryTable, name: string) =>
    old.names.table === name ? sql`` : sql`ALTER TABLE ${auditTable(old)} RENAME TO ${ident(name)};`
  const body = sql`BEGIN
  IF ${isOfKind(before, 'r')} AND ${isOfKind(after, 'r')} IS NOT TRUE THEN
    ${lines([
      dropView(after),
      sql`ALTER TABLE ${auditTable(before)} SET SCHEMA ${ident(after.schema)};`,
      rename(oldIndex, index.after),
      rename(moved, after.names.table),
      // The guard calls a function of its schema.
      replaceAppendOnly(after),
      sql`CREATE VIEW ${auditTable(before)} AS SELECT * FROM ${auditTable(after)};`,
      sql`CALL ${baseFunction(after, 'keepPrivate')}(ARRAY[${relation(before)}], '{}');`,
    ])}
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}

/** PL/pgSQL: the view goes when nothing calls by the former name any more. */
export function dropView(table: HistoryTable): Sql {
  return sql`IF ${isOfKind(table, 'v')} THEN
  DROP VIEW ${auditTable(table)};
END IF;`
}

/** `r` for a table, `v` for a view; NULL where there is neither. */
export function isOfKind(table: HistoryTable, kind: 'r' | 'v'): Sql {
  return sql`(
  SELECT c.relkind FROM pg_catalog.pg_class AS c
  WHERE c.oid = pg_catalog.to_regclass(${literal(sqlText(auditTable(table)))})
) = ${literal(kind)}`
}
