import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import { beginSealing } from '../sql/seal-chain.ts'
import {
  renderLastIds,
  renderTakeWatermarks,
  renderWatermarks,
  renderWritersWithoutId,
} from '../sql/seal-watermark.ts'
import type { AuditHome } from '../state/database-state.ts'
import { inTransaction, looking } from './database-client.ts'
import type { History } from './sealed-histories.ts'

export interface FinalIds {
  /** Up to which id each history may be sealed, by its OID. */
  readonly final: ReadonlyMap<string, bigint>
  /** Histories that may get rows by transactions that are under way. */
  readonly waiting: ReadonlySet<string>
}

interface Watermark {
  readonly oid: string
  readonly lastId: string
  readonly isFinal: boolean
  readonly isForeign: boolean
}

export interface WatermarkOptions {
  /** For how many milliseconds to wait for transactions that are under way. */
  readonly wait: number
  readonly signal: AbortSignal
}

/**
 * Finds up to which id each history is final: no transaction that is under way will add a row there. What an earlier run has
 * noted is final most often; what this one notes is so as soon as the transactions of now have ended.
 *
 * A watermark that is not final is kept until it is: noted anew by each run, it might never be.
 */
export async function findFinalIds(
  client: Client,
  home: AuditHome,
  histories: readonly History[],
  { wait, signal }: WatermarkOptions,
): Promise<FinalIds> {
  const before = await readWatermarks(client, home)
  const isWaitedFor = new Set(
    before.filter(({ isFinal, isForeign }) => !isFinal && !isForeign).map(({ oid }) => oid),
  )
  const isFree = ({ oid }: History) => !isWaitedFor.has(oid)
  const left = await takeWatermarks(client, home, histories.filter(isFree))
  const end = Date.now() + wait
  let now = await waitUntilFinal(client, home, end, signal)
  let found = [...before, ...now]
  const passed = new Set(
    now.filter(({ oid, isFinal }) => isFinal && isWaitedFor.has(oid)).map(({ oid }) => oid),
  )
  if (passed.size > 0 && Date.now() < end) {
    // There is time for what came after the earlier run's, too.
    left.push(
      ...(await takeWatermarks(
        client,
        home,
        histories.filter(({ oid }) => passed.has(oid)),
      )),
    )
    now = await waitUntilFinal(client, home, end, signal)
    found = [...found, ...now]
  }
  // The later ones last: an id that is final stays so.
  const final = found.filter(({ isFinal, isForeign }) => isFinal && !isForeign)
  return {
    final: new Map(final.map(({ oid, lastId }) => [oid, BigInt(lastId)] as const)),
    waiting: new Set([...left, ...now.filter(({ isFinal }) => !isFinal).map(({ oid }) => oid)]),
  }
}

/** The watermarks when all are final, or at the end of the time (milliseconds since the epoch). */
async function waitUntilFinal(
  client: Client,
  home: AuditHome,
  end: number,
  signal: AbortSignal,
): Promise<readonly Watermark[]> {
  let now = await readWatermarks(client, home)
  while (now.some(({ isFinal }) => !isFinal) && Date.now() < end && !signal.aborted) {
    await sleep(100, undefined, { signal }).catch(() => {})
    now = await readWatermarks(client, home)
  }
  return now
}

async function readWatermarks(client: Client, home: AuditHome): Promise<readonly Watermark[]> {
  const { rows } = await looking(client, () => client.query<Watermark>(renderWatermarks(home)))
  return rows
}

/** A transaction is without an id for an instant only: these are asked again, and left for the next run. */
async function takeWatermarks(
  client: Client,
  home: AuditHome,
  histories: readonly History[],
  attempts = 20,
): Promise<string[]> {
  const left = await inTransaction(client, beginSealing(home), async () => {
    const lastIds = await readLastIds(client, histories)
    const { rows } = await client.query<{ oid: string }>(renderWritersWithoutId())
    const isWritten = new Set(rows.map(({ oid }) => oid))
    const isKnown = histories.filter(({ oid }) => lastIds.has(oid) && !isWritten.has(oid))
    await client.query(renderTakeWatermarks(home), [
      isKnown.map(({ oid }) => oid),
      isKnown.map(({ oid }) => lastIds.get(oid)),
    ])
    return histories.filter(({ oid }) => isWritten.has(oid))
  })
  if (left.length === 0 || attempts === 1) return left.map(({ oid }) => oid)
  await sleep(50)
  return takeWatermarks(client, home, left, attempts - 1)
}

/** Nothing of one that has never had a row. */
async function readLastIds(
  client: Client,
  histories: readonly History[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ oid: string; last: string | null }>(renderLastIds(), [
    histories.map(({ oid }) => oid),
    histories.map(({ sequence }) => sequence),
  ])
  return new Map(rows.flatMap(({ oid, last }) => (last === null ? [] : [[oid, last] as const])))
}
