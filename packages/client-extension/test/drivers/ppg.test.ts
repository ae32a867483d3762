import { PrismaPostgresAdapter } from '@prisma/adapter-ppg'
import { afterAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { auditAdapter } from '../../src/adapter/adapter-pg.ts'
import { checkCallForms } from '../fixture/call-form-checks.ts'
import { checkIdentities } from '../fixture/identity-checks.ts'
import { useLedger } from '../fixture/ledger.ts'
import { startPpgGateway } from '../fixture/ppg-gateway.ts'

// The driver looks for the global of Node 22 and newer even where it has opened a socket of `ws`.
Object.assign(globalThis, { WebSocket })

const ledger = await useLedger()
const gateway = await startPpgGateway(ledger.url)
afterAll(() => gateway.close())

function adapter(): PrismaPostgresAdapter {
  const { endpoint } = gateway
  // The adapter hands all that it is given to its driver, which takes another end than the service from here; its types do not say so.
  const config = { transportConfig: { endpoint, username: 'user', password: 'password' } }
  return new PrismaPostgresAdapter(config as never)
}

const base = ledger.client({
  adapter: adapter(),
  transactionOptions: { maxWait: 30_000, timeout: 30_000 },
})
// The adapter throws what is no Error, and Prisma Client 7.10 does not see that in a batch.
const driver = { name: 'adapter-ppg', base, ledger, hidesFailedBatches: true }

checkCallForms(driver)
checkIdentities(driver)

test('all of it went through the driver: statements alone over HTTP, transactions over WebSockets', () => {
  expect(gateway.seen.statements).toBeGreaterThan(0)
  expect(gateway.seen.sessions).toBeGreaterThan(10)
})

test('auditAdapter refuses it, in words', () => {
  expect(() => auditAdapter(adapter())).toThrow(/made for @prisma\/adapter-pg, not for @prisma\/ppg-adapter/)
})

test('a batch that fails comes back as if it had not, of the bare client too', async () => {
  const batch = base.$transaction([base.$queryRaw`SELECT 1 AS one`, base.$executeRaw`SELECT 1 / 0`])
  expect(await batch).toEqual([[{ one: 1 }], undefined])
})
