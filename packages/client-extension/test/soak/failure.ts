import { Undone } from './operations.ts'

/** Why an operation failed. After `lost` alone it may have been committed: the answer never came. */
export type Failure =
  | 'undone'
  | 'serialization'
  | 'statement timeout'
  | 'no connection'
  | 'too long open'
  | 'lost'

const signs: readonly (readonly [Failure, RegExp])[] = [
  ['serialization', /\b40001\b|\b40P01\b|P2034|could not serialize|deadlock detected|write conflict/i],
  ['statement timeout', /\b57014\b|statement timeout/i],
  [
    'no connection',
    /timeout exceeded when trying to connect|terminated due to connection timeout|Unable to start a transaction in the given time/i,
  ],
  [
    'lost',
    /\b57P01\b|\b57P03\b|\b08[0-9A-Z]{3}\b|P1001|P1017|terminating connection|connection terminated|server has closed the connection|connection error and is not queryable|ECONNRESET|EPIPE|not queryable|current transaction is aborted|Transaction not found|DatabaseNotReachable|ConnectionClosed/i,
  ],
  ['too long open', /P2028|the transaction has ended|expired transaction|Transaction already closed/i],
]

/** @throws Error for a failure that none of the faults explains */
export function failureOf(error: unknown): Failure {
  if (error instanceof Undone) return 'undone'
  const text = describe(error)
  const found = signs.find(([, sign]) => sign.test(text))
  if (found === undefined) throw new Error(`A failure that no fault explains: ${text}`, { cause: error })
  return found[0]
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, meta } = error as Error & { code?: unknown; meta?: unknown }
  const cause = error.cause === undefined ? '' : ` ${JSON.stringify(error.cause)} ${describe(error.cause)}`
  return `${error.name} ${String(code ?? '')} ${error.message} ${JSON.stringify(meta ?? {})}${cause}`
}
