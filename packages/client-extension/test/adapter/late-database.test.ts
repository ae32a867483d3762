import type { Socket } from 'node:net'
import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, describe, expect, test } from 'vitest'
import { startCountingProxy } from '../../../../test/support/counting-proxy.ts'
import { startTcpProxy } from '../../../../test/support/tcp-proxy.ts'
import { auditAdapter } from '../../src/adapter/adapter-pg.ts'
import { auditContext } from '../../src/index.ts'
import { useLedger } from '../fixture/ledger.ts'

const ledger = await useLedger()
/** The beginning of the message: its letter and its length. Behind it stands the number of the process. */
const BACKEND_KEY_DATA = Buffer.from([0x4b, 0, 0, 0, 12])

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

describe('a connection that is lost while the driver is looked at, at the first use of the client', () => {
  const losses: Readonly<Record<string, (server: Socket, backend: number) => unknown>> = {
    'ended by the server': (_, backend) => ledger.query('SELECT pg_terminate_backend($1)', [backend]),
    'ended by the network': (server) => server.destroy(),
  }

  test.each(Object.entries(losses))(
    '%s: nothing that waited for it fails, and each row has its name',
    async (how, lose) => {
      let lost = 0
      const proxy = await startTcpProxy(ledger.url, () => {
        let backend = 0
        return {
          async fromClient(data, server) {
            // In its single statement, and then in its transaction.
            const isProbe = lost < 2 && data.includes(lost === 0 ? 'audit.probe' : 'REPEATABLE READ')
            if (isProbe) {
              lost++
              await lose(server, backend)
            }
            if (!server.destroyed) server.write(data)
          },
          fromServer(data, client) {
            const key = data.indexOf(BACKEND_KEY_DATA)
            if (backend === 0 && key >= 0) backend = data.readInt32BE(key + BACKEND_KEY_DATA.length)
            client.write(data)
          },
        }
      })
      afterAll(() => proxy.close())
      const base = ledger.client({
        adapter: auditAdapter(new PrismaPg(ledger.pool({ connectionString: proxy.url, max: 2 }))),
      })
      const names = Array.from({ length: 40 }, (_, index) => `user ${index}`)
      await Promise.all(
        names.map((username) =>
          base.$extends(auditContext({ username })).account.create({ data: { name: `first ${how}` } }),
        ),
      )
      expect(lost).toBe(2)
      const history = await ledger.history(`first ${how}`)
      expect(history.map(({ username }) => username).toSorted()).toEqual(names.toSorted())
    },
  )
})
