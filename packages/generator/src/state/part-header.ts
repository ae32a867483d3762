import { withoutAdded } from './added-statements.ts'
import type { MigrationStep } from './migration-step.ts'
import { parseStep } from './parse-step.ts'
import { textHash } from './state-hash.ts'
import { renderStep } from './step-text.ts'

/** An audit part of a migration file: the hash of the state it starts from, and the steps it takes. */
export interface AuditPart {
  readonly from: string
  readonly steps: readonly MigrationStep[]
  /** The line of the file, from 1, on which the part begins. */
  readonly line: number
  /** The part still has the text that the generator gave it; line ends and white space at its end do not count. */
  readonly isIntact: boolean
  /** The statements above it were edited after it had been made for them; missing where they were not. */
  readonly isAboveEdited?: true
}

export interface HeaderProblem {
  readonly line: number
  readonly message: string
}

const FIRST_LINE =
  /^-- prisma-generator-audit (\S+)(?: from=([0-9a-f]{16}))?(?: text=([0-9a-f]{16}))?(?: above=([0-9a-f]{16}))?\s*$/
const STEP_LINE = /^-- (\{.*\})\s*$/

/**
 * An audit part: the comment lines that open it, and its SQL. JSON escapes line ends, so no name can end its
 * comment. `from` is the hash of the state that it starts from, `text` that of everything below the line. A part
 * that was made for the statements above it, in a draft of Prisma's, has their hash too: ` above=…`.
 *
 *     -- prisma-generator-audit v1 from=0123456789abcdef text=fedcba9876543210
 *     -- {"kind":"addColumn","source":{"schema":"public","name":"Order"},…}
 *
 *     SET LOCAL lock_timeout = '5000ms';
 */
export function renderPart(
  from: string,
  steps: readonly MigrationStep[],
  sql = '',
  above?: string | undefined,
): string {
  const text = `${steps.map((step) => `-- ${renderStep(step)}\n`).join('')}\n${sql}`
  const fits = above === undefined ? '' : ` above=${aboveHash(above)}`
  return `-- prisma-generator-audit v1 from=${from} text=${partHash(text)}${fits}\n${text}`
}

function partHash(text: string): string {
  return textHash(text.replaceAll('\r', '').trimEnd())
}

/** White space does not count: what is added among the statements may part two that shared a line. */
function aboveHash(text: string): string {
  return textHash(withoutAdded(text).replaceAll(/\s+/g, ''))
}

interface Headers {
  readonly parts: readonly AuditPart[]
  readonly problems: readonly HeaderProblem[]
}

/** A part may be megabytes long, and a run asks for the same ones several times. */
const known = new Map<string, Headers>()

/** Every audit part of a file, in order. Text that is no header is skipped. Line ends may be CRLF. */
export function parseHeaders(text: string): Headers {
  const found = known.get(text)
  if (found !== undefined) return found
  if (known.size === 2000) known.clear()
  const headers = readHeaders(text)
  known.set(text, headers)
  return headers
}

function readHeaders(text: string): Headers {
  const heads = [...text.matchAll(/(?<=^|\n)-- prisma-generator-audit v\d[^\n]*/g)]
  const parts: AuditPart[] = []
  const problems: HeaderProblem[] = []
  let line = 1
  let counted = 0
  for (const [index, { 0: written, index: start }] of heads.entries()) {
    line += countLines(text.slice(counted, start))
    counted = start
    const head = FIRST_LINE.exec(written)
    const [, version, from, hash, above] = head ?? []
    if (version !== 'v1' || from === undefined) {
      problems.push({
        line,
        message: `this version of prisma-generator-audit reads headers "v1 from=<hash>", not "${written.trim()}"`,
      })
      continue
    }
    const own = text.slice(start + written.length + 1, heads[index + 1]?.index)
    const { steps, unreadable } = readSteps(own, line + 1)
    problems.push(...unreadable)
    const isFitting = above === undefined || above === aboveHash(text.slice(0, start))
    const edited = isFitting ? {} : { isAboveEdited: true as const }
    parts.push({ from, steps, line, isIntact: hash === partHash(own), ...edited })
  }
  return { parts, problems }
}

/** The step lines at the top of a part's text, the first of which is line `first` of the file. */
function readSteps(
  own: string,
  first: number,
): { readonly steps: readonly MigrationStep[]; readonly unreadable: readonly HeaderProblem[] } {
  const steps: MigrationStep[] = []
  const unreadable: HeaderProblem[] = []
  for (let start = 0, line = first; ; line += 1) {
    const end = own.indexOf('\n', start)
    const match = STEP_LINE.exec(own.slice(start, end === -1 ? undefined : end))
    if (match === null) return { steps, unreadable }
    const step = parseStep(match[1] ?? '')
    if (typeof step === 'string') unreadable.push({ line, message: step })
    else steps.push(step)
    if (end === -1) return { steps, unreadable }
    start = end + 1
  }
}

function countLines(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1
  return count
}
