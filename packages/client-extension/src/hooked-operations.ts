import { isRead } from './audit.ts'
import type { PrismaClientParts } from './prisma-client.ts'

/** Operation → hook, as the `query` component of an extension is given it. */
export type QueryHooks<Hook> = Readonly<Record<string, Hook | Readonly<Record<string, Hook>>>>

/** What may write, of models and of the client itself. */
interface Writers {
  readonly ofModels: readonly string[]
  readonly ofClient: readonly string[]
}

/**
 * Puts the hook on every operation that may write, and so that a read costs no more than on any extended client: for each
 * hook that Prisma calls it copies the arguments and makes one more promise.
 *
 * What there is to call is asked of the client itself, so an operation that only a later version has is hooked, and
 * where the client does not tell, all are.
 *
 * @param client one with the models of `root`, the client below all extensions
 */
export function hookedOperations<Hook>(
  client: PrismaClientParts,
  root: PrismaClientParts,
  hook: Hook,
): QueryHooks<Hook> {
  const writers = known.get(root) ?? writersOf(client)
  if (writers === undefined) return { $allOperations: hook }
  known.set(root, writers)
  const ofModels: Record<string, Hook> = {}
  for (const operation of writers.ofModels) ofModels[operation] = hook
  const hooks: Record<string, Hook | typeof ofModels> = { $allModels: ofModels }
  for (const operation of writers.ofClient) hooks[operation] = hook
  return hooks
}

/** By root: a server may extend its client for each request. */
const known = new WeakMap<PrismaClientParts, Writers>()

function writersOf(client: PrismaClientParts): Writers | undefined {
  const ofModels = new Set<string>()
  for (const name of Object.keys(client._runtimeDataModel?.models ?? {})) {
    const model: unknown = Reflect.get(client, name.charAt(0).toLowerCase() + name.slice(1))
    if (typeof model !== 'object' || model === null || !('findMany' in model)) return undefined
    for (const operation of Object.keys(model))
      if (!isRead(operation) && typeof Reflect.get(model, operation) === 'function') ofModels.add(operation)
  }
  const ofClient = Object.keys(client).filter((name) => name.startsWith('$') && !without.has(name))
  const isTold = ofModels.has('create') && ofClient.includes('$executeRaw')
  return isTold ? { ofModels: [...ofModels], ofClient } : undefined
}

/** Methods of the client that are no operations; a hook on one more would only never be called. */
const without: ReadonlySet<string> = new Set([
  '$connect',
  '$disconnect',
  '$extends',
  '$on',
  '$parent',
  '$transaction',
])
