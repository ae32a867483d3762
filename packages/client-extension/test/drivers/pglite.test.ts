import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { describe, expect, test } from 'vitest'
import { auditAdapter } from '../../src/adapter/adapter-pg.ts'
import { checkCallForms } from '../fixture/call-form-checks.ts'
import { checkIdentities } from '../fixture/identity-checks.ts'
import { useLedger } from '../fixture/ledger.ts'
import { installLedger, usePglite, usePgliteSocket } from '../fixture/pglite.ts'

/** For the generated client only: its tables are not used. */
const { client } = await useLedger()
const pglite = await usePglite()
const ledger = await installLedger(pglite)
const connectionString = await usePgliteSocket(pglite)
const transactionOptions = { maxWait: 30_000, timeout: 30_000 }

describe('in this process, with pglite-prisma-adapter', () => {
  const base = client({ adapter: new PrismaPGlite(pglite), transactionOptions })
  const refuses = {
    'nested transaction': /Nested transactions are not supported by adapter/,
    'several statements in one $executeRawUnsafe':
      /cannot insert multiple commands into a prepared statement/,
  }
  const driver = { name: 'in process', base, ledger, refuses }
  checkCallForms(driver)
  checkIdentities(driver)

  test('auditAdapter refuses it, in words', () => {
    expect(() => auditAdapter(new PrismaPGlite(pglite))).toThrow(
      /made for @prisma\/adapter-pg, not for pglite-prisma-adapter/,
    )
  })
})

const layers = {
  'behind the socket of prisma dev, with adapter-pg': (adapter: PrismaPg) => adapter,
  'behind the socket of prisma dev, with adapter-pg and auditAdapter': auditAdapter<PrismaPg>,
}
describe.each(Object.entries(layers))('%s', (name, layer) => {
  const base = client({
    adapter: layer(new PrismaPg({ connectionString, max: 1 })),
    transactionOptions,
  })
  const driver = { name, base, ledger }
  checkCallForms(driver)
  checkIdentities(driver)
})

test('auditAdapter refuses a pool of several connections to its socket, in words', async () => {
  const several = client({ adapter: auditAdapter(new PrismaPg({ connectionString })) })
  await expect(several.account.count()).rejects.toThrow(/PGlite, and it mixes the statements of several/)
})
