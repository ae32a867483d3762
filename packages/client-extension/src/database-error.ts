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

/** What `PrismaNeonHttp` of @prisma/adapter-neon says when a transaction is to begin; nothing was sent. */
const noTransactions = /^Transactions are not supported\b/

/**
 * Turns a refusal by the audit's own SQL into an `AuditContextError`, its cause kept, and so that of a driver which
 * has no transactions. Every other error comes back as it is, so that nobody's error handling changes.
 *
 * Seen with @prisma/client 7.10 and adapter-pg: P2039 for model operations and P2010 for raw ones,
 * both with the report in `meta.driverAdapterError.cause`; a bare `DriverAdapterError` has it in `cause`;
 * an error of `pg` is the report itself. With adapter-ppg 7.10 the SQLSTATE is the code of Prisma's error, and the
 * database's hint is lost.
 */
export function toAuditContextError(error: unknown): unknown {
  if (error instanceof AuditContextError) return error
  const report = findReport(error)
  if (report === undefined) return noTransactions.test(messageOf(error)) ? unfitDriver(error) : error
  const setting = report.sqlState === 'AU001' ? settingName.exec(report.message)?.[1] : undefined
  return new AuditContextError(report.sqlState, report.message, {
    setting,
    hint: report.hint ?? (setting && `Extend the Prisma Client with auditContext({ ${setting}: ... }).`),
    cause: error,
  })
}

/** The outcome of a call, with `toAuditContextError` applied to its error. */
export function reported(outcome: Promise<unknown>): Promise<unknown>
export function reported(outcome: PromiseLike<unknown>): PromiseLike<unknown>
export function reported(outcome: PromiseLike<unknown>): PromiseLike<unknown> {
  return outcome.then(undefined, rethrow)
}

/** @throws what `toAuditContextError` makes of the error */
export function rethrow(error: unknown): never {
  throw toAuditContextError(error)
}

/** The SQLSTATE of an error that a raw call of Prisma's threw. */
export function findSqlState(error: unknown): string | undefined {
  return reports(error)
    .map(sqlStateOf)
    .find(
      (state): state is string =>
        typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state) && !isPrismaCode(state),
    )
}

/** Prisma's own codes are as long as PostgreSQL's. */
function isPrismaCode(code: string): boolean {
  return /^P[1-6]/.test(code)
}

/** What may carry PostgreSQL's report, the most likely first. */
function reports(error: unknown): readonly unknown[] {
  const wrapped = property(property(error, 'meta'), 'driverAdapterError')
  return [property(wrapped, 'cause'), property(error, 'cause'), error]
}

function sqlStateOf(report: unknown): unknown {
  return property(report, 'originalCode') ?? property(report, 'code')
}

function findReport(error: unknown): DatabaseReport | undefined {
  for (const candidate of reports(error)) {
    const sqlState = sqlStateOf(candidate)
    if (!isAuditState(sqlState)) continue
    const message = property(candidate, 'originalMessage') ?? property(candidate, 'message')
    const hint = property(candidate, 'hint')
    return { sqlState, message: String(message), hint: typeof hint === 'string' ? hint : undefined }
  }
  return undefined
}

function unfitDriver(cause: unknown): AuditContextError {
  const message =
    'This driver adapter has no transactions, and the audit context of a write lives in one. Nothing was sent.'
  return new AuditContextError('UNSUPPORTED_DRIVER', message, {
    hint: 'Give PrismaClient an adapter that keeps a connection: PrismaNeon in place of PrismaNeonHttp.',
    cause,
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}

function isAuditState(value: unknown): value is AuditErrorCode {
  return auditStates.has(value)
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
