import type pg from 'pg'
import type { AuditedTable, AuditModel } from '../../packages/generator/src/model/audit-model.ts'
import { auditTable } from './audited-writes.ts'
import { ident, qualified } from './draft.ts'
import { type Column, keyColumns, type Model } from './world.ts'

/**
 * Where the rows that the history says are alive differ from those that are: the last entry of each key after
 * `since`, unless it is a D, against the table, over the given columns.
 */
export async function foldDifference(
  client: pg.ClientBase,
  audit: AuditModel,
  table: AuditedTable,
  model: Model,
  columns: readonly Column[],
  since: string,
): Promise<readonly string[]> {
  const key = keyColumns(model)
    .map(({ name }) => ident(name))
    .join(', ')
  const row = `ARRAY[${columns.map(({ name }) => `${ident(name)}::text`).join(', ')}]::text[]`
  const read = async (text: string) => {
    const { rows } = await client.query<{ row: readonly (string | null)[] }>(text)
    return rows.map((each) => JSON.stringify(each.row)).toSorted()
  }
  const folded = await read(`SELECT ${row} AS row FROM (
    SELECT DISTINCT ON (${key}) * FROM ${auditTable(audit, table)} WHERE audit_id > ${since} ORDER BY ${key}, audit_id DESC
  ) AS latest WHERE audit_operation <> 'D'`)
  const live = await read(`SELECT ${row} AS row FROM ${qualified(model)}`)
  if (folded.join('\n') === live.join('\n')) return []
  return [
    `the history of ${qualified(model)} since ${since} folds to\n${folded.join('\n')}\nbut the table holds\n${live.join('\n')}`,
  ]
}
