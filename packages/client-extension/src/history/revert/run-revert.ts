import { findSqlState } from '../../database-error.ts'
import { sameKey } from '../cells.ts'
import { bind, qualified, sql } from '../fragment.ts'
import { AuditHistoryError, type RevertConflict } from '../history-error.ts'
import type { HistoryModels } from '../history-model.ts'
import type { RawClient, Reader } from '../reader.ts'
import type { TransactionRef } from '../types.ts'
import { conflict, described } from './revert-conflict.ts'
import { revertOrder } from './revert-order.ts'
import type { AnyPlan } from './revert-plan.ts'
import { PIN_TEXT_FORMS, recordsOf } from './revert-records.ts'
import { type Work, writeRows } from './revert-write.ts'
import { execute, query } from './run-fragment.ts'

/** What is used of a client to write. */
export interface WritingClient {
  $transaction<T>(
    work: (tx: RawClient) => Promise<T>,
    options: { readonly timeout?: number; readonly maxWait?: number },
  ): Promise<T>
}

export interface RevertOptions {
  /** How long it may take, in milliseconds; a minute unless told otherwise. */
  readonly timeout?: number
  /** How long it may wait for a connection, in milliseconds, as `maxWait` of `$transaction`. */
  readonly maxWait?: number
}

/** Errors of PostgreSQL that another step of the plan may do away with: a parent that is not there yet, a value that is taken. */
const LATER = new Set(['23503', '23505', '23001'])

/**
 * Carries out a plan in one transaction of the caller's client: with its rights, its row level security and its audit context.
 * All of it, or nothing.
 *
 * @returns the transaction that did it, which can be reverted in its turn
 * @throws AuditHistoryError `CONFLICT` where a row was written after the version that was seen, or cannot be put back
 */
export async function runRevert(
  client: WritingClient,
  readerOn: (tx: RawClient) => Reader,
  models: HistoryModels,
  plan: AnyPlan,
  { timeout = 60_000, ...options }: RevertOptions = {},
): Promise<TransactionRef> {
  if (plan.conflicts.length > 0) throw conflict(plan.conflicts)
  return client.$transaction(
    async (tx) => {
      await execute(tx, PIN_TEXT_FORMS)
      const reader = readerOn(tx)
      const groups = revertOrder(models, plan.steps)
      const work: Work[] = []
      for (const group of groups) work.push({ ...group, records: await recordsOf(reader, group) })
      await execute(tx, sql`SET CONSTRAINTS ALL DEFERRED`)
      for (const each of work) await lockRows(tx, each)
      // The rows are locked: whoever wrote them before has ended, and nobody writes them now.
      const changed: RevertConflict[] = []
      for (const each of work) changed.push(...(await changedSince(reader, each)))
      if (changed.length > 0) throw conflict(changed)
      await inRounds(tx, work)
      const [own] = await query(
        tx,
        sql`SELECT pg_catalog.pg_current_xact_id()::text::bigint AS id, pg_catalog.now() AS started_at`,
      )
      return { id: own?.id as bigint, startedAt: own?.started_at as Date }
    },
    { timeout, ...options },
  )
}

/** Does what can be done, and tries the rest again after it. */
async function inRounds(tx: RawClient, work: readonly Work[]): Promise<void> {
  let open = work
  while (open.length > 0) {
    const failed: { work: Work; error: unknown }[] = []
    for (const each of open) {
      await execute(tx, sql`SAVEPOINT audit_revert`)
      const error = await writeRows(tx, each).then(
        () => undefined,
        (reason: unknown) => reason ?? new Error('unknown'),
      )
      if (error === undefined) {
        await execute(tx, sql`RELEASE SAVEPOINT audit_revert`)
        continue
      }
      await execute(tx, sql`ROLLBACK TO SAVEPOINT audit_revert`)
      if (!isForLater(error)) throw described(each, error)
      failed.push({ work: each, error })
    }
    const [first] = failed
    if (first !== undefined && failed.length === open.length) throw described(first.work, first.error)
    open = failed.map((each) => each.work)
  }
}

function isForLater(error: unknown): boolean {
  if (error instanceof AuditHistoryError)
    return error.conflicts.some(({ kind }) => kind === 'still referenced')
  return LATER.has(findSqlState(error) ?? '')
}

async function lockRows(tx: RawClient, { action, model, records }: Work): Promise<void> {
  if (action === 'insert') return
  await query(
    tx,
    sql`SELECT true AS locked FROM ${qualified(model.source)} AS t JOIN ${records.rows} AS r ON ${records.isRow}
ORDER BY ${records.key} FOR UPDATE OF t`,
  )
}

/** Rows of the plan whose newest version is not the one that was seen. */
async function changedSince(
  reader: Reader,
  { name, model, steps }: Work,
): Promise<readonly RevertConflict[]> {
  const history = qualified(model.audit)
  const ids = bind(`{${steps.map(({ seen }) => seen).join(',')}}`, 'bigint[]')
  const rows = await reader.ask(
    [model],
    sql`SELECT s."audit_id" AS seen FROM ${history} AS s
WHERE s."audit_id" = ANY (${ids}) AND EXISTS (
  SELECT FROM ${history} AS h WHERE ${sameKey(model, sql`h`, sql`s`)} AND h."audit_id" > s."audit_id"
)`,
  )
  const changed = new Set(rows.map(({ seen }) => String(seen)))
  return steps
    .filter(({ seen }) => changed.has(String(seen)))
    .map(({ key }) => ({
      model: name,
      key,
      kind: 'changed since',
      detail: 'Somebody wrote this row after the version that was seen.',
    }))
}
