import { bind, type Fragment, sql } from './fragment.ts'
import type { TransactionRef } from './types.ts'
import { momentText, valueText } from './value-text.ts'

/** The versions `h` that one of these transactions wrote. A Date holds milliseconds of the start's microseconds. */
export function writtenBy(transactions: TransactionRef | readonly TransactionRef[]): Fragment {
  const all = [transactions].flat()
  const ids = all.map(({ id }) => valueText('transaction.id', 'BigInt', id))
  const starts = all.map(({ startedAt }) => momentText('startedAt', startedAt))
  return sql`(h."audit_transaction_id", date_trunc('milliseconds', h."audit_transaction_timestamp")) IN (
    SELECT * FROM unnest(${bind(`{${ids.join(',')}}`, 'bigint[]')}, ${bind(`{${starts.join(',')}}`, 'timestamptz[]')})
  )`
}
