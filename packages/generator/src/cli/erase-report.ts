import { type LeftAside, NOTHING_LEFT } from '../erasure-targets.ts'
import { counted } from './seal-report.ts'

/** What `audit.erase` answers. */
export interface ErasureAnswer {
  /** What `--confirm` has to repeat. */
  readonly plan: string
  readonly rows: number
  /** Of the record in the database; null where nothing was erased. */
  readonly number: number | null
  readonly targets: readonly ErasureAnswerTarget[]
}

interface ErasureAnswerTarget {
  readonly history: string
  readonly columns: readonly string[]
  readonly paths: readonly { readonly column: string; readonly path: readonly string[] }[]
  readonly rows: number
  readonly oldest: string | null
  readonly newest: string | null
  readonly sealed: number
  readonly names: readonly string[]
  /** For each of `names`, in how many rows it has something to erase. */
  readonly filled: readonly number[]
}

/**
 * For people.
 *
 *     audit: "audit"."User_audit": 12 rows, from 2025-01-02 10:00:00+00 to 2026-03-04 10:15:00+00, 10 of them sealed
 *     audit:   email: 12 values
 *     audit:   profile, without address.street: 4 values
 *     audit: Nothing is erased yet. To erase it, ask for the same once more with --reason … --confirm 3f9a0c12d4e5f678
 */
export function renderErasure(
  answer: ErasureAnswer,
  isDone: boolean,
  left: LeftAside = NOTHING_LEFT,
): string {
  const lines = [...answer.targets.flatMap(targetLines), ...leftLines(left)]
  if (answer.rows === 0) lines.push('nothing is left to erase')
  else if (isDone) {
    lines.push(
      `erased, in one transaction; record ${answer.number}. What was written to WAL, backups, replicas, exports and logs before is there still: docs/erasure.md`,
    )
  } else {
    lines.push(
      `Nothing is erased yet. To erase it, ask for the same once more with --reason "…" --confirm ${answer.plan}`,
    )
  }
  return lines.map((line) => `audit: ${line}`).join('\n')
}

function targetLines({ history, rows, oldest, newest, sealed, names, filled, paths }: ErasureAnswerTarget) {
  const time = rows === 0 ? '' : `, from ${oldest} to ${newest}`
  const ofSeals = sealed === 0 ? '' : `, ${sealed.toLocaleString('en')} of them sealed`
  const each = names.map((name, at) => {
    const own = paths.filter(({ column }) => column === name).map(({ path }) => path.join('.'))
    const without = own.length === 0 ? '' : `, without ${own.join(', ')}`
    return `  ${name}${without}: ${counted(filled[at] ?? 0, 'value')}`
  })
  return [`${history}: ${counted(rows, 'row')}${time}${ofSeals}`, ...each]
}

function leftLines({ columns, histories }: LeftAside): readonly string[] {
  return [
    ...columns.map(
      ({ history, columns: names }) =>
        `not named, and left as they are: the columns ${names.join(', ')} of ${history}, which no field has any more`,
    ),
    ...(histories.length === 0
      ? []
      : [`not looked into, for no model says any more whose data they are: ${histories.join(', ')}`]),
  ]
}

/** The same for programs; its shape is documented in docs/erasure.md, and stays. */
export function renderErasureJson(
  { plan, rows, number, targets }: ErasureAnswer,
  isDone: boolean,
  left: LeftAside,
): string {
  const each = targets.map(({ names, filled, ...target }) => ({
    ...target,
    values: Object.fromEntries(names.map((name, at) => [name, filled[at] ?? 0])),
  }))
  return JSON.stringify({ version: 1, erased: isDone, plan, rows, number, targets: each, left }, undefined, 2)
}
