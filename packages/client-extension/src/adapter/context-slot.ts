import { AsyncLocalStorage } from 'node:async_hooks'
import { AuditContextError } from '../errors.ts'
import type { FastPath } from '../fast-path.ts'
import type { AuditSettings } from '../settings.ts'
import { type SettingsStatement, settingsStatement } from '../settings-statement.ts'

/** The settings of one operation on their way from the query hook to the driver. */
interface Slot {
  readonly statement: SettingsStatement
  used: boolean
  open: boolean
}

/**
 * Before Node 24 each promise is followed by a hook while a storage is enabled, by this method that only that way has;
 * since then the engine carries the context, and there is nothing to put down.
 */
const followsPromises = '_enable' in AsyncLocalStorage.prototype

export interface ContextSlots extends FastPath {
  /**
   * The settings for the statement that is being sent, or the connection that is being asked for. Must be called
   * synchronously there: what runs later may run in the async context of whoever released a connection.
   */
  take(): SettingsStatement | undefined
}

/**
 * Prisma runs everything that its DataLoader has gathered in one tick in the async context of the first caller, so a
 * slot is only ever opened around one operation outside a transaction, which the DataLoader does not gather, and is
 * closed when the operation has ended. Transactions carry their settings as a statement of their own.
 */
export function contextSlots(): ContextSlots {
  const storage = new AsyncLocalStorage<Slot>()
  let open = 0
  let isResting = false
  /** While none is open, no promise of the application's is followed: its reads cost what they cost without us. */
  const rest = () => {
    isResting = false
    if (open === 0) storage.disable()
  }
  const close = (slot: Slot) => {
    slot.open = false
    open -= 1
    if (open > 0 || isResting || !followsPromises) return
    isResting = true
    setImmediate(rest)
  }
  return {
    single(
      settings: AuditSettings,
      operation: () => PromiseLike<unknown>,
      rethrow?: (error: unknown) => never,
    ): PromiseLike<unknown> {
      const slot: Slot = { statement: settingsStatement(settings), used: false, open: true }
      const succeed = (result: unknown) => {
        close(slot)
        if (slot.used || isEmpty(result)) return result
        throw lostContext()
      }
      const fail = (error: unknown) => {
        close(slot)
        rethrow?.(error)
        throw error
      }
      open += 1
      try {
        return storage.run(slot, begin, operation, succeed, fail)
      } catch (error) {
        close(slot)
        return Promise.reject(error)
      }
    },
    outside: (run) => storage.exit(run),
    take() {
      const slot = storage.getStore()
      if (!slot?.open) return undefined
      slot.used = true
      return slot.statement
    },
  }
}

/** Prisma's calls begin when they are asked for their outcome, so that must be done inside. No promise more than that. */
function begin(
  operation: () => PromiseLike<unknown>,
  succeed: (result: unknown) => unknown,
  fail: (error: unknown) => never,
): PromiseLike<unknown> {
  return operation().then(succeed, fail)
}

/** An operation on nothing (`createMany` of no rows) sends no statement, which is no loss. */
function isEmpty(result: unknown): boolean {
  if (result === undefined || result === null || result === 0) return true
  if (Array.isArray(result)) return result.length === 0
  return typeof result === 'object' && 'count' in result && result.count === 0
}

function lostContext(): AuditContextError {
  return new AuditContextError(
    'UNSUPPORTED_CLIENT',
    'An operation has run, and the audit adapter did not see its statements: they went out without the audit context.',
    {
      hint: 'Leave auditAdapter() out (the extension alone is right with every adapter), and report the versions in use.',
    },
  )
}
