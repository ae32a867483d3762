import type { AnchorLine } from './anchor-file.ts'
import type { SealedHistory } from './seal-histories.ts'

/** What a run of `seal` has done. */
export interface SealResult {
  readonly histories: readonly SealedHistory[]
  readonly exported: AnchorLine | undefined
  readonly destination: string | undefined
  readonly isComplete: boolean
}

/**
 * For people.
 *
 *     audit: "audit"."Order_audit": 1,532 rows sealed in 2 ranges
 *     audit: seal 12 exported to anchors.jsonl
 */
export function renderSeal({ histories, exported, destination, isComplete }: SealResult): string {
  const lines = histories.flatMap(({ history, ranges, rows, problem, isWaiting }) => {
    if (problem !== undefined) return [`${history} is not sealed: ${problem}`]
    const waiting = isWaiting
      ? `${history}: newer rows wait for transactions that are still open; the next run seals them`
      : undefined
    const sealed = `${history}: ${counted(rows, 'row')} sealed in ${counted(ranges, 'range')}`
    return [...(ranges > 0 ? [sealed] : []), ...(waiting === undefined ? [] : [waiting])]
  })
  if (histories.every(({ ranges }) => ranges === 0)) lines.unshift('nothing new to seal')
  if (exported !== undefined && destination !== '-') {
    lines.push(`seal ${exported.number} is in ${destination}: keep it where nobody of the database can write`)
  }
  if (!isComplete)
    lines.push('It was ended before all was sealed. What is sealed stays: run it again to go on.')
  return lines.map((line) => `audit: ${line}`).join('\n')
}

/** The same for programs; its shape is documented in docs/seals.md, and stays. */
export function renderSealJson({ histories, exported, isComplete }: SealResult): string {
  const each = histories.map(({ history, ranges, rows, isWaiting, problem }) => ({
    history,
    ranges,
    rows,
    waiting: isWaiting,
    problem,
  }))
  return JSON.stringify({ version: 1, complete: isComplete, histories: each, exported }, undefined, 2)
}

export function counted(count: number | bigint, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 || count === 1n ? '' : 's'}`
}
