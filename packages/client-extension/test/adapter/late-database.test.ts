import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, expect, test } from 'vitest'
import { startCountingProxy } from '../../../../test/support/counting-proxy.ts'
import { auditAdapter } from '../../src/adapter/adapter-pg.ts'
import { auditContext } from '../../src/index.ts'
import { useLedger } from '../fixture/ledger.ts'

const ledger = await useLedger()

test('a database that cannot be reached at first is reached later by the same client, and disconnecting never fails', async () => {
  const gone = await startCountingProxy(ledger.url)
  await gone.close()
  const base = ledger.client({
    adapter: auditAdapter(
      new PrismaPg(ledger.pool({ connectionString: gone.url, max: 1, connectionTimeoutMillis: 500 })),
    ),
  })
  const ann = base.$extends(auditContext({ username: 'ann' }))
  await expect(ann.account.create({ data: { name: 'early' } })).rejects.toThrow()
  await expect(base.$disconnect()).resolves.toBeUndefined()
  const back = await startCountingProxy(ledger.url, 0, Number(new URL(gone.url).port))
  afterAll(() => back.close())
  await ann.account.create({ data: { name: 'late' } })
  expect((await ledger.history('late')).map(({ username }) => username)).toEqual(['ann'])
  expect(await ledger.history('early')).toEqual([])
})
