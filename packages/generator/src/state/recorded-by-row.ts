import type { SourceTable } from '../model/source-database.ts'

/**
 * Whether a table is recorded row by row, whatever its model says. Statement triggers
 *
 * - of a partitioned table do not see a statement on a partition; row triggers are cloned to each. Those of a partition do not see
 *   one on what it is a partition of;
 * - of a table that inherits are not called by a statement on its parent, and its parent's see rows that are not its own.
 */
export function isRecordedByRow(source: SourceTable | undefined): boolean {
  if (source === undefined) return false
  return source.partitioned || source.partition !== undefined || source.inherits === true
}
