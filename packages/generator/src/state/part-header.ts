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
}

export interface HeaderProblem {
  readonly line: number
  readonly message: string
}

const FIRST_LINE = /^-- prisma-generator-audit (\S+)(?: from=([0-9a-f]{16}))?(?: text=([0-9a-f]{16}))?\s*$/
const STEP_LINE = /^-- (\{.*\})\s*$/

/**
 * An audit part: the comment lines that open it, and its SQL. JSON escapes line ends, so no name can end its
 * comment. `from` is the hash of the state that it starts from, `text` that of everything below the line.
 *
 *     -- prisma-generator-audit v1 from=0123456789abcdef text=fedcba9876543210
 *     -- {"kind":"addColumn","source":{"schema":"public","name":"Order"},…}
 *
 *     SET LOCAL lock_timeout = '5000ms';
 */
export function renderPart(from: string, steps: readonly MigrationStep[], sql = ''): string {
  const text = `${steps.map((step) => `-- ${renderStep(step)}\n`).join('')}\n${sql}`
  return `-- prisma-generator-audit v1 from=${from} text=${partHash(text)}\n${text}`
}

function partHash(text: string): string {
  return textHash(text.replaceAll('\r', '').trimEnd())
}

/** Every audit part of a file, in order. Text that is no header is skipped. Line ends may be CRLF. */
export function parseHeaders(text: string): {
  readonly parts: readonly AuditPart[]
  readonly problems: readonly HeaderProblem[]
} {
  const parts: AuditPart[] = []
  const problems: HeaderProblem[] = []
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index += 1) {
    const head = FIRST_LINE.exec(lines[index] ?? '')
    if (head === null) continue
    const line = index + 1
    const [, version, from, hash] = head
    if (version !== 'v1' || from === undefined) {
      problems.push({
        line,
        message: `this version of prisma-generator-audit reads headers "v1 from=<hash>", not "${lines[index]?.trim()}"`,
      })
      continue
    }
    const steps: MigrationStep[] = []
    for (
      let match = STEP_LINE.exec(lines[index + 1] ?? '');
      match !== null;
      match = STEP_LINE.exec(lines[index + 1] ?? '')
    ) {
      index += 1
      const step = parseStep(match[1] ?? '')
      if (typeof step === 'string') problems.push({ line: index + 1, message: step })
      else steps.push(step)
    }
    const end = lines.findIndex((each, at) => at >= line && FIRST_LINE.test(each))
    const own = lines.slice(line, end === -1 ? undefined : end).join('\n')
    parts.push({ from, steps, line, isIntact: hash === partHash(own) })
  }
  return { parts, problems }
}
