import { expect, test } from 'vitest'
import { auditedModel, createTable } from './compile-project.ts'
import { apply, audited, followed, history, schemaWith, steps } from './follow-project.ts'

const plain = schemaWith(auditedModel('A', 'a'))
const withBaseline = plain.replace('@audit(enabled)', '@audit(enabled, backfill: true)')

test('backfill: true in the first migration gives what is there a past, and a second generate writes nothing', async () => {
  const init = `${createTable('A', 'a')}INSERT INTO "A" VALUES (1, 'old');\n`
  const start = { '20260101000000_init': init }
  const { project, done } = await followed(withBaseline, start, '20260102000000')
  expect(steps(project)).toEqual(['createSchema', 'createAuditTable A'])
  const database = await apply(done, { '20260102': `UPDATE "A" SET a = 'new'` })
  expect(await history(database, 'audit."A_audit"', 'a')).toEqual([
    { op: 'B', a: 'old' },
    { op: 'U', a: 'new' },
  ])
  await database.drop()
})

test('asked for later it is one migration of its own; no more asked for, it is one that changes no row', async () => {
  const folder = await audited(plain, createTable('A', 'a'))
  const { project, done } = await followed(withBaseline, folder)
  expect(steps(project)).toEqual(['changeBackfill A'])
  expect(project.migration?.slug).toBe('a_backfill')
  const off = await followed(plain, done, '20260105000000')
  expect(steps(off.project)).toEqual(['changeBackfill A'])
  const database = await apply(off.done, {
    '20260101': `INSERT INTO "A" VALUES (1, 'old'), (2, 'older')`,
    '20260102': `UPDATE "A" SET a = 'new' WHERE id = 2`,
    '20260105': `DELETE FROM "A" WHERE id = 1`,
  })
  expect(await history(database, 'audit."A_audit"', 'id', 'a')).toEqual([
    { op: 'B', id: 1, a: 'old' },
    { op: 'U', id: 2, a: 'new' },
    { op: 'D', id: 1, a: 'old' },
  ])
  await database.drop()
})
