/** What can be wrong with what is sealed. */
export type FindingKind =
  /** Rows of a range are other ones than were sealed, as many as there were. */
  | 'rows-changed'
  /** A range has fewer rows than were sealed. */
  | 'rows-removed'
  /** A range has more rows than were sealed. */
  | 'rows-inserted'
  /** The table of the history, or a column of it, is gone. */
  | 'history-missing'
  /** A seal is not what its hash says. */
  | 'seal-changed'
  /** Seals are missing, between others or at the end. */
  | 'seals-removed'
  /** A seal does not follow the one before it. */
  | 'chain-broken'
  /** A seal has another hash than was exported. */
  | 'anchor-mismatch'
  /** A seal was made by a newer version of this program. */
  | 'format-unknown'

/** One of them, with the range; ranges of one kind that lie side by side are one. */
export interface Finding {
  readonly kind: FindingKind
  /** As the history was called when it was sealed; absent where only the chain is concerned. */
  readonly history?: string
  readonly firstId?: bigint
  readonly lastId?: bigint
  readonly firstSeal: bigint
  readonly lastSeal: bigint
  /** When the last of the ranges was sealed. */
  readonly sealedAt?: string
  /** How many rows more or fewer there are. */
  readonly rows?: number
}

/** Not where this version only does not know. */
export function isTampering({ kind }: Finding): boolean {
  return kind !== 'format-unknown'
}

/** The findings with one more. */
export function withFinding(findings: readonly Finding[], next: Finding): readonly Finding[] {
  const at = findings.findLastIndex(({ kind, history }) => kind === next.kind && history === next.history)
  const before = findings[at]
  if (before === undefined || !isAdjacent(before, next)) return [...findings, next]
  const merged: Finding = {
    ...before,
    ...(next.lastId === undefined ? {} : { lastId: next.lastId }),
    lastSeal: next.lastSeal,
    ...(next.sealedAt === undefined ? {} : { sealedAt: next.sealedAt }),
    ...(before.rows === undefined || next.rows === undefined ? {} : { rows: before.rows + next.rows }),
  }
  return findings.with(at, merged)
}

function isAdjacent(before: Finding, next: Finding): boolean {
  if (before.lastId === undefined || next.firstId === undefined)
    return before.lastSeal + 1n === next.firstSeal
  return before.lastId + 1n === next.firstId
}
