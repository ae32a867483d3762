import type { FastPath } from './fast-path.ts'
import type { PrismaClientParts } from './prisma-client.ts'

const known = new WeakSet<object>()

/**
 * Prisma calls the listeners of `$on` from within the operation that they hear of. What a listener writes (slow queries into a table)
 * is no part of that operation, and must not be recorded under its caller's name.
 */
export function keepListenersOutside(root: PrismaClientParts, fastPath: FastPath): void {
  const emitter = root._engineConfig.logEmitter
  if (emitter === undefined || known.has(emitter)) return
  known.add(emitter)
  const emit = emitter.emit.bind(emitter)
  emitter.emit = (...event) => fastPath.outside(() => emit(...event))
}
