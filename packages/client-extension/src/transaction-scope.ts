import type { AuditSettings } from './settings.ts'

/** The settings of one interactive transaction. */
export interface TransactionScope {
  /** Writes the settings, once; later calls wait for the same statement. */
  readonly declare: () => Promise<unknown>
  /** They are written again before the next operation: a statement may have undone them. */
  readonly forget: () => void
  /** Runs one operation of the transaction. */
  readonly run: (operation: () => PromiseLike<unknown>) => Promise<unknown>
  /**
   * Waits for the operations that run. Prisma ends a transaction under one that nobody has awaited, and sends what is left of its
   * statements on a connection that is another caller's by then.
   */
  readonly settled: () => Promise<unknown>
}

/** By Prisma's transaction id, which is a random UUID. A nested transaction has the id of the outermost one. */
const scopes = new Map<string, TransactionScope>()

/**
 * The settings wait for the first operation that may write, so that a transaction that only reads costs nothing and
 * `LOCK TABLE` or `SET TRANSACTION` may come first. They must not wait past a savepoint: its rollback would undo them.
 *
 * @param write sends the settings; not called where there are none
 */
export function openScope(
  id: string,
  settings: AuditSettings | undefined,
  write: (settings: AuditSettings) => Promise<unknown>,
): TransactionScope {
  let written: Promise<unknown> | undefined
  const running = new Set<Promise<unknown>>()
  const scope: TransactionScope = {
    forget() {
      written = undefined
    },
    async run(operation) {
      const one = Promise.resolve(operation())
      running.add(one)
      try {
        return await one
      } finally {
        running.delete(one)
      }
    },
    settled: () => Promise.allSettled(running),
    declare: () => {
      written ??= settings === undefined ? Promise.resolve() : write(settings)
      return written
    },
  }
  scopes.set(id, scope)
  return scope
}

export function scopeOf(id: string): TransactionScope | undefined {
  return scopes.get(id)
}

export function closeScope(id: string): void {
  scopes.delete(id)
}
