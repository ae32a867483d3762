import { type InteractiveTransaction, type PrismaClientParts, transactionOf } from './prisma-client.ts'

/** Runs an operation in a transaction of its own, after the settings. */
export type OwnTransaction = (
  declare: (transaction: InteractiveTransaction) => Promise<unknown>,
  operation: (transaction: InteractiveTransaction) => PromiseLike<unknown>,
) => Promise<unknown>

/** The longest time that a JavaScript timer can wait: 24.8 days, in milliseconds. */
const forever = 2 ** 31 - 1

/**
 * A single operation has no time limit in Prisma and runs at the database's own isolation level, so neither may
 * come to it from here: not Prisma's defaults for transactions (2 s and 5 s), and not those that the application
 * has given its client in `transactionOptions`.
 *
 * @param root the client below all extensions, so that no extension sees the extra transaction
 */
export function ownTransaction(root: PrismaClientParts): OwnTransaction {
  const known = made.get(root)
  if (known !== undefined) return known
  const own = makeOwnTransaction(root)
  made.set(root, own)
  return own
}

/** One for each root: a server may extend its client for each request. */
const made = new WeakMap<PrismaClientParts, OwnTransaction>()

function makeOwnTransaction(root: PrismaClientParts): OwnTransaction {
  const limits = { maxWait: forever, timeout: forever, isolationLevel: undefined }
  const unlimited: PrismaClientParts = Object.create(root, {
    _engineConfig: { value: { ...root._engineConfig, transactionOptions: limits } },
  })
  return (declare, operation) =>
    unlimited.$transaction(async (tx: PrismaClientParts) => {
      const transaction = transactionOf(tx)
      if (transaction === undefined)
        throw new Error('a transaction of Prisma Client is bound to no transaction')
      await declare(transaction)
      return await operation(transaction)
    })
}
