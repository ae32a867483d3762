import type { Failure } from './failure.ts'

/** What the history must hold of one operation. */
export interface Expectation {
  readonly operation: string
  readonly rows: number
  readonly outcome: 'committed' | Failure
}

/** What the history holds under one label. */
export interface Recorded {
  readonly label: string
  readonly count: number
  readonly wrong: number
  readonly transactions: number
}

/**
 * Compares what was recorded with what each operation has told its caller. Of an operation whose connection was lost
 * all rows may be there or none, never a part.
 *
 * @returns a sentence for each that is wrong
 */
export function faults(expected: ReadonlyMap<string, Expectation>, recorded: readonly Recorded[]): string[] {
  const found: string[] = []
  const seen = new Set<string>()
  for (const { label, count, wrong, transactions } of recorded) {
    seen.add(label)
    const expectation = expected.get(label)
    if (wrong > 0) found.push(`${label}: ${wrong} of ${count} rows have another name or reason`)
    if (transactions > 1) found.push(`${label}: its rows were committed by ${transactions} transactions`)
    if (expectation === undefined) found.push(`${label}: ${count} rows of an operation that had ended before`)
    else if (count !== dueWhenThere(expectation)) {
      found.push(`${label}: ${count} rows after ${expectation.operation}, ${expectation.outcome}`)
    }
  }
  for (const [label, { operation, rows, outcome }] of expected) {
    if (outcome === 'committed' && rows > 0 && !seen.has(label)) {
      found.push(`${label}: none of ${rows} rows after ${operation}, committed`)
    }
  }
  return found
}

function dueWhenThere({ rows, outcome }: Expectation): number {
  return outcome === 'committed' || outcome === 'lost' ? rows : 0
}
