import { randomBytes } from 'node:crypto'
import type { Client } from 'pg'
import { SALT_BYTES, SEAL_FORMAT, type SealContent } from '../model/seal.ts'
import { merkleRoot } from '../seal/merkle-root.ts'
import { NO_SEAL, sealHash } from '../seal/seal-hash.ts'
import { beginSealing, renderInsertSeal, renderTip } from '../sql/seal-chain.ts'
import { renderPage } from '../sql/seal-page.ts'
import { qualified, sqlText } from '../sql/sql.ts'
import type { AuditHome } from '../state/database-state.ts'
import { inTransaction } from './database-client.ts'
import { type History, isBlankPadded } from './sealed-histories.ts'

/** A change is found with its range: fewer rows say better where, more cost less. */
export const PAGE_ROWS = 1000

export interface SealOptions {
  /** How many rows a range has at most. */
  readonly size: number
  /** Ends the run after the range that is under way. */
  readonly signal: AbortSignal
  readonly onProgress: (progress: SealProgress) => void
}

export interface SealProgress {
  readonly ranges: number
  readonly rows: number
  /** The id that is reached, and the one that will be. */
  readonly lastId: bigint
  readonly upTo: bigint
}

/**
 * Seals one history up to an id, a transaction for each range: what an interruption leaves are whole seals. The ids of a range follow
 * those of the one before without a gap, whether rows have them or not, so that no row can take its place in one later.
 *
 * @param upTo an id up to which the history is final
 */
export async function sealHistory(
  client: Client,
  home: AuditHome,
  history: History,
  upTo: bigint,
  { size, signal, onProgress }: SealOptions,
): Promise<SealProgress> {
  const page = renderPage({
    history,
    fields: history.columns.map((column) => ({ name: column.name, isBlankPadded: isBlankPadded(column) })),
    later: [],
  })
  let progress: SealProgress = { ranges: 0, rows: 0, lastId: -1n, upTo }
  while (!signal.aborted) {
    const content = await inTransaction(client, beginSealing(home), () =>
      sealPage(client, home, history, page, upTo, size),
    )
    if (content === undefined) break
    const { rowCount, lastId } = content
    progress = { ranges: progress.ranges + 1, rows: progress.rows + rowCount, lastId, upTo }
    onProgress(progress)
    if (lastId >= upTo) break
  }
  return progress
}

interface Tip {
  readonly number: string | null
  readonly hash: Uint8Array | null
  readonly lastId: string | null
  readonly now: string
}

/** @returns undefined where all is sealed */
async function sealPage(
  client: Client,
  home: AuditHome,
  history: History,
  page: string,
  upTo: bigint,
  size: number,
): Promise<SealContent | undefined> {
  const { rows: tips } = await client.query<Tip>(renderTip(home), [history.oid])
  const [tip] = tips
  const firstId = BigInt(tip?.lastId ?? -1) + 1n
  if (tip === undefined || firstId > upTo) return undefined
  const salts = randomBytes((size + 1) * SALT_BYTES)
  const { rows } = await client.query<{ id: string; leaf: Uint8Array }>(page, [
    firstId,
    upTo,
    salts,
    size + 1,
  ])
  // The range ends before the first row of the next one.
  const next = rows[size]
  const lastId = next === undefined ? upTo : placeOf(next.id) - 1n
  const own = rows.filter(({ id }) => placeOf(id) <= lastId)
  const content: SealContent = {
    format: SEAL_FORMAT,
    number: BigInt(tip.number ?? 0) + 1n,
    historyName: sqlText(qualified(history)),
    historyOid: history.oid,
    firstId,
    lastId,
    rowCount: own.length,
    columns: history.columns,
    sealedAt: tip.now,
    root: merkleRoot(own.map(({ leaf }) => leaf)),
    previous: tip.hash ?? NO_SEAL,
  }
  await client.query(renderInsertSeal(home), [
    content.number,
    content.format,
    content.historyName,
    content.historyOid,
    content.firstId,
    content.lastId,
    content.rowCount,
    JSON.stringify(content.columns),
    content.sealedAt,
    content.root,
    content.previous,
    sealHash(content),
    salts.subarray(0, own.length * SALT_BYTES),
  ])
  return content
}

/** A baseline's row stands by its number without the sign. */
function placeOf(id: string): bigint {
  const number = BigInt(id)
  return number < 0n ? -number : number
}
