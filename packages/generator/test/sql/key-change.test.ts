import { expect, it } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { renderBefore } from '../../src/sql/render-before.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { column, createSource, install, planBetween, state, table } from './fixture.ts'

const before = table('Order')
const after = table('Order', { columns: [column('id', 'bigint'), column('note', 'text')] })
const from = state(before)
const plan = planBetween(from, state(after))
const RETYPE = 'ALTER TABLE "Order" ALTER COLUMN id TYPE bigint;'

async function installed(run: (query: (sql: string) => Promise<unknown[]>) => Promise<void>) {
  const database = await createDatabase()
  try {
    await database.query(createSource(before) + install(before))
    await run((sql) => database.query(sql))
  } finally {
    await database.drop()
  }
}

it('the type of a key column cannot be changed under the audit: PostgreSQL says so, and nothing is lost', async () => {
  await installed(async (query) => {
    await expect(query(RETYPE)).rejects.toMatchObject({
      code: '0A000',
      message: expect.stringContaining('trigger'),
    })
  })
})

it('the part before and the part after a draft carry the type change of a key column', async () => {
  await installed(async (query) => {
    await query(`INSERT INTO "Order" VALUES (1, 'a')`)
    await query(renderBefore(plan, { from }) + RETYPE + renderMigration(plan, { from, appended: true }))
    await query(`UPDATE "Order" SET id = 9000000000`)
    expect(
      await query('SELECT audit_operation AS op, id, id__2 FROM audit."Order_audit" ORDER BY audit_id'),
    ).toEqual([
      { op: 'I', id: null, id__2: 1 },
      { op: 'D', id: '1', id__2: null },
      { op: 'U', id: '9000000000', id__2: null },
    ])
  })
})

it('a plan that changes no key column needs nothing before', () => {
  expect(renderBefore(planBetween(from, state(table('Order', { truncate: 'refuse' }))), { from })).toBe('')
})

it('a citext key that changes its case only ends its old history', async () => {
  const tag = table('Tag', { columns: [column('id', 'text')] })
  await installed(async (query) => {
    await query(`CREATE EXTENSION citext; CREATE TABLE "Tag" (id citext PRIMARY KEY); ${install(tag)}`)
    await query(`INSERT INTO "Tag" VALUES ('a'); UPDATE "Tag" SET id = 'A'`)
    expect(
      await query(`SELECT audit_operation || id AS entry FROM audit."Tag_audit" ORDER BY audit_id`),
    ).toEqual([{ entry: 'Ia' }, { entry: 'Da' }, { entry: 'UA' }])
  })
})
