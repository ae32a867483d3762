/** Columns that every audit table has; a source column or setting of such a name would have no place. */
export const OWN_COLUMNS: readonly string[] = [
  'audit_id',
  'audit_operation',
  'audit_operation_timestamp',
  'audit_transaction_timestamp',
  'audit_current_user',
  'audit_transaction_id',
]
