import { expect, test } from 'vitest'
import { joinBatch, withoutHead } from '../src/batch.ts'
import type { BatchTransaction, PrismaPromise } from '../src/prisma-client.ts'
import { useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const base = ledger.client({ parameters: '-c audit.username=connection' })

interface Hook {
  readonly args: object
  readonly query: (args: object, internalParams: object) => Promise<unknown>
  readonly __internalParams: { readonly transaction: BatchTransaction }
}

/** A client whose operations bring a statement of their own into the batch that they are in. */
const joining = (text: string) =>
  base.$extends({
    query: {
      account: {
        create: ({ args, query, __internalParams }: Hook) =>
          joinBatch(
            __internalParams.transaction,
            base.$executeRawUnsafe(text) as unknown as PrismaPromise,
            (transaction) => query(args, { ...__internalParams, transaction }),
          ),
      },
    },
  })

test('a statement that joins a batch changes neither order nor results of the others', async () => {
  const db = joining('SELECT 1')
  const name = 'joined'
  const results = await db.$transaction([
    db.account.create({ data: { name, balance: 1 } }),
    base.account.count({ where: { name } }),
    db.account.create({ data: { name, balance: 2 } }),
    base.account.count({ where: { name } }),
  ])
  expect(results).toMatchObject([{ balance: 1 }, 1, { balance: 2 }, 2])
})

test('a statement that joins a batch and fails takes the batch with it, and nothing passes for done', async () => {
  const db = joining('SELECT 1 / 0')
  const create = db.account.create({ data: { name: 'failed to join' } })
  const outcome = base.$transaction([base.account.count(), create])
  await expect(outcome).rejects.toThrow('division by zero')
  expect(await ledger.query('SELECT FROM "Account" WHERE name = $1', ['failed to join'])).toEqual([])
})

test('the place of a failed operation is the one in the batch that the caller wrote', () => {
  const placed = (batchRequestIdx: number) => Object.assign(new Error('failed'), { batchRequestIdx })
  expect(withoutHead(placed(2))).toMatchObject({ batchRequestIdx: 1 })
  expect(withoutHead(placed(0))).toMatchObject({ batchRequestIdx: 0 })
  expect(withoutHead(new Error('failed'))).not.toHaveProperty('batchRequestIdx')
})
