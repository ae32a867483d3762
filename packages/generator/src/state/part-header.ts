import type { MigrationStep } from './migration-step.ts'
import { parseStep } from './parse-step.ts'
import { renderStep } from './step-text.ts'

/** An audit part of a migration file: the hash of the state it starts from, and the steps it takes. */
export interface AuditPart {
  readonly from: string
  readonly steps: readonly MigrationStep[]
  /** The line of the file, from 1, on which the part begins. */
  readonly line: number
}

export interface HeaderProblem {
  readonly line: number
  readonly message: string
}

const FIRST_LINE = /^-- prisma-generator-audit (\S+)(?: from=([0-9a-f]{16}))?\s*$/
const STEP_LINE = /^-- (\{.*\})\s*$/

/**
 * The comment lines that open an audit part. JSON escapes line ends, so no name can end its comment.
 *
 *     -- prisma-generator-audit v1 from=0123456789abcdef
 *     -- {"kind":"addColumn","source":{"schema":"public","name":"Order"},…}
 */
export function renderHeader(from: string, steps: readonly MigrationStep[]): string {
  const lines = steps.map((step) => `-- ${renderStep(step)}\n`)
  return `-- prisma-generator-audit v1 from=${from}\n${lines.join('')}`
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
    const [, version, from] = head
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
    parts.push({ from, steps, line })
  }
  return { parts, problems }
}
