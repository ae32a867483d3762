import { isOwnRow } from '../../src/sql/baseline.ts'
import { ident, join, literal, qualified, type Sql, sql, sqlText } from '../../src/sql/sql.ts'
import type { AuditTableObject, StateColumn } from '../../src/state/database-state.ts'
import { sourceColumn } from '../../src/state/source-column.ts'

type Query = (sql: string) => Promise<readonly { row: string }[]>

/**
 * The rows that the history says are alive: the last entry of each key, unless it is a D. Each row is
 * PostgreSQL's text of its live columns, but for hidden values; sorted. Equal to `liveRows` where every change was recorded since the
 * table was empty. A value that is marked as unchanged is that of the newest entry that holds one.
 */
export async function foldHistory(query: Query, table: AuditTableObject): Promise<readonly string[]> {
  const key = join(table.key.map(ident), sql`, `)
  const history = qualified({ schema: table.schema, name: table.names.table })
  return await rows(
    query,
    sql`SELECT ${rowText(table, (column) => heldValue(table, column))} AS row FROM (
  SELECT DISTINCT ON (${key}) * FROM ${history} ORDER BY ${key}, "audit_id" DESC
) AS latest WHERE "audit_operation" <> 'D'`,
  )
}

/** The rows of the source table in the same form. */
export async function liveRows(query: Query, table: AuditTableObject): Promise<readonly string[]> {
  return await rows(
    query,
    sql`SELECT ${rowText(table, (column) => ident(sourceColumn(column)))} AS row FROM ${qualified(table.source)} AS live
WHERE ${isOwnRow(table, sql`live`)}`,
  )
}

/** What a history without a key can say: how many rows there are by it, and each row that there was, in the same form. */
export async function keylessHistory(query: Query, table: AuditTableObject) {
  const history = qualified({ schema: table.schema, name: table.names.table })
  const [count] = await query(
    sqlText(
      sql`SELECT coalesce(sum(CASE "audit_operation" WHEN 'I' THEN 1 WHEN 'D' THEN -1 ELSE 0 END), 0)::text AS row FROM ${history}`,
    ),
  )
  const written = rowText(table, ({ name }) => ident(name))
  return {
    count: Number(count?.row),
    rows: await rows(
      query,
      sql`SELECT DISTINCT ${written} AS row FROM ${history} WHERE "audit_operation" <> 'D'`,
    ),
  }
}

/** How many entries leave out what has not changed. */
export async function countMarked(query: Query, table: AuditTableObject): Promise<number> {
  const marks = marksOf(table)
  if (marks === undefined) return 0
  const history = qualified({ schema: table.schema, name: table.names.table })
  const [count] = await query(
    sqlText(sql`SELECT count(*)::text AS row FROM ${history} WHERE cardinality(${ident(marks.column)}) > 0`),
  )
  return Number(count?.row)
}

function marksOf({ settings }: AuditTableObject) {
  return settings.find(({ fact, retired }) => fact === 'unchanged_columns' && !retired)
}

/** Of the entry `latest`. */
function heldValue(table: AuditTableObject, { name, whenChanged }: StateColumn): Sql {
  const [column, history] = [ident(name), qualified({ schema: table.schema, name: table.names.table })]
  const marks = marksOf(table)
  if (!whenChanged || marks === undefined) return sql`latest.${column}`
  const sameKey = table.key.map((key) => sql`held.${ident(key)} = latest.${ident(key)}`)
  return sql`(
  SELECT held.${column} FROM ${history} AS held
  JOIN pg_attribute AS a ON a.attrelid = held.tableoid AND a.attname = ${literal(name)}
  WHERE ${join(sameKey, sql` AND `)} AND held."audit_id" <= latest."audit_id"
    AND (a.attnum = ANY (held.${ident(marks.column)})) IS NOT TRUE
  ORDER BY held."audit_id" DESC LIMIT 1
)`
}

function rowText(table: AuditTableObject, textOf: (column: StateColumn) => Sql): Sql {
  const columns = table.columns.filter(({ retired, policy }) => !retired && policy === 'record').map(textOf)
  return sql`ROW(${join(columns, sql`, `)})::text`
}

async function rows(query: Query, statement: Sql): Promise<readonly string[]> {
  const found = await query(sqlText(statement))
  return found.map(({ row }) => row).toSorted()
}
