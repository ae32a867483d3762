import { expect, test } from 'vitest'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import { createSource, down, install, state, table, up } from './fixture.ts'

const database = await useTestDatabase()

test('down.sql of a migration that retired a dropped table runs, brings its functions back, and up works again', async () => {
  const order = table('Order')
  const functions = `SELECT proname AS name FROM pg_proc WHERE starts_with(proname, 'Order_audit_') ORDER BY 1`
  await database.query(createSource(order))
  await database.query(install(order))
  const before = await database.query(functions)
  await database.query('DROP TABLE "Order"')
  await database.query(up(state(), state(order)))
  await database.query(down(state(), state(order)))
  expect(await database.query(functions)).toEqual(before)
  await database.query(up(state(), state(order)))
  expect(await database.query(functions)).toEqual([])
})
