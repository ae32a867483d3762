/**
 * What went wrong with a question to the history, or with taking something back:
 * - `INVALID_ARGUMENT` the question cannot be asked like this
 * - `NO_RIGHT` the role may not read the history
 * - `NOT_INSTALLED` the database lacks what the generated module knows
 * - `ROW_SECURITY` the table has row level security and its history would show every tenant's rows
 * - `NOT_FOUND` the row, version or transaction is not in the history
 * - `CONFLICT` a revert found the row changed since, or cannot put it back; `conflicts` says what
 */
export type AuditHistoryErrorCode =
  | 'INVALID_ARGUMENT'
  | 'NO_RIGHT'
  | 'NOT_INSTALLED'
  | 'ROW_SECURITY'
  | 'NOT_FOUND'
  | 'CONFLICT'

/** Why one row cannot be put back. */
export interface RevertConflict {
  readonly model: string
  readonly key: { readonly [column: string]: unknown }
  /**
   * - `changed since` somebody wrote the row after the version that was seen
   * - `gone` there is no such row to change; `there` there is one already
   * - `unknown before` the history does not hold what the row was before
   * - `still referenced` rows that are no part of the plan point to it
   * - `not recorded` a required column is redacted, hashed or left out, so that the row cannot be made again
   */
  readonly kind: 'changed since' | 'gone' | 'there' | 'unknown before' | 'still referenced' | 'not recorded'
  readonly detail: string
}

export interface AuditHistoryErrorDetails {
  readonly hint?: string | undefined
  readonly cause?: unknown
  readonly conflicts?: readonly RevertConflict[] | undefined
}

/** The one error of `prisma-extension-audit/history`. */
export class AuditHistoryError extends Error {
  readonly code: AuditHistoryErrorCode
  readonly hint?: string
  readonly conflicts: readonly RevertConflict[]

  constructor(code: AuditHistoryErrorCode, message: string, details: AuditHistoryErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'AuditHistoryError'
    this.code = code
    this.conflicts = details.conflicts ?? []
    if (details.hint !== undefined) this.hint = details.hint
  }
}
