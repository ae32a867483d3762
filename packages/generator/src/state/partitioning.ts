import type { DatabaseState } from './database-state.ts'
import type { MigrationStep } from './migration-step.ts'

/** A history is partitioned, and its partitions are made ahead. */
export function hasPartitions({ tables }: Pick<DatabaseState, 'tables'>): boolean {
  return tables.some(({ partitionBy }) => partitionBy !== undefined)
}

/** The step makes a history partitioned, or its partitions of another length. */
export function bringsPartitions(step: MigrationStep): boolean {
  if (step.kind === 'createAuditTable') return step.table.partitionBy !== undefined
  return step.kind === 'changePartitions' && step.partitionBy !== false
}

/** The step makes no more partitions of a history. */
export function endsPartitions(step: MigrationStep): boolean {
  return step.kind === 'changePartitions' && step.partitionBy === false
}
