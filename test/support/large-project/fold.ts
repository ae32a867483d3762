import type pg from 'pg'
import { isSecretName } from '../../../packages/generator/src/datamodel/secret-names.ts'
import type { Table } from './shape.ts'
import { quote, tableName } from './sql.ts'

/** Copies every table into the schema `before`, so that rows older than the audit are known. */
export async function copyTables(client: pg.ClientBase, tables: readonly Table[]): Promise<void> {
  await client.query('CREATE SCHEMA before')
  for (const [index, table] of tables.entries()) {
    await client.query(`CREATE TABLE before.t${index} AS TABLE ${tableName(table)}`)
  }
}

/** The audit table that a table's triggers write to, by the body of the function that they call. */
async function auditTableOf(client: pg.ClientBase, table: Table): Promise<string> {
  const { rows } = await client.query<{ body: string }>(
    `SELECT DISTINCT prosrc AS body
     FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
     WHERE tgrelid = $1::regclass AND pronamespace = 'audit'::regnamespace AND tgtype & 4 = 4`,
    [tableName(table)],
  )
  const target = /INSERT INTO ("audit"\."(?:[^"]|"")+")/.exec(rows[0]?.body ?? '')?.[1]
  if (rows.length !== 1 || !target) throw new Error(`${tableName(table)}: ${rows.length} capture functions.`)
  return target
}

/**
 * Folds a table's audit rows by its key over the rows that were there before, and compares with the live
 * table, every column as text.
 *
 * @returns the rows that are in one of the two only, and how many audit rows were folded.
 */
export async function compareFold(
  client: pg.ClientBase,
  table: Table,
  index: number,
): Promise<{ differences: unknown[]; auditRows: number; writers: string[] }> {
  const audit = await auditTableOf(client, table)
  const unique = table.indexes.find((each) => each.unique)?.columns ?? []
  const keyColumns = table.primaryKey.length > 0 ? table.primaryKey : unique
  const key = keyColumns.map(({ name }) => quote(name)).join(', ')
  // What is named like a secret is redacted: its values are nowhere to be folded.
  const held = table.columns.filter((column) => keyColumns.includes(column) || !isSecretName(column.name))
  const texts = held.map(({ name }) => `${quote(name)}::text`).join(', ')
  const fold = `
    SELECT ${texts} FROM before.t${index} WHERE (${key}) NOT IN (SELECT ${key} FROM ${audit})
    UNION ALL
    SELECT ${texts} FROM (
      SELECT DISTINCT ON (${key}) * FROM ${audit} ORDER BY ${key}, audit_id DESC
    ) AS last WHERE audit_operation <> 'D'`
  const live = `SELECT ${texts} FROM ${tableName(table)}`
  const { rows: differences } = await client.query(
    `((${fold}) EXCEPT ALL (${live})) UNION ALL ((${live}) EXCEPT ALL (${fold}))`,
  )
  const { rows } = await client.query<{ n: number; writers: string[] | null }>(
    `SELECT count(*)::int AS n, array_agg(DISTINCT audit_username) AS writers FROM ${audit}`,
  )
  return { differences, auditRows: rows[0]?.n ?? 0, writers: rows[0]?.writers ?? [] }
}
