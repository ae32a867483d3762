import { type Audit, isRead, settingsCall } from './audit.ts'
import { batchHead, withoutHead } from './batch.ts'
import { reported } from './database-error.ts'
import { type PrismaClientParts, type PrismaPromise, transactionOf } from './prisma-client.ts'
import { closeScope, openScope, scopeOf } from './transaction-scope.ts'

/** Calls the `$transaction` that the audited one replaces, with the caller's own options. */
type Start = (input: unknown) => Promise<unknown>
type Body = (tx: PrismaClientParts) => unknown

/** Every `$transaction` made here: a client that has one of them has the query hook too. */
const audited = new WeakSet<object>()

/** Makes the `$transaction` of an audited client. The context is the one at its call, for the whole transaction. */
export function auditedTransaction(
  client: PrismaClientParts,
  audit: Audit,
): PrismaClientParts['$transaction'] {
  function $transaction(this: PrismaClientParts, input: unknown, options?: unknown): Promise<unknown> {
    const start = (given: unknown) => client.$transaction.call(this, given, options)
    return reported(runTransaction(this, input, audit, start))
  }
  audited.add($transaction)
  return $transaction
}

async function runTransaction(client: PrismaClientParts, input: unknown, audit: Audit, start: Start) {
  if (Array.isArray(input)) return runBatch(input, audit, start)
  if (typeof input !== 'function') return start(input)
  const outer = transactionOf(client)
  if (outer === undefined) return runInteractive(input as Body, audit, start)
  await scopeOf(outer.id)?.declare() // before the savepoint, whose rollback would undo it
  return start(input)
}

function runInteractive(body: Body, audit: Audit, start: Start): Promise<unknown> {
  const settings = audit.settings()
  return start(async (tx: PrismaClientParts) => {
    const transaction = transactionOf(tx)
    if (transaction === undefined) return body(tx)
    const scope = openScope(transaction.id, settings, (declared) =>
      settingsCall(audit.root, declared).requestTransaction(transaction),
    )
    try {
      // An extension may have opened it on a client without the audit, where no hook would declare the settings.
      if (!audited.has(tx.$transaction)) await scope.declare()
      return await body(tx)
    } finally {
      await scope.settled()
      closeScope(transaction.id)
    }
  })
}

/** A batch that only reads stays as it is; another one begins with the settings, whose result is dropped. */
async function runBatch(calls: readonly PrismaPromise[], audit: Audit, start: Start): Promise<unknown> {
  const settings = calls.every((call) => isRead(call?.spec?.action)) ? undefined : audit.settings()
  if (settings === undefined) return start(calls)
  try {
    const results = await start([batchHead(settingsCall(audit.root, settings)), ...calls])
    return Array.isArray(results) ? results.slice(1) : results
  } catch (error) {
    throw withoutHead(error)
  }
}
