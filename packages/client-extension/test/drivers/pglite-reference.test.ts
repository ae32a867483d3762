import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import { usePglite } from '../fixture/pglite.ts'

const folder = new URL('../../../../prisma/migrations/', import.meta.url)
const directories = (await readdir(folder)).filter((name) => !name.includes('.')).sort()
const pglite = await usePglite()
const server = await useTestDatabase()

test('the migrations of the reference schema install the same audit on PGlite as on a server', async () => {
  for (const directory of directories) {
    const sql = await readFile(new URL(`${directory}/migration.sql`, folder), 'utf8')
    await server.query(sql)
    await pglite.exec(sql)
  }
  const installed = {
    columns: `SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns
      WHERE table_schema = 'audit' ORDER BY table_name COLLATE "C", ordinal_position`,
    functions: `SELECT proname, pg_get_functiondef(oid) AS definition FROM pg_proc
      WHERE pronamespace = 'audit'::regnamespace ORDER BY proname COLLATE "C", oid`,
    triggers: `SELECT pg_get_triggerdef(oid) AS definition FROM pg_trigger
      WHERE NOT tgisinternal ORDER BY pg_get_triggerdef(oid) COLLATE "C"`,
  }
  for (const [what, sql] of Object.entries(installed)) {
    const { rows } = await pglite.query(sql)
    expect(rows.length, what).toBeGreaterThan(10)
    expect(rows, what).toEqual(await server.query(sql))
  }
})

test('SQL by hand is refused without its context on PGlite, and recorded with it', async () => {
  const write = `INSERT INTO customers (id, email, updated_at) VALUES (gen_random_uuid(), 'ann@example.org', now())`
  await expect(pglite.exec(write)).rejects.toMatchObject({ code: 'AU001' })
  await pglite.transaction(async (tx) => {
    await tx.query(`SELECT audit.set_context('{"username": "nightly-job", "reason": "import"}')`)
    await tx.exec(`${write}; UPDATE customers SET points = 1; DELETE FROM customers`)
  })
  const { rows } = await pglite.query(
    `SELECT audit_operation, audit_username, audit_reason, points FROM audit.customers_audit ORDER BY audit_id`,
  )
  const who = { audit_username: 'nightly-job', audit_reason: 'import' }
  expect(rows).toEqual([
    { audit_operation: 'I', ...who, points: 0 },
    { audit_operation: 'U', ...who, points: 1 },
    { audit_operation: 'D', ...who, points: 1 },
  ])
})
