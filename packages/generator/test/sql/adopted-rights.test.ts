import { afterAll, beforeAll, expect, it } from 'vitest'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import { createSource, install, table } from './fixture.ts'

const database = await useTestDatabase()
const reader = `reader ${database.name}`
const other = `other ${database.name}`
const order = table('Order')
const item = table('Item')

const grantees = (relation: string) =>
  database.query(
    `SELECT DISTINCT a.grantee::regrole::text FROM pg_class AS c, aclexplode(c.relacl) AS a
     WHERE c.oid = '${relation}'::regclass AND a.grantee <> c.relowner`,
  )

beforeAll(async () => {
  await database.query(
    `${createSource(order)} ${createSource(item)} CREATE ROLE "${reader}"; CREATE ROLE "${other}"`,
  )
  await database.query(install(order))
})
afterAll(() =>
  database.query(`DROP OWNED BY "${reader}", "${other}"; DROP ROLE "${reader}"; DROP ROLE "${other}"`),
)

it('a reader keeps the rights that it was given on the history, when the migration runs again or adopts the table', async () => {
  await database.query(
    `GRANT USAGE ON SCHEMA audit TO "${reader}"; GRANT SELECT ON audit."Order_audit" TO "${reader}"`,
  )
  await database.query(install(order))
  expect(await grantees('audit."Order_audit"')).toEqual([{ grantee: `"${reader}"` }])
  const [row] = await database.query(`SELECT has_schema_privilege('${reader}', 'audit', 'USAGE') AS usage`)
  expect(row).toEqual({ usage: true })
})

it('a table that is new is private all the same, whatever ALTER DEFAULT PRIVILEGES gives', async () => {
  await database.query(
    `ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO "${other}"; ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO "${other}"`,
  )
  await database.query(install(order, item))
  expect(await grantees('audit."Item_audit"')).toEqual([])
  expect(await grantees('audit."Item_audit_audit_id_seq"')).toEqual([])
  expect(await grantees('audit."Order_audit"')).toEqual([{ grantee: `"${reader}"` }])
})
