/**
 * What went wrong. `AU…` are the SQLSTATEs that the audit's own SQL raises:
 * - `AU001` a required setting is missing
 * - `AU002` the history is append-only
 * - `AU003` TRUNCATE cannot prove that it sees every row
 * - `AU004` capture may not be waived
 *
 * The others are found on the client, before any SQL is sent, except `TRANSACTION_ABORTED`
 * (`withAuditContext` found that its transaction could not be committed) and `NOT_A_TEST_DATABASE`, which only
 * `prisma-extension-audit/testing` throws, and `NOT_INSTALLED`, which `assertAuditInstalled` does.
 */
export type AuditErrorCode =
  | 'AU001'
  | 'AU002'
  | 'AU003'
  | 'AU004'
  | 'INVALID_CONTEXT'
  | 'INVALID_SETTING'
  | 'INVALID_VALUE'
  | 'UNKNOWN_SETTING'
  | 'UNSUPPORTED_CLIENT'
  | 'UNSUPPORTED_DRIVER'
  | 'TRANSACTION_ABORTED'
  | 'NOT_A_TEST_DATABASE'
  | 'NOT_INSTALLED'

export interface AuditErrorDetails {
  /** The session setting concerned, without the `audit.` prefix. */
  readonly setting?: string | undefined
  /** What to do about it. */
  readonly hint?: string | undefined
  /** The error as Prisma or pg threw it. */
  readonly cause?: unknown
}

/** The one error of this package: the audit refused a write, or the context given to it cannot be used. */
export class AuditContextError extends Error {
  readonly code: AuditErrorCode
  readonly setting?: string
  readonly hint?: string

  constructor(code: AuditErrorCode, message: string, details: AuditErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'AuditContextError'
    this.code = code
    if (details.setting !== undefined) this.setting = details.setting
    if (details.hint !== undefined) this.hint = details.hint
  }
}
