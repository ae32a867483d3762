import { bind, type Fragment, sql } from './fragment.ts'
import type { TransactionRef } from './types.ts'
import { momentText, valueText } from './value-text.ts'

/** The versions `h` that one transaction wrote. A Date holds milliseconds of the start's microseconds. */
export function transactionIs({ id, startedAt }: TransactionRef): Fragment {
  const start = bind(momentText('startedAt', startedAt), 'timestamptz')
  return sql`h."audit_transaction_id" = ${bind(valueText('transaction.id', 'BigInt', id), 'bigint')}
    AND h."audit_transaction_timestamp" >= ${start}
    AND h."audit_transaction_timestamp" < ${start} + interval '1 millisecond'`
}
