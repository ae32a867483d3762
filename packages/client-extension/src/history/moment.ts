import { bind, type Fragment, join, literal, qualified, sql } from './fragment.ts'
import { AuditHistoryError } from './history-error.ts'
import type { HistoryModel } from './history-model.ts'
import { quotedName } from './quoted-name.ts'
import type { Reader } from './reader.ts'
import { writtenBy } from './transaction-ref.ts'
import type { Moment, TransactionRef } from './types.ts'
import { momentText, valueText } from './value-text.ts'

/** Tells the versions `h` of a history that were written until a moment from those that came later. */
export type Until = (model: HistoryModel) => Fragment

/**
 * What a moment means in SQL, for every history: an audit id counts in its own, so that for other tables the time of that row
 * takes its place, and likewise for a transaction, whose last write is looked for in all of them.
 *
 * @param model the history that `auditId` belongs to
 * @throws AuditHistoryError `NOT_FOUND` where there is no such row or transaction
 */
export async function resolveMoment(
  reader: Reader,
  models: readonly HistoryModel[],
  model: HistoryModel | undefined,
  moment: Moment,
): Promise<Until> {
  if (moment instanceof Date || Object.prototype.toString.call(moment) === '[object Date]') {
    const time = momentText('the moment', moment)
    // All of its millisecond: `asOf(entry.at)` holds that entry.
    return () => sql`h."audit_operation_timestamp" < ${bind(time, 'timestamptz')} + interval '1 millisecond'`
  }
  if ('snapshot' in moment) return () => seenInSnapshot(moment.snapshot)
  if ('transaction' in moment) return afterTransaction(reader, models, moment.transaction)
  if ('auditId' in moment && model !== undefined) return afterVersion(reader, model, moment.auditId)
  throw new AuditHistoryError('INVALID_ARGUMENT', 'This is no moment.', {
    hint: 'Give a Date, { auditId }, { transaction: { id, startedAt } } or { snapshot }.',
  })
}

function seenInSnapshot(snapshot: string): Fragment {
  if (!/^\d+:\d+:[\d,]*$/.test(snapshot)) {
    throw new AuditHistoryError('INVALID_ARGUMENT', 'This is no snapshot of PostgreSQL.', {
      hint: 'SELECT pg_current_snapshot() gives one, such as 731:735:733.',
    })
  }
  return sql`pg_catalog.pg_visible_in_snapshot(h."audit_transaction_id"::text::xid8, ${bind(snapshot, 'pg_snapshot')})`
}

async function afterVersion(reader: Reader, model: HistoryModel, given: bigint): Promise<Until> {
  const id = bind(valueText('auditId', 'BigInt', given), 'bigint')
  const [found] = await reader.ask(
    [model],
    sql`SELECT h."audit_operation_timestamp"::text AS at FROM ${qualified(model.audit)} AS h WHERE h."audit_id" = ${id}`,
  )
  if (found === undefined) {
    throw new AuditHistoryError('NOT_FOUND', `The history of ${model.source.name} has no row ${given}.`)
  }
  return (other) => (other === model ? sql`h."audit_id" <= ${id}` : untilText(String(found.at)))
}

async function afterTransaction(
  reader: Reader,
  models: readonly HistoryModel[],
  transaction: TransactionRef,
): Promise<Until> {
  const readable = await readableModels(reader, models)
  const lasts = readable.map(
    (model, index) => sql`SELECT ${bind(String(index), 'integer')} AS model, max(h."audit_id") AS audit_id,
  max(h."audit_operation_timestamp") AS at
FROM ${qualified(model.audit)} AS h WHERE ${writtenBy(transaction)}`,
  )
  const rows =
    lasts.length === 0
      ? []
      : await reader.ask(
          readable,
          sql`SELECT last.model, last.audit_id::text AS audit_id, (max(last.at) OVER ())::text AS at
FROM (${join(lasts, sql` UNION ALL `)}) AS last WHERE last.audit_id IS NOT NULL`,
        )
  const at = rows[0]?.at
  if (at === undefined) {
    throw new AuditHistoryError(
      'NOT_FOUND',
      `The history has no transaction ${transaction.id} of that time.`,
      {
        hint: 'A transaction is named by its id and the time at which it began, as an entry has them.',
      },
    )
  }
  return (model) => {
    const own = rows.find((row) => readable[Number(row.model)] === model)?.audit_id
    return own === undefined ? untilText(String(at)) : sql`h."audit_id" <= ${bind(String(own), 'bigint')}`
  }
}

/** A reader of one tenant may be kept from histories that do not tell whose their rows are. */
async function readableModels(
  reader: Reader,
  models: readonly HistoryModel[],
): Promise<readonly HistoryModel[]> {
  const rights = models.map(
    ({ audit }, index) =>
      sql`(${bind(String(index), 'integer')}, pg_catalog.has_table_privilege(pg_catalog.to_regclass(${literal(quotedName(audit))}), 'SELECT'))`,
  )
  const rows = await reader.ask(
    [],
    sql`SELECT r.model FROM (VALUES ${join(rights, sql`, `)}) AS r (model, readable) WHERE r.readable`,
  )
  return rows.flatMap((row) => models[Number(row.model)] ?? [])
}

function untilText(time: string): Fragment {
  return sql`h."audit_operation_timestamp" <= ${bind(time, 'timestamptz')}`
}
