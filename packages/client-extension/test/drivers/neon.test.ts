import { neonConfig } from '@neondatabase/serverless'
import { PrismaNeon } from '@prisma/adapter-neon'
import { afterAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { auditAdapter } from '../../src/adapter/adapter-pg.ts'
import { checkCallForms } from '../fixture/call-form-checks.ts'
import { checkIdentities } from '../fixture/identity-checks.ts'
import { useLedger } from '../fixture/ledger.ts'
import { startWebSocketRelay } from '../fixture/websocket-relay.ts'

const ledger = await useLedger()
const relay = await startWebSocketRelay(ledger.url)
afterAll(() => relay.close())
Object.assign(neonConfig, {
  wsProxy: () => relay.address,
  webSocketConstructor: WebSocket,
  useSecureWebSocket: false,
  pipelineTLS: false,
  pipelineConnect: false,
})

const base = ledger.client({
  adapter: new PrismaNeon({ connectionString: ledger.url, max: 4 }),
  transactionOptions: { maxWait: 30_000, timeout: 30_000 },
})
const driver = { name: 'adapter-neon', base, ledger }

checkCallForms(driver)
checkIdentities(driver)

test('all of it went over WebSockets, on several connections', () => {
  expect(relay.connections()).toBeGreaterThan(1)
})

test('auditAdapter refuses it, in words', () => {
  expect(() => auditAdapter(new PrismaNeon({ connectionString: ledger.url }))).toThrow(
    /made for @prisma\/adapter-pg, not for @prisma\/adapter-neon/,
  )
})
