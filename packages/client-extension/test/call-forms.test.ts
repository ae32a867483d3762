import { expect, test } from 'vitest'
import { auditContext } from '../src/index.ts'
import { checkCallForms } from './fixture/call-form-checks.ts'
import { useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const base = ledger.client()

checkCallForms({ name: 'adapter-pg', base, ledger })

test('a call that is not awaited does not run', async () => {
  const ann = base.$extends(auditContext({ username: 'ann' }))
  void ann.account.create({ data: { name: 'never' } })
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(await ledger.history('never')).toEqual([])
})
