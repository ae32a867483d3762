import type { Client } from 'pg'
import {
  type Anchor,
  CHAIN_BEGIN,
  type ChainEnd,
  chainAfter,
  checkAnchors,
  checkEnd,
  checkLink,
} from '../seal/check-chain.ts'
import { type Finding, withFinding } from '../seal/finding.ts'
import { renderNewestAnchor, renderSealedRows } from '../sql/seal-chain.ts'
import { qualified, sqlText } from '../sql/sql.ts'
import type { AuditHome } from '../state/database-state.ts'
import { readHistories } from './sealed-histories.ts'
import { readEpochs, readRanges, type SealedRange } from './sealed-ranges.ts'
import { countUnsealed, type Unsealed } from './unsealed-rows.ts'
import { askForLeaves, checkRange } from './verify-range.ts'

export interface VerifyOptions {
  /** Runs the work in a snapshot of its own, or in one that is there. */
  readonly inSnapshot: <T>(work: () => Promise<T>) => Promise<T>
  /** What was exported, and kept elsewhere. */
  readonly anchors: readonly Anchor[]
  /** Ends the run after the ranges that are under way. */
  readonly signal: AbortSignal
  readonly onProgress: (progress: { readonly rows: number; readonly total: number }) => void
}

/** What one history came to. */
export interface HistoryVerification {
  /** Its name of today; that of its seals where it is gone. */
  readonly history: string
  readonly ranges: number
  readonly rows: number
  /** Rows of which fields were erased, as the seals allow. */
  readonly erasedRows: number
  readonly prunedRanges: number
  readonly prunedRows: number
  readonly unsealed: Unsealed | undefined
}

export interface ExportedSeal {
  readonly number: bigint
  readonly destination: string
  readonly exportedAt: string
  /** As the database has them, in hex; null where the seal is gone. */
  readonly root: string | null
  readonly hash: string | null
}

export interface Verification {
  readonly histories: readonly HistoryVerification[]
  readonly findings: readonly Finding[]
  /** How many seals the chain has. */
  readonly seals: bigint
  /** Up to which seal the anchors reach. */
  readonly anchored: bigint | undefined
  /** The newest seal that the database says was exported. */
  readonly exported: ExportedSeal | undefined
  readonly isComplete: boolean
}

/** A snapshot is held for about a second. */
const BATCH = 40

/**
 * Compares the whole chain with the histories that it is of: each seal with the one before it, each root with the rows of its range.
 * Memory stays as it is, however long the chain.
 */
export async function verifySeals(
  client: Client,
  home: AuditHome,
  { inSnapshot, anchors, signal, onProgress }: VerifyOptions,
): Promise<Verification> {
  const anchored = byNumber(anchors)
  const { total, exported, epochs } = await inSnapshot(() => begin(client, home))
  let end: ChainEnd = CHAIN_BEGIN
  let findings: readonly Finding[] = []
  let rows = 0
  const histories = new Map<string, HistoryVerification>()
  const found = (finding: Finding | undefined) => {
    if (finding !== undefined) findings = withFinding(findings, finding)
  }
  onProgress({ rows, total })
  let isAll = false
  while (!isAll && !signal.aborted) {
    await inSnapshot(async () => {
      const ranges = await readRanges(client, home, epochs, end.number, BATCH)
      isAll = ranges.length < BATCH
      let asked = ask(client, home, ranges[0])
      for (const [at, range] of ranges.entries()) {
        const leaves = await asked
        // PostgreSQL reads the next range while the tree of this one is built.
        asked = ask(client, home, ranges[at + 1])
        for (const each of checkLink(end, range.seal, range.oid)) found(each)
        for (const each of checkAnchors(range.seal, anchored.get(range.seal.number) ?? new Set())) found(each)
        found(await checkRange(client, home, range, leaves))
        end = chainAfter(end, range.seal, range.oid)
        histories.set(range.oid, withRange(histories.get(range.oid), range))
        rows += range.seal.rowCount
      }
    })
    onProgress({ rows, total: Math.max(total, rows) })
  }
  const newest = newestOf([...anchored.keys(), ...(exported === undefined ? [] : [exported.number])])
  if (isAll) {
    for (const each of checkEnd(end, newest)) found(each)
    await inSnapshot(() => addUnsealed(client, home, histories, end))
  }
  return {
    histories: [...histories.values()],
    findings,
    seals: end.number,
    anchored: newestOf([...anchored.keys()]),
    exported,
    isComplete: isAll,
  }
}

async function begin(client: Client, home: AuditHome) {
  const { rows: sealed } = await client.query<{ rows: string }>(renderSealedRows(home))
  const { rows } = await client.query<Omit<ExportedSeal, 'number'> & { readonly number: string }>(
    renderNewestAnchor(home),
  )
  const [newest] = rows
  return {
    total: Number(sealed[0]?.rows ?? 0),
    epochs: await readEpochs(client, home),
    exported: newest === undefined ? undefined : { ...newest, number: BigInt(newest.number) },
  }
}

function ask(client: Client, home: AuditHome, range: SealedRange | undefined) {
  const asked = range === undefined ? undefined : askForLeaves(client, home, range)
  // Whoever waits for it gets to know; where the one before it fails nobody does.
  asked?.catch(() => {})
  return asked
}

function withRange(before: HistoryVerification | undefined, range: SealedRange): HistoryVerification {
  const { seal, history, erasedRows, pruned, prunedLeaves } = range
  const isPruned = pruned !== undefined
  return {
    history: history === undefined ? seal.historyName : sqlText(qualified(history)),
    ranges: (before?.ranges ?? 0) + (isPruned ? 0 : 1),
    rows: (before?.rows ?? 0) + (isPruned ? 0 : seal.rowCount - prunedLeaves.length),
    erasedRows: (before?.erasedRows ?? 0) + erasedRows,
    prunedRanges: (before?.prunedRanges ?? 0) + (isPruned ? 1 : 0),
    prunedRows: (before?.prunedRows ?? 0) + (isPruned ? seal.rowCount : prunedLeaves.length),
    unsealed: undefined,
  }
}

async function addUnsealed(
  client: Client,
  home: AuditHome,
  verified: Map<string, HistoryVerification>,
  { lastIds }: ChainEnd,
): Promise<void> {
  for (const history of await readHistories(client, home, true)) {
    const unsealed = await countUnsealed(client, history, lastIds.get(history.oid))
    const none = { ranges: 0, rows: 0, erasedRows: 0, prunedRanges: 0, prunedRows: 0 }
    const before = verified.get(history.oid) ?? none
    verified.set(history.oid, { ...before, history: sqlText(qualified(history)), unsealed })
  }
}

function byNumber(anchors: readonly Anchor[]): ReadonlyMap<bigint, ReadonlySet<string>> {
  const all = new Map<bigint, Set<string>>()
  for (const { number, hash } of anchors) all.set(number, (all.get(number) ?? new Set()).add(hash))
  return all
}

function newestOf(numbers: readonly bigint[]): bigint | undefined {
  return numbers.reduce<bigint | undefined>(
    (newest, each) => (newest === undefined || each > newest ? each : newest),
    undefined,
  )
}
