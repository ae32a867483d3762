import { comma, type Fragment, ident, join, qualified, sql } from '../fragment.ts'
import type { RawClient } from '../reader.ts'
import { assertUnreferenced } from './referenced-rows.ts'
import { conflict } from './revert-conflict.ts'
import type { StepGroup } from './revert-order.ts'
import type { Records } from './revert-records.ts'
import { execute } from './run-fragment.ts'

/** Steps with the values that they write. */
export interface Work extends StepGroup {
  readonly records: Records
}

/**
 * One statement for all rows of a group.
 *
 * @throws AuditHistoryError `CONFLICT` where not all of them could be written
 */
export async function writeRows(tx: RawClient, work: Work): Promise<void> {
  const { action, model, records, steps } = work
  const table = qualified(model.source)
  if (action === 'delete') await assertUnreferenced(tx, work)
  const columns = join(
    records.columns.map((column) => ident(column)),
    comma,
  )
  const values = join(
    records.columns.map((column) => sql`r.${ident(column)}`),
    comma,
  )
  const count = await execute(
    tx,
    action === 'insert'
      ? sql`INSERT INTO ${table} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${values} FROM ${records.rows} AS r`
      : action === 'delete'
        ? sql`DELETE FROM ${table} AS t USING ${records.rows} AS r WHERE ${records.isRow}`
        : sql`UPDATE ${table} AS t SET ${assignments(records.columns)} FROM ${records.rows} AS r WHERE ${records.isRow}`,
  )
  if (count === steps.length) return
  throw conflict(
    steps.map(({ key }) => ({
      model: work.name,
      key,
      kind: action === 'insert' ? 'there' : 'gone',
      detail: `Of ${steps.length} rows ${count} could be written by this role.`,
    })),
  )
}

function assignments(columns: readonly string[]): Fragment {
  return join(
    columns.map((column) => sql`${ident(column)} = r.${ident(column)}`),
    comma,
  )
}
