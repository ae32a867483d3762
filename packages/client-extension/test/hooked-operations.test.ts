import { expect, test } from 'vitest'
import { property } from '../src/adapter/pg-driver.ts'
import { hookedOperations } from '../src/hooked-operations.ts'
import { auditContext } from '../src/index.ts'
import type { PrismaClientParts } from '../src/prisma-client.ts'
import { type LedgerClient, useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()

const writes = [
  'create',
  'createMany',
  'createManyAndReturn',
  'update',
  'updateMany',
  'updateManyAndReturn',
  'upsert',
  'delete',
  'deleteMany',
]
const raw = ['$queryRaw', '$queryRawUnsafe', '$queryRawTyped', '$executeRaw', '$executeRawUnsafe']
const reads = [
  'findUnique',
  'findUniqueOrThrow',
  'findFirst',
  'findFirstOrThrow',
  'findMany',
  'count',
  'aggregate',
  'groupBy',
]

/** How many hooks Prisma itself finds for a call. */
function hookCount(client: LedgerClient, model: string, operation: string): unknown {
  const extensions = property(client, '_extensions')
  const find = property(extensions, 'getAllQueryCallbacks')
  if (typeof find !== 'function') throw new Error('Prisma keeps its hooks elsewhere')
  return find.call(extensions, model, operation).length
}

function hookedBy(client: object) {
  const parts = client as PrismaClientParts
  return hookedOperations(parts, parts._originalClient, 'hook')
}

test('Prisma finds the hook of the audit for every call that may write, and for no read', () => {
  const db = ledger.client().$extends(auditContext({ username: 'ann' }))
  for (const model of ['account', 'entry']) {
    for (const operation of writes)
      expect([operation, hookCount(db, model, operation)]).toEqual([operation, 1])
    for (const operation of reads)
      expect([operation, hookCount(db, model, operation)]).toEqual([operation, 0])
  }
  for (const call of raw) expect([call, hookCount(db, '$none', call)]).toEqual([call, 1])
})

test('an operation that is not known here is hooked', () => {
  const later = ledger.client().$extends({ model: { $allModels: { rewrite: () => undefined } } })
  const { $allModels, ...ofClient } = hookedBy(later)
  expect($allModels).toMatchObject({ rewrite: 'hook', create: 'hook' })
  expect($allModels).not.toHaveProperty('findMany')
  expect(ofClient).toMatchObject({ $executeRaw: 'hook', $queryRaw: 'hook' })
})

test.each([
  ['models', { _runtimeDataModel: { value: undefined } }],
  ['model', { account: { value: undefined } }],
])('where a client does not tell its %s, every call is hooked', (_, hidden) => {
  expect(hookedBy(Object.create(ledger.client(), hidden))).toEqual({ $allOperations: 'hook' })
})
