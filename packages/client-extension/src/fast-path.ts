import type { PrismaClientParts } from './prisma-client.ts'
import type { AuditSettings } from './settings.ts'

/**
 * What a driver adapter made by `auditAdapter` offers to the extension. It is found by a property of the adapter and
 * not by an import, so that the main entry never loads the driver's part, and an ESM and a CommonJS copy of this
 * package understand each other. A change of meaning gets another version in the name.
 */
export interface FastPath {
  /**
   * Runs one operation outside a transaction; its statements carry the settings in their own network flush.
   *
   * @param rethrow is given what the operation fails with, and throws what the caller is to see; the same unless given
   */
  single(
    settings: AuditSettings,
    operation: () => PromiseLike<unknown>,
    rethrow?: (error: unknown) => never,
  ): PromiseLike<unknown>
  /** Runs what Prisma calls from within an operation and is no part of it: what it asks of a client does not carry the operation's settings. */
  outside<T>(run: () => T): T
}

export const FAST_PATH = Symbol.for('prisma-extension-audit/fast-path@2')

/** The fast path of the client's driver adapter; `undefined` where it has none, and layer 1 does the work. */
export function fastPathOf(root: PrismaClientParts): FastPath | undefined {
  const adapter = root._engineConfig.adapter
  return adapter?.[FAST_PATH]
}
