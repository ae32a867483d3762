import { expect, test } from 'vitest'
import { auditContext } from '../src/index.ts'
import { useLedger } from './fixture/ledger.ts'

const ledger = await useLedger('generated/js/index.js')

test('a client of prisma-client-js carries the context in every form of transaction', async () => {
  const ann = ledger.client().$extends(auditContext({ username: 'ann' }))
  const data = { name: 'js' }
  await ann.account.create({ data })
  await ann.$transaction([ann.account.create({ data }), ann.account.count()])
  await ann.$transaction((tx) => tx.$transaction((inner) => inner.account.create({ data })))
  await ann.$executeRaw`INSERT INTO "Account" (name) VALUES ('js')`
  expect((await ledger.history('js')).map((row) => row.username)).toEqual(['ann', 'ann', 'ann', 'ann'])
})
