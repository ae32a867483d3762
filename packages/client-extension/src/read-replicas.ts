import { isPrismaClient, type PrismaClientParts } from './prisma-client.ts'

type ClientMethod = (this: object, ...args: unknown[]) => unknown

/**
 * `$primary()` of @prisma/extension-read-replicas gives the client that it was applied to. Where it was applied before
 * the audit that client has none, and where it was applied to a client that was audited for somebody else it has theirs.
 * So what it gives gets the audit of the client that is asked.
 * `$replica()` stays as it is: a replica takes no writes.
 *
 * @param audited gives a client with the audit of this one, from one that may have another
 * @returns the method that takes its place; nothing where the client has no such method
 */
export function auditedPrimary(
  client: PrismaClientParts,
  audited: (primary: PrismaClientParts) => PrismaClientParts,
): { $primary?: ClientMethod } {
  const original: unknown = Reflect.get(client, '$primary')
  if (typeof original !== 'function') return {}
  const known = new WeakMap<object, PrismaClientParts>()
  return {
    $primary(...args) {
      const primary: unknown = original.apply(this, args)
      // In a transaction it may be the transaction itself; and a method of another extension may have this name.
      if (primary === this || !isPrismaClient(primary)) return primary
      const found = known.get(primary) ?? audited(primary)
      known.set(primary, found)
      return found
    },
  }
}
