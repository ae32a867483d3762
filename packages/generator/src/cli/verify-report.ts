import { type Finding, type FindingKind, isTampering } from '../seal/finding.ts'
import { counted } from './seal-report.ts'
import type { ExportedSeal, HistoryVerification, Verification } from './verify-seals.ts'

/**
 * For people.
 *
 *     audit: "audit"."Order_audit": 1,532 rows in 2 ranges are as they were sealed; 3 rows since 2026-03-04 10:15:00+00 are not sealed yet
 *     audit: internally consistent, not anchored: …
 */
export function renderVerify(verification: Verification): string {
  const { histories, findings, isComplete } = verification
  const lines = [...histories.map(historyLine), ...findings.map(findingLine)]
  if (!isComplete) lines.push('It was ended before all was compared. What is said here is of what was.')
  lines.push(conclusion(verification))
  return lines.map((line) => `audit: ${line}`).join('\n')
}

function historyLine({
  history,
  ranges,
  rows,
  erasedRows,
  prunedRanges,
  prunedRows,
  unsealed,
}: HistoryVerification): string {
  const parts = [`${counted(rows, 'row')} in ${counted(ranges, 'range')} compared`]
  if (erasedRows > 0) parts.push(`fields of ${counted(erasedRows, 'row')} are erased, their commitments kept`)
  if (prunedRanges > 0) {
    parts.push(
      `${counted(prunedRows, 'row')} in ${counted(prunedRanges, 'range')} are pruned, their roots kept`,
    )
  }
  if (unsealed !== undefined && unsealed.rows > 0) {
    parts.push(`${counted(unsealed.rows, 'row')} since ${unsealed.since} not sealed yet`)
  }
  return `${history}: ${parts.join('; ')}`
}

const SAYS: Readonly<Record<FindingKind, string>> = {
  'rows-changed': 'rows were changed',
  'rows-removed': 'rows were removed',
  'rows-inserted': 'rows were inserted',
  'history-missing': 'the table, or a column that was sealed, is gone',
  'seal-changed': 'the seal itself was changed',
  'seals-removed': 'seals were removed',
  'chain-broken': 'the seal does not follow the one before it',
  'anchor-mismatch': 'the seal is not the one that was exported',
  'format-unknown': 'sealed by a newer version of this program, which is needed to verify it',
}

/** `"audit"."Order_audit": rows were changed: ids 1001–2000, sealed 2026-03-04 10:15:00+00 (seal 2)` */
function findingLine(finding: Finding): string {
  const { kind, history, firstId, lastId, firstSeal, lastSeal, sealedAt, rows } = finding
  const where = history === undefined ? 'seals' : history
  const ids = firstId === undefined ? '' : `: ids ${firstId}–${lastId}`
  const number = firstSeal === lastSeal ? `seal ${firstSeal}` : `seals ${firstSeal}–${lastSeal}`
  const count = rows === undefined ? '' : ` (at least ${rows})`
  return `${where}: ${SAYS[kind]}${count}${ids}, ${number}${sealedAt === undefined ? '' : `, sealed ${sealedAt}`}`
}

function conclusion({ findings, anchored, exported, seals, isComplete }: Verification): string {
  if (findings.length > 0 && !findings.some(isTampering)) return 'not all could be compared'
  if (findings.length > 0) return `THE HISTORY IS NOT WHAT WAS SEALED: ${counted(findings.length, 'finding')}`
  const soFar = isComplete ? '' : 'so far '
  if (anchored !== undefined) {
    const rest = seals > anchored ? `; seals ${anchored + 1n}–${seals} are newer than the last anchor` : ''
    return `${soFar}consistent, and anchored up to seal ${anchored}${rest}`
  }
  const newest =
    exported === undefined
      ? 'no seal was ever exported: seal --export FILE'
      : `the newest that was exported is ${sealOf(exported)}, to ${exported.destination} at ${exported.exportedAt}: verify --anchor FILE`
  return `${soFar}internally consistent, not anchored (${newest}). Whoever can write seals can make the whole chain anew, or cut off its end.`
}

/** So much of a root tells it from all others at a glance. */
const SHOWN_DIGITS = 16

function sealOf({ number, root }: ExportedSeal): string {
  return root === null ? `seal ${number}` : `seal ${number} with the root ${root.slice(0, SHOWN_DIGITS)}…`
}

/** The same for programs; its shape is documented in docs/seals.md, and stays. */
export function renderVerifyJson(verification: Verification): string {
  const { histories, findings, seals, anchored, exported, isComplete } = verification
  const intact = findings.length === 0
  return JSON.stringify(
    {
      version: 1,
      intact,
      complete: isComplete,
      seals,
      anchored: anchored ?? null,
      exported,
      histories,
      findings,
    },
    (_, value) => (typeof value === 'bigint' ? String(value) : value),
    2,
  )
}
