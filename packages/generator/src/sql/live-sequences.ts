import type { QualifiedName } from '../model/names.ts'
import type { AuditHome } from '../state/database-state.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { sealName } from './seal-tables.ts'
import { ident, join, literal, qualified, type Sql, sql, sqlText } from './sql.ts'

/*
 * How far the sequences are that number the rows of the audit's tables, and which numbers are taken. For the transaction that `beginLook` begins:
 * a sequence is read later than the moment at which the rows are seen, so it is never behind them because somebody writes.
 */

/** A column that gets its numbers from a sequence. */
export interface NumberedColumn {
  readonly table: string
  readonly column: string
}

/** A row for each sequence of one of the tables, which are in the schema, where whoever asks may read both: its column, and the number that it gave last (`lastId`). */
export function sequencesThere(schema: string, tables: readonly string[]): string {
  return sqlText(sql`SELECT
  c.relname AS "table",
  a.attname AS "column",
  pg_sequence_last_value(s.seqrelid)::text AS "lastId"
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_depend AS d
  ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('i', 'a')
JOIN pg_sequence AS s ON s.seqrelid = d.objid
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
WHERE n.nspname = ${literal(schema)} AND c.relname IN (${join(tables.map(literal), sql`, `)})
  AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND has_sequence_privilege(s.seqrelid, 'SELECT, USAGE')
ORDER BY c.relname, a.attname`)
}

/**
 * A row for each of the columns (`table`, `column`): the highest number that is taken (`used`), NULL where none is. Baselines have theirs
 * below zero, of the same sequence; and what is sealed ends where the sequence was then, also where no row has that number, or none any more.
 *
 * @param isSealed there are seals of ours, and whoever asks may read them
 */
export function numbersUsed(home: AuditHome, columns: readonly NumberedColumn[], isSealed: boolean): string {
  const each = columns.map(({ table, column }) => {
    const name = { schema: home.schema, name: table }
    const history = literal(sqlText(qualified(name)))
    const sealed = sql`(SELECT max(s."last_id") FROM ${sealName(home, 'seal')} AS s WHERE s."history" = ${history}::regclass)`
    const isHistory = isSealed && column === AUDIT_COLUMNS.id
    return sql`SELECT ${literal(table)} AS "table", ${literal(column)} AS "column", (${highest(name, column, isHistory ? sealed : undefined)})::text AS used`
  })
  return sqlText(join(each, sql`\nUNION ALL\n`))
}

/** Asks for the highest number of the rows, or another one that is higher. */
export function highest(table: QualifiedName, column: string, other: Sql | undefined): Sql {
  const [number, more] = [ident(column), other === undefined ? sql`` : sql`, ${other}`]
  return sql`SELECT greatest(max(${number}), - min(${number})${more}) FROM ${qualified(table)}`
}
