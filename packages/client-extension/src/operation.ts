import { type Audit, isRead, settingsCall } from './audit.ts'
import { beginsWithSettings, joinBatch } from './batch.ts'
import { reported, rethrow } from './database-error.ts'
import type { OwnTransaction } from './own-transaction.ts'
import {
  type BatchTransaction,
  type InteractiveTransaction,
  internalParams,
  type PrismaTransaction,
  type QueryHookCall,
} from './prisma-client.ts'
import { mayUndoSettings, rawForm } from './raw-statement.ts'
import { scopeOf } from './transaction-scope.ts'

/** Continues with the operation, in the transaction that it was called in or in another one. */
type Continue = (transaction?: PrismaTransaction) => PromiseLike<unknown>

/**
 * The query hook: sees to it that the settings are on the transaction that the operation runs in.
 *
 * @throws AuditContextError for a context that cannot be used, and for what the audit's SQL refuses
 */
export function runOperation(
  call: QueryHookCall,
  audit: Audit,
  inOwnTransaction: OwnTransaction,
): PromiseLike<unknown> {
  const params = internalParams(call)
  const run: Continue = (transaction) =>
    transaction === undefined ? call.query(call.args) : call.query(call.args, { ...params, transaction })

  const raw = call.model === undefined ? rawForm(call.args) : undefined
  if (raw === undefined ? isRead(call.operation) : raw === 'unwrapped') return run()
  const { transaction } = params
  if (transaction?.kind === 'batch') return runInBatch(transaction, audit, run)
  if (transaction?.kind === 'itx') {
    const undoes = raw !== undefined && mayUndoSettings(call.args)
    return reported(runInTransaction(transaction, audit, run, undoes))
  }

  const wrapped = audit.raw === 'all' || !call.operation.startsWith('$queryRaw')
  const settings = wrapped ? audit.settings() : undefined
  if (settings === undefined) return reported(run())
  if (audit.fastPath !== undefined && raw !== 'several') {
    return audit.fastPath.single(settings, run, rethrow)
  }
  return reported(inOwnTransaction((own) => settingsCall(audit.root, settings).requestTransaction(own), run))
}

function runInBatch(batch: BatchTransaction, audit: Audit, run: Continue): PromiseLike<unknown> {
  if (beginsWithSettings(batch)) return run() // its $transaction reports the error, with the place in the batch
  const settings = audit.settings()
  return reported(settings === undefined ? run() : joinBatch(batch, settingsCall(audit.root, settings), run))
}

/** @param undoes whether the settings may be gone afterwards */
async function runInTransaction(
  transaction: InteractiveTransaction,
  audit: Audit,
  run: Continue,
  undoes: boolean,
) {
  const scope = scopeOf(transaction.id)
  if (scope !== undefined) {
    return scope.run(async () => {
      await scope.declare()
      try {
        return await run()
      } finally {
        if (undoes) scope.forget()
      }
    })
  }
  // Opened elsewhere, so its savepoints are not seen either: the settings go before each operation.
  const settings = audit.settings()
  if (settings !== undefined) await settingsCall(audit.root, settings).requestTransaction(transaction)
  return run()
}
