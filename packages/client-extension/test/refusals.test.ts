import { describe, expect, test } from 'vitest'
import { toAuditContextError } from '../src/database-error.ts'
import { AuditContextError, auditContext } from '../src/index.ts'
import { internalParams } from '../src/prisma-client.ts'
import { type LedgerClient, useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const base = ledger.client()
const nobody = base.$extends(auditContext({ reason: 'no user' }))
const ann = base.$extends(auditContext({ username: 'ann' }))

const create = (client: Pick<LedgerClient, 'account'>) => client.account.create({ data: { name: 'refused' } })

async function errorOf(outcome: Promise<unknown>): Promise<unknown> {
  return outcome.then(
    () => undefined,
    (error: unknown) => error,
  )
}

const forms: readonly [string, () => Promise<unknown>, string][] = [
  ['a model operation', () => create(nobody), 'P2039'],
  [
    'a nested write',
    () => nobody.account.create({ data: { name: 'refused', entries: { create: { note: 'x' } } } }),
    'P2039',
  ],
  ['$executeRaw', () => nobody.$executeRaw`INSERT INTO "Account" (name) VALUES ('refused')`, 'P2010'],
  ['$queryRaw', () => nobody.$queryRaw`SELECT add_account('refused')`, 'P2010'],
  ['an interactive transaction', () => nobody.$transaction(create), 'P2039'],
  ['a nested transaction', () => nobody.$transaction((tx) => tx.$transaction(create)), 'P2039'],
  [
    'raw SQL in a transaction',
    () => nobody.$transaction((tx) => tx.$executeRaw`INSERT INTO "Account" (name) VALUES ('refused')`),
    'P2010',
  ],
  ['a batch', () => nobody.$transaction([nobody.account.count(), create(nobody)]), 'P2039'],
  [
    'a raw batch',
    () => nobody.$transaction([nobody.$executeRaw`INSERT INTO "Account" (name) VALUES ('refused')`]),
    'P2010',
  ],
  [
    'an audited call in a bare batch',
    () => base.$transaction([base.account.count(), create(nobody)]),
    'P2039',
  ],
]

describe('a write that lacks a required setting', () => {
  test.each(forms)('is an AuditContextError: %s', async (_, write, prismaCode) => {
    const error = await errorOf(write())
    expect(error).toBeInstanceOf(AuditContextError)
    expect(error).toMatchObject({
      name: 'AuditContextError',
      code: 'AU001',
      setting: 'username',
      hint: expect.stringContaining('auditContext'),
      message: expect.stringContaining('audit.username is required'),
      cause: { name: 'PrismaClientKnownRequestError', code: prismaCode },
    })
    expect(await ledger.query('SELECT FROM "Account" WHERE name = $1', ['refused'])).toEqual([])
  })

  test('is seen as an AuditContextError by the body of the transaction too', async () => {
    await nobody.$transaction(async (tx) => {
      expect(await errorOf(tx.$transaction(create))).toMatchObject({ code: 'AU001' })
    })
  })

  test('counts an empty string as missing', async () => {
    const blank = base.$extends(auditContext({ username: '' }))
    expect(await errorOf(create(blank))).toMatchObject({ code: 'AU001', setting: 'username' })
  })
})

test('a change of the history is an AuditContextError AU002', async () => {
  const error = await errorOf(ann.$executeRaw`DELETE FROM audit.history`)
  expect(error).toBeInstanceOf(AuditContextError)
  expect(error).toMatchObject({ code: 'AU002', hint: 'Do not.' })
})

test('a refused TRUNCATE is an AuditContextError AU003', async () => {
  const error = await errorOf(ann.$executeRaw`TRUNCATE "Entry"`)
  expect(error).toBeInstanceOf(AuditContextError)
  expect(error).toMatchObject({ code: 'AU003' })
})

test.each<[string, () => Promise<unknown>]>([
  ['a single write', () => ann.entry.create({ data: { note: 'late' } })],
  ['an interactive transaction', () => ann.$transaction((tx) => tx.entry.create({ data: { note: 'late' } }))],
  ['a batch', () => ann.$transaction([ann.entry.create({ data: { note: 'late' } })])],
])('a refusal that comes only with the COMMIT of %s is an AuditContextError', async (_, write) => {
  const error = await errorOf(write())
  expect(error).toBeInstanceOf(AuditContextError)
  expect(error).toMatchObject({ code: 'AU003', hint: 'Do not.' })
})

test('the setting is named also where the table is in a schema called audit', () => {
  const message = 'a write to audit.orders needs the setting audit.app_uuid, which is not set'
  const report = Object.assign(new Error(message), { code: 'AU001', hint: 'Set it.' })
  expect(toAuditContextError(report)).toMatchObject({ code: 'AU001', setting: 'app_uuid', hint: 'Set it.' })
})

describe('any other error comes as from the bare client', () => {
  const twice = (client: LedgerClient) => [
    client.account.create({ data: { name: 'x', code: 'taken' } }),
    client.account.create({ data: { name: 'y', code: 'taken' } }),
  ]
  const essence = (error: unknown) => {
    const { name, code, meta, batchRequestIdx } = error as Record<string, unknown>
    const report = (meta as { driverAdapterError?: { cause: object } }).driverAdapterError?.cause
    return { name, code, report, batchRequestIdx }
  }

  const failures: readonly [string, (client: LedgerClient) => Promise<unknown>][] = [
    [
      'a unique violation',
      async (client) => {
        for (const call of twice(client)) await call
      },
    ],
    ['a record not found', (client) => client.account.update({ where: { id: -1 }, data: { name: 'x' } })],
    ['a foreign key violation', (client) => client.entry.create({ data: { note: 'x', accountId: -1 } })],
    ['a raw syntax error', (client) => client.$executeRaw`INSERT IN`],
    ['a unique violation in a batch, with its place', (client) => client.$transaction(twice(client))],
    [
      'a unique violation in a transaction',
      (client) =>
        client.$transaction(async (tx) => {
          for (const call of twice(tx as LedgerClient)) await call
        }),
    ],
    [
      'a raw error in a batch, with its place',
      (client) => client.$transaction([client.account.count(), client.$executeRaw`SELECT 1 / 0`]),
    ],
  ]

  test.each(failures)('%s', async (_, fail) => {
    // The bare client cannot write to captured tables; here it can, under a user of its connection.
    const plain = ledger.client({ max: 1, parameters: '-c audit.username=connection' })
    const bare = await errorOf(fail(plain))
    await plain.$executeRaw`DELETE FROM "Account" WHERE code = 'taken'`
    expect(bare).toBeInstanceOf(Error)
    expect(essence(await errorOf(fail(ann)))).toEqual(essence(bare))
  })
})

describe('a client that cannot be audited', () => {
  test.each([
    ['nothing', undefined],
    ['another object', { $extends: () => undefined }],
  ])('%s is refused at once', (_, client) => {
    expect(() => auditContext({ username: 'ann' })(client)).toThrow(AuditContextError)
    expect(() => auditContext({ username: 'ann' })(client)).toThrow(/does not offer/)
  })

  test('a Prisma that hides the transaction from query hooks is refused at the operation, never audited by chance', () => {
    const call = { model: 'Account', operation: 'create', args: {}, query: () => Promise.resolve('ran') }
    expect(() => internalParams(call)).toThrow(/does not offer __internalParams/)
  })
})
