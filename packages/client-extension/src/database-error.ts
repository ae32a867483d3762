import { AuditContextError, type AuditErrorCode } from './errors.ts'

/** What PostgreSQL reported, from whichever error object carries it. */
interface DatabaseReport {
  readonly sqlState: AuditErrorCode
  readonly message: string
  readonly hint: string | undefined
}

const auditStates: ReadonlySet<unknown> = new Set<AuditErrorCode>(['AU001', 'AU002', 'AU003', 'AU004'])
/** The last one in the message: before it stands the table, whose schema may be called `audit`. */
const settingName = /\baudit\.([A-Za-z][A-Za-z0-9_]*)(?!.*\baudit\.)/s

/**
 * Turns a refusal by the audit's own SQL into an `AuditContextError`, its cause kept.
 * Every other error comes back as it is, so that nobody's error handling changes.
 *
 * Seen with @prisma/client 7.10 and adapter-pg: P2039 for model operations and P2010 for raw ones,
 * both with the report in `meta.driverAdapterError.cause`; a bare `DriverAdapterError` has it in `cause`;
 * an error of `pg` is the report itself.
 */
export function toAuditContextError(error: unknown): unknown {
  if (error instanceof AuditContextError) return error
  const report = findReport(error)
  if (report === undefined) return error
  return new AuditContextError(report.sqlState, report.message, {
    setting: report.sqlState === 'AU001' ? settingName.exec(report.message)?.[1] : undefined,
    hint: report.hint,
    cause: error,
  })
}

/** The outcome of a call, with `toAuditContextError` applied to its error. */
export async function reported(outcome: PromiseLike<unknown>): Promise<unknown> {
  try {
    return await outcome
  } catch (error) {
    throw toAuditContextError(error)
  }
}

function findReport(error: unknown): DatabaseReport | undefined {
  const wrapped = property(property(error, 'meta'), 'driverAdapterError')
  for (const candidate of [property(wrapped, 'cause'), property(error, 'cause'), error]) {
    const sqlState = property(candidate, 'originalCode') ?? property(candidate, 'code')
    if (!isAuditState(sqlState)) continue
    const message = property(candidate, 'originalMessage') ?? property(candidate, 'message')
    const hint = property(candidate, 'hint')
    return { sqlState, message: String(message), hint: typeof hint === 'string' ? hint : undefined }
  }
  return undefined
}

function isAuditState(value: unknown): value is AuditErrorCode {
  return auditStates.has(value)
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
