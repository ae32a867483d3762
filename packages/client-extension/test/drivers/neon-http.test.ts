import { neonConfig } from '@neondatabase/serverless'
import { PrismaNeonHttp } from '@prisma/adapter-neon'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AuditContextError, auditContext } from '../../src/index.ts'
import { forms } from '../fixture/call-forms.ts'
import { type LedgerClient, useLedger } from '../fixture/ledger.ts'
import { startNeonHttpRelay } from '../fixture/neon-http-relay.ts'

const ledger = await useLedger()
const relay = await startNeonHttpRelay(ledger.pool())
afterAll(() => relay.close())
neonConfig.fetchEndpoint = relay.url
/** The relay has its own way to the database; the driver wants a URL of this shape. */
const base = ledger.client({ adapter: new PrismaNeonHttp('postgresql://user:password@localhost/ledger', {}) })
const ann = base.$extends(auditContext({ username: 'ann' }))

/** A database that would take a write without a context: only the client can refuse it here. */
beforeAll(() =>
  ledger.query(`CREATE OR REPLACE FUNCTION audit.missing_setting(setting text) RETURNS text LANGUAGE sql
    AS $$ SELECT NULL::text $$`),
)

const kinds: Readonly<Record<string, (run: (client: LedgerClient) => Promise<unknown>) => Promise<unknown>>> =
  {
    'by itself': (run) => run(ann),
    'in a batch': (run) => ann.$transaction([run(ann)]),
    'in a batch of the bare client': (run) => base.$transaction([run(ann)]),
    'in an interactive transaction': (run) => ann.$transaction((tx) => run(tx as LedgerClient)),
  }

test('the bare client writes over HTTP', async () => {
  await base.account.create({ data: { name: 'bare' } })
  expect(await ledger.history('bare')).toMatchObject([{ operation: 'I', username: null }])
})

describe.each(Object.keys(kinds))('%s', (kind) => {
  test.each(forms)('$name is refused in words, and nothing is sent', async ({ name, call }) => {
    const label = `http ${kind} ${name}`
    const sent = relay.statements.length
    const refused = await kinds[kind]?.((client) => call(client, label)).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(AuditContextError)
    expect(refused).toMatchObject({
      code: 'UNSUPPORTED_DRIVER',
      message: expect.stringContaining('has no transactions'),
      hint: expect.stringContaining('PrismaNeon in place of PrismaNeonHttp'),
    })
    expect(relay.statements.slice(sent)).toEqual([])
    expect(await ledger.history(label)).toEqual([])
  })
})

test('model reads stay as they are, and raw reads with raw: execute', async () => {
  await ledger.query(`INSERT INTO "Account" (name) VALUES ('read')`)
  expect(await ann.account.findMany({ where: { name: 'read' } })).toMatchObject([{ name: 'read' }])
  const reading = base.$extends(auditContext({ username: 'ann' }, { raw: 'execute' }))
  expect(await reading.$queryRaw`SELECT name FROM "Account" WHERE name = 'read'`).toEqual([{ name: 'read' }])
})

test('without a context the call is as on the bare client', async () => {
  const nobody = base.$extends(auditContext(() => undefined))
  await nobody.account.create({ data: { name: 'nobody' } })
  expect(await ledger.history('nobody')).toMatchObject([{ operation: 'I', username: null }])
})
