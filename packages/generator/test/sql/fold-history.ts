import { ident, join, qualified, type Sql, sql, sqlText } from '../../src/sql/sql.ts'
import type { AuditTableObject, StateColumn } from '../../src/state/database-state.ts'
import { sourceColumn } from '../../src/state/source-column.ts'

type Query = (sql: string) => Promise<readonly { row: string }[]>

/**
 * The rows that the history says are alive: the last entry of each key, unless it is a D. Each row is
 * PostgreSQL's text of its live columns, but for hidden values; sorted. Equal to `liveRows` where every change was recorded since the
 * table was empty.
 */
export async function foldHistory(query: Query, table: AuditTableObject): Promise<readonly string[]> {
  const key = join(table.key.map(ident), sql`, `)
  const history = qualified({ schema: table.schema, name: table.names.table })
  return await rows(
    query,
    sql`SELECT ${rowText(table, ({ name }) => name)} AS row FROM (
  SELECT DISTINCT ON (${key}) * FROM ${history} ORDER BY ${key}, "audit_id" DESC
) AS latest WHERE "audit_operation" <> 'D'`,
  )
}

/** The rows of the source table in the same form. */
export async function liveRows(query: Query, table: AuditTableObject): Promise<readonly string[]> {
  return await rows(query, sql`SELECT ${rowText(table, sourceColumn)} AS row FROM ${qualified(table.source)}`)
}

function rowText(table: AuditTableObject, nameOf: (column: StateColumn) => string): Sql {
  const columns = table.columns
    .filter(({ retired, policy }) => !retired && policy === 'record')
    .map((column) => ident(nameOf(column)))
  return sql`ROW(${join(columns, sql`, `)})::text`
}

async function rows(query: Query, statement: Sql): Promise<readonly string[]> {
  const found = await query(sqlText(statement))
  return found.map(({ row }) => row).toSorted()
}
