import { HASH_KEY_TABLE, type QualifiedName } from '../model/names.ts'
import type { AuditHome, AuditTableObject, CapturedColumn, DatabaseState } from './database-state.ts'
import type { MigrationStep } from './migration-step.ts'

/** The table that holds a key for each hashed column. */
export function hashKeyTable({ schema, shared }: AuditHome): QualifiedName {
  return { schema, name: shared ? HASH_KEY_TABLE.shared : HASH_KEY_TABLE.own }
}

/** Something is hashed, or was once: the keys are kept as long as the history. */
export function hasHashes({ tables }: Pick<DatabaseState, 'tables'>): boolean {
  return tables.some(hashesAny)
}

/** The step brings a hashed column; whether one was there before does not matter. */
export function bringsHashes(step: MigrationStep): boolean {
  if (step.kind === 'createAuditTable') return hashesAny(step.table)
  return step.kind === 'addColumn' && isHashed(step.column)
}

export function isHashed({ policy }: Pick<CapturedColumn, 'policy'>): boolean {
  return policy === 'hash'
}

function hashesAny({ columns }: Pick<AuditTableObject, 'columns'>): boolean {
  return columns.some(isHashed)
}
