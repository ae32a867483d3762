import { cutToBytes, MAX_IDENTIFIER_BYTES } from '../model/names.ts'
import type { AuditTableObject, StateSetting } from '../state/database-state.ts'
import { derivedName } from '../state/own-names.ts'

/** The audit table's own columns, before those of the settings and of the source. */
export const AUDIT_COLUMNS = {
  id: 'audit_id',
  operation: 'audit_operation',
  operationTimestamp: 'audit_operation_timestamp',
  transactionTimestamp: 'audit_transaction_timestamp',
  currentUser: 'audit_current_user',
  transactionId: 'audit_transaction_id',
} as const

/** Variables of a function that leaves out what the history holds already: columns by name, and by number. */
export const UNCHANGED = { names: 'unchanged_names', numbers: 'unchanged_numbers' } as const

/** What the history holds of a value that is redacted, and where an UPDATE gave the column another one. */
export const REDACTED = '[redacted]'
export const REDACTED_CHANGED = '[redacted, changed]'

/** The trigger on each audit table that refuses changes of history. */
export const APPEND_ONLY_TRIGGER = 'append_only'

/**
 * The functions and procedures of the audit schema itself. Among the application's own ones (`AuditHome.shared`)
 * they carry a prefix: `public.audit_set_context`.
 */
export const BASE_FUNCTIONS = {
  setContext: 'set_context',
  missingSetting: 'missing_setting',
  appendOnly: 'append_only',
  requireSource: 'require_source',
  keepPrivate: 'keep_private',
  waiveCapture: 'waive_capture',
  recordWaiver: 'record_waiver',
  hashValue: 'hash_value',
  makeHashKey: 'make_hash_key',
  erase: 'erase',
  prune: 'prune',
  preparePartitions: 'prepare_partitions',
  makePartition: 'make_partition',
  partitionHistory: 'partition_history',
  compactPartition: 'compact_partition',
} as const

/** Set in the transaction in which capture is waived; outside `audit.`, where every setting is the application's. */
export const WAIVER_SETTING = 'audit_capture.waived'

export const SHARED_PREFIX = 'audit_'

interface HistoryName {
  readonly names: { readonly table: string }
  readonly shared?: true
}

/** Prisma calls a unique index on a column `audit` of a table `Order` `Order_audit_key`. */
export function keyIndexName(table: HistoryName): string {
  return derivedName(table.names.table, table.shared ? '_history_key' : '_key')
}

export function primaryKeyName(table: HistoryName): string {
  return derivedName(table.names.table, '_pkey')
}

/** The sequence that numbers the rows, as PostgreSQL calls the one that it makes for an identity column. */
export function sequenceName(table: AuditTableObject): string {
  const end = `_${AUDIT_COLUMNS.id}_seq`
  return cutToBytes(table.names.table, MAX_IDENTIFIER_BYTES - end.length) + end
}

/** The CHECK that keeps a required setting's column filled. */
export function requiredCheckName(setting: Pick<StateSetting, 'column'>): string {
  return derivedName(setting.column, '_required')
}
