import type { DeferrableKey, SourceTable } from '../model/source-database.ts'
import type { AuditTableObject } from './database-state.ts'
import { sourceKey } from './source-column.ts'

type Keyed = Pick<AuditTableObject, 'columns' | 'key'>

/**
 * Whether a table is recorded row by row, whatever its model says. Statement triggers
 *
 * - of a partitioned table do not see a statement on a partition; row triggers are cloned to each. Those of a partition do not see
 *   one on what it is a partition of;
 * - of a table that inherits are not called by a statement on its parent, and its parent's see rows that are not its own;
 * - end a key that a deferrable constraint has let another row have already. A row trigger looks whether one has it.
 */
export function isRecordedByRow(table: Keyed, source: SourceTable | undefined): boolean {
  if (source === undefined) return false
  const { partitioned, partition, inherits } = source
  return (
    partitioned || partition !== undefined || inherits === true || deferrableKey(table, source) !== undefined
  )
}

/** The deferrable constraint of the columns by which the rows of a table are told apart. */
export function deferrableKey(table: Keyed, { deferrableKeys = [] }: SourceTable): DeferrableKey | undefined {
  const key = new Set(sourceKey(table))
  return deferrableKeys.find(
    ({ columns }) => columns.length === key.size && columns.every((name) => key.has(name)),
  )
}
