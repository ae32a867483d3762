import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { hasOtherKeys, otherKeys } from '../sql/baseline.ts'
import { beginBaseline, renderBaselineBatch } from '../sql/baseline-batch.ts'
import { sourceRows, triggersThere } from '../sql/baseline-source.ts'
import { type KeyOrder, keyOrder } from '../sql/key-order.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { inTransaction } from './database-client.ts'

export interface BatchOptions {
  /** How many rows of the table a batch reads. */
  readonly size: number
  /** Milliseconds between two batches. */
  readonly pause: number
  /** Ends the run after the batch that is under way; what is written stays. */
  readonly signal: AbortSignal
  /** Called once before the first batch, with how many rows there are, about, and after each; the next one waits for it. */
  readonly onProgress: (progress: BaselineProgress) => void | Promise<void>
}

export interface BaselineProgress {
  /** As PostgreSQL's statistics have it, or counted where there are none. */
  readonly total: number
  readonly read: number
  readonly written: number
  /** The whole table has been read: nothing is left to do. */
  readonly isComplete: boolean
}

/** Why no baseline can be written. */
export class BaselineRefusedError extends Error {
  override readonly name = 'BaselineRefusedError'
}

/**
 * Writes the baseline of one audited table, a transaction for each batch of its rows, in the order of its key. Rows that have
 * history are passed over, so that a run that was ended goes on where it was.
 *
 * @throws BaselineRefusedError where the table is not captured, or its history has another key
 * @throws Error of `pg` where PostgreSQL refuses a batch: those before it are written
 */
export async function writeBaseline(
  client: Client,
  table: AuditTableObject,
  { size, pause, signal, onProgress }: BatchOptions,
): Promise<BaselineProgress> {
  const begin = beginBaseline(table)
  const { total, order } = await inTransaction(client, begin, async () => {
    await refuseUnlessCaptured(client, table)
    return { total: await countRows(client, table), order: await readKeyOrder(client, table) }
  })
  let progress: BaselineProgress = { total, read: 0, written: 0, isComplete: false }
  await onProgress(progress)
  for (let last: readonly string[] = []; !progress.isComplete && !signal.aborted; ) {
    const batch = renderBaselineBatch(table, size, last.length === 0 ? undefined : order)
    const { rows } = await inTransaction(client, begin, () =>
      client.query<{ read: number; written: number; last: string[] | null }>(batch, [...last]),
    )
    const [page = { read: 0, written: 0, last: null }] = rows
    const read = progress.read + page.read
    const isComplete = page.read < size
    const written = progress.written + page.written
    progress = { total: Math.max(progress.total, read), read, written, isComplete }
    await onProgress(progress)
    last = page.last ?? []
    if (pause > 0 && !isComplete) await sleep(pause, undefined, { signal }).catch(() => {})
  }
  return progress
}

async function refuseUnlessCaptured(client: Client, table: AuditTableObject): Promise<void> {
  const name = `${table.source.schema}.${table.source.name}`
  const { rows } = await client.query<{ missing: string[] }>(triggersThere(table))
  const missing = rows[0]?.missing ?? []
  if (missing.length > 0) {
    throw new BaselineRefusedError(
      `${name} is not captured in this database, so rows may change unseen meanwhile: ${missing.join(', ')} missing or disabled.\nApply the migrations first: npx prisma migrate deploy`,
    )
  }
  const { rows: other } = await client.query<{ found: boolean }>(hasOtherKeys(table))
  if (other[0]?.found) throw new BaselineRefusedError(otherKeys(table))
}

async function readKeyOrder(client: Client, table: AuditTableObject): Promise<KeyOrder> {
  const { rows } = await client.query<{ own: KeyOrder[number] }>(keyOrder(table))
  return rows.map(({ own }) => own)
}

async function countRows(client: Client, table: AuditTableObject): Promise<number> {
  const { estimate, count } = sourceRows(table)
  const { rows: estimated } = await client.query<{ rows: number | null }>(estimate)
  if (estimated[0]?.rows != null) return estimated[0].rows
  const { rows: counted } = await client.query<{ rows: number }>(count)
  return counted[0]?.rows ?? 0
}
