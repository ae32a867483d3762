import type { BatchTransaction, PrismaPromise } from './prisma-client.ts'

/** The locks of the batches whose first statement is their settings. */
const headed = new WeakSet<object>()

export function beginsWithSettings(batch: BatchTransaction): boolean {
  return headed.has(batch.lock)
}

/** Makes the settings statement the head of a batch, in a way that the hooks of the other operations know of. */
export function batchHead(statement: PrismaPromise): PrismaPromise {
  return Object.create(statement, {
    requestTransaction: {
      value: (batch: BatchTransaction) => {
        headed.add(batch.lock)
        return statement.requestTransaction(batch)
      },
    },
  })
}

/** Corrects the position of the failed operation, which Prisma counts from the head on, to what the caller wrote. */
export function withoutHead(error: unknown): unknown {
  if (typeof error === 'object' && error !== null && 'batchRequestIdx' in error) {
    const { batchRequestIdx } = error
    if (typeof batchRequestIdx === 'number') error.batchRequestIdx = Math.max(0, batchRequestIdx - 1)
  }
  return error
}

/**
 * Slips the settings into a batch that was opened elsewhere, right before one operation. Extensions need this whose
 * query hook does `prisma.$transaction([set_config, query(args)])` on a client that has no audit.
 *
 * Prisma sends a batch, in order of `index`, when each of its operations has asked for the lock once. So the settings
 * only wait for the operation's own asking: if that never comes, because its arguments are invalid, nothing is sent.
 */
export async function joinBatch(
  batch: BatchTransaction,
  statement: PrismaPromise,
  operation: (batch: BatchTransaction) => PromiseLike<unknown>,
): Promise<unknown> {
  let open: (lock: unknown) => void = () => undefined
  const opened = new Promise<unknown>((resolve) => {
    open = resolve
  })
  const settings = statement.requestTransaction({ ...batch, lock: opened, index: batch.index - 0.5 })
  const lock = new Proxy(opened, {
    get: (target, name) => {
      if (name !== 'then') return Reflect.get(target, name)
      void batch.lock.then(open)
      return target.then.bind(target)
    },
  })
  // After a failed statement Prisma resolves the rest of a batch with nothing, so both outcomes count.
  const [result] = await Promise.all([operation({ ...batch, lock }), settings])
  return result
}
