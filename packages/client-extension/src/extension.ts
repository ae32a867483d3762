import type { Audit } from './audit.ts'
import { fastPathOf } from './fast-path.ts'
import { hookedOperations } from './hooked-operations.ts'
import { keepListenersOutside } from './log-listeners.ts'
import { runOperation } from './operation.ts'
import { ownTransaction } from './own-transaction.ts'
import { assertPrismaClient, type PrismaClientParts, type QueryHookCall } from './prisma-client.ts'
import { auditedPrimary } from './read-replicas.ts'
import type { SettingDefinition } from './settings.ts'
import { type ContextSource, settingsSource } from './settings-source.ts'
import { auditedTransaction } from './transaction.ts'

export interface AuditContextOptions {
  /** The project's fixed list of settings. The generated module gives it. */
  readonly settings?: readonly SettingDefinition[]
  /**
   * Which raw calls outside a transaction get the context: `'all'` (the default), since a function called by a SELECT
   * may write; or `'execute'`, only `$executeRaw` and `$executeRawUnsafe`, which saves raw reads three round trips.
   */
  readonly raw?: 'all' | 'execute'
}

type NoAddition = Record<never, never>

/** For `prisma.$extends(…)`: what comes out has exactly the types of what went in. */
export type AuditContextExtension = (client: unknown) => {
  $extends: { extArgs: { result: NoAddition; model: NoAddition; query: NoAddition; client: NoAddition } }
}

/** Audited client → the client without its audit. */
const unaudited = new WeakMap<object, PrismaClientParts>()

/**
 * Puts an audit context on every write of a Prisma Client:
 *
 *     const db = prisma.$extends(auditContext({ username: 'ann' }))
 *
 * On a client that is audited already it replaces the context.
 *
 * @param context the values, or a function that is asked for them at each call, in the caller's async context;
 *   where it answers `undefined` the call runs as on the bare client, and the database decides
 * @throws AuditContextError when the context or the client cannot be used
 */
export function auditContext(
  context: ContextSource,
  options: AuditContextOptions = {},
): AuditContextExtension {
  const settings = settingsSource(context, options.settings)
  return (client) => {
    assertPrismaClient(client)
    const audited: unknown = extend(unaudited.get(client) ?? client, { settings, raw: options.raw ?? 'all' })
    return audited as ReturnType<AuditContextExtension>
  }
}

/** Binds `auditContext` to a project's settings and their TypeScript type; the generated module calls this. */
export function defineAuditContext<Context extends object>(
  settings: readonly SettingDefinition[],
): (
  context: Context | (() => Context | undefined),
  options?: Omit<AuditContextOptions, 'settings'>,
) => AuditContextExtension {
  return (context, options) => auditContext(context as ContextSource, { ...options, settings })
}

function extend(client: PrismaClientParts, wanted: Pick<Audit, 'settings' | 'raw'>): PrismaClientParts {
  const root = client._originalClient
  const fastPath = fastPathOf(root)
  if (fastPath !== undefined) keepListenersOutside(root, fastPath)
  const audit: Audit = { ...wanted, root, fastPath }
  const inOwnTransaction = ownTransaction(root)
  const audited = client.$extends({
    name: 'audit-context',
    query: hookedOperations(client, root, (call: QueryHookCall) =>
      runOperation(call, audit, inOwnTransaction),
    ),
    client: {
      $transaction: auditedTransaction(client, audit),
      /** A later extension goes in below the audit, so that the audit's hook stays the innermost one. */
      $extends(this: PrismaClientParts, extension: object) {
        if (typeof extension === 'function') return extension(this)
        return extend(client.$extends(extension), wanted)
      },
      ...auditedPrimary(client, (primary) => extend(unaudited.get(primary) ?? primary, wanted)),
    },
  })
  unaudited.set(audited, client)
  return audited
}
