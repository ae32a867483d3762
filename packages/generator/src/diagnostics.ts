import type { SourceFile, SourcePlace } from './model/place.ts'

export type Severity = 'error' | 'warning' | 'info'

/** One problem, said to a person: what is wrong, where, and what to do. */
export interface Diagnostic {
  readonly code: DiagnosticCode
  readonly severity: Severity
  readonly message: string
  readonly place?: SourcePlace
  readonly model?: string
  readonly field?: string
  readonly hint?: string
}

/** Stable codes; each has an entry in docs/diagnostics.md. */
export type DiagnosticCode = string

// To be completed: closed union of codes, renderDiagnostic(s) with a code frame.
export type { SourceFile }
