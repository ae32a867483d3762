import { AuditContextError } from './errors.ts'
import type { FAST_PATH, FastPath } from './fast-path.ts'

/**
 * The parts of a Prisma Client that this extension stands on, seen in @prisma/client 7.9 and 7.10.
 * Those that begin with an underscore are not public; `assertPrismaClient` proves at the start that they are there.
 */
export interface PrismaClientParts {
  $extends(extension: object): PrismaClientParts
  $transaction(input: unknown, options?: unknown): Promise<unknown>
  $executeRawUnsafe(text: string, ...values: unknown[]): PrismaPromise
  /** Makes a lazy promise; its callback is told the transaction that the client is bound to. */
  _createPrismaPromise(callback: (transaction?: PrismaTransaction) => Promise<unknown>): PrismaPromise
  /** The models, by the names of the schema. */
  readonly _runtimeDataModel?: { readonly models?: object }
  /** The client below all extensions. */
  readonly _originalClient: PrismaClientParts
  readonly _engineConfig: {
    readonly transactionOptions: object
    readonly adapter?: { readonly [FAST_PATH]?: FastPath }
    /** Tells the listeners of `$on`. */
    readonly logEmitter?: { emit(...event: unknown[]): unknown }
  }
}

/** A call that runs only when it is awaited, or when a transaction asks it to run inside. */
export interface PrismaPromise extends PromiseLike<unknown> {
  requestTransaction(transaction: PrismaTransaction): Promise<unknown>
  /** What a model operation is going to do; raw calls have none. */
  readonly spec?: { readonly action: string; readonly model?: string }
}

export type PrismaTransaction = InteractiveTransaction | BatchTransaction

export interface InteractiveTransaction {
  readonly kind: 'itx'
  readonly id: string
}

/** All operations of a batch share `lock`, which opens when each has asked for it once; they are then sent in order of `index`. */
export interface BatchTransaction {
  readonly kind: 'batch'
  readonly index: number
  readonly lock: PromiseLike<unknown>
}

/** What Prisma hands to a query hook. */
export interface QueryHookCall {
  readonly model?: string
  readonly operation: string
  readonly args: unknown
  readonly query: (args: unknown, internalParams?: object) => PromiseLike<unknown>
  readonly __internalParams?: InternalParams
}

export interface InternalParams {
  readonly transaction?: PrismaTransaction
}

/** The clients below all extensions that were found to have the parts: a server may extend one for each request. */
const proven = new WeakSet<object>()

/** @throws AuditContextError `UNSUPPORTED_CLIENT` when one of the parts is not there */
export function assertPrismaClient(client: unknown): asserts client is PrismaClientParts {
  const root = part(client, '_originalClient')
  if (typeof root === 'object' && root !== null && proven.has(root)) return
  const missing = missingParts(client)
  if (missing.length > 0) throw unsupported(missing.join(', '))
  if (typeof root === 'object' && root !== null) proven.add(root)
}

export function isPrismaClient(value: unknown): value is PrismaClientParts {
  return missingParts(value).length === 0
}

function missingParts(client: unknown): readonly string[] {
  const methods = ['$extends', '$transaction', '$executeRawUnsafe', '_createPrismaPromise']
  return [
    ...methods.filter((name) => typeof part(client, name) !== 'function'),
    ...['_originalClient', '_engineConfig'].filter((name) => typeof part(client, name) !== 'object'),
  ]
}

/**
 * The transaction that an operation runs in, as its query hook is told.
 *
 * @throws AuditContextError `UNSUPPORTED_CLIENT` when Prisma does not tell: an operation must never run unaudited in silence
 */
export function internalParams(call: QueryHookCall): InternalParams {
  const params = call.__internalParams
  if (typeof params !== 'object' || params === null) throw unsupported('__internalParams in query hooks')
  return params
}

/** The interactive transaction that a client is bound to: set on the `tx` of `$transaction(async (tx) => …)` only. */
export function transactionOf(client: PrismaClientParts): InteractiveTransaction | undefined {
  let bound: PrismaTransaction | undefined
  const asked = client._createPrismaPromise((transaction) => {
    bound = transaction
    return Promise.resolve()
  })
  void asked.then(() => undefined)
  return bound?.kind === 'itx' ? bound : undefined
}

function part(client: unknown, name: string): unknown {
  return typeof client === 'object' && client !== null ? Reflect.get(client, name) : undefined
}

function unsupported(what: string): AuditContextError {
  return new AuditContextError('UNSUPPORTED_CLIENT', `This Prisma Client does not offer ${what}.`, {
    hint: 'prisma-extension-audit works with @prisma/client 7.9 and later versions of 7; give it a PrismaClient.',
  })
}
