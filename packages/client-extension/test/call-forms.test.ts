import { describe, expect, test } from 'vitest'
import { testedLayer } from '../../../test/support/tested-layer.ts'
import { auditContext } from '../src/index.ts'
import { checkCallForms } from './fixture/call-form-checks.ts'
import { checkIdentities } from './fixture/identity-checks.ts'
import { useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const transactionOptions = { maxWait: 30_000, timeout: 30_000 }

describe(`adapter-pg, layer ${testedLayer}`, () => {
  const driver = { name: testedLayer, base: ledger.client({ transactionOptions }), ledger }
  checkCallForms(driver)
  checkIdentities(driver)
})

test('a call that is not awaited does not run', async () => {
  const ann = ledger.client().$extends(auditContext({ username: 'ann' }))
  void ann.account.create({ data: { name: 'never' } })
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(await ledger.history('never')).toEqual([])
})
