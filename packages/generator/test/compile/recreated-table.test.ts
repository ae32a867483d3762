import { expect, test } from 'vitest'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import {
  auditedModel,
  compileProject,
  createTable,
  type Migrations,
  schemaOf,
  stepsOf,
  withNext,
} from './compile-project.ts'

const database = await useTestDatabase()
const schema = schemaOf(auditedModel('A', 'note'), '["username String?"]')
const start: Migrations = { '20260101000000_init': createTable('A', 'note') }

async function recreated(): Promise<Migrations> {
  return {
    ...withNext(start, await compileProject(schema, start), '20260102000000'),
    '20260103000000_drop': 'DROP TABLE "A";\n',
    '20260104000000_again': createTable('A', 'note'),
  }
}

test('a table that was dropped and created anew is captured again, into the same history', async () => {
  const migrations = await recreated()
  const project = await compileProject(schema, migrations)
  expect(stepsOf(project)).toEqual(['resumeTable public.A'])
  const done = withNext(migrations, project, '20260105000000')
  const names = Object.keys(done).sort()
  for (const name of names.slice(0, 2)) await database.query(done[name] ?? '')
  await database.query(`INSERT INTO "A" VALUES (1, 'first')`)
  for (const name of names.slice(2)) await database.query(done[name] ?? '')
  await database.query(`INSERT INTO "A" VALUES (2, 'second'); UPDATE "A" SET id = 3; TRUNCATE "A"`)
  expect(
    await database.query(`SELECT audit_operation AS op, id FROM audit."A_audit" ORDER BY audit_id`),
  ).toEqual([
    { op: 'I', id: 1 },
    { op: 'I', id: 2 },
    { op: 'D', id: 2 },
    { op: 'U', id: 3 },
    { op: 'D', id: 3 },
  ])
  expect((await compileProject(schema, done)).migration).toBeUndefined()
})

test('a table that was created anew without a column that its model has waits for that column', async () => {
  const migrations = { ...(await recreated()), '20260104000000_again': createTable('A') }
  const project = await compileProject(schema, migrations)
  expect(project.migration).toBeUndefined()
  expect(project.waiting.map(({ reason }) => reason.kind)).toEqual(['columns not created'])
})

test('CREATE TABLE IF NOT EXISTS on a table that is there creates nothing anew', async () => {
  const audited = withNext(start, await compileProject(schema, start), '20260102000000')
  const again = createTable('A', 'note').replace('CREATE TABLE', 'CREATE TABLE IF NOT EXISTS')
  const project = await compileProject(schema, { ...audited, '20260103000000_again': again })
  expect(project.migration).toBeUndefined()
})

test('a table that had the name of an audited one before the audit is no renaming of it', async () => {
  const before: Migrations = {
    '20260101000000_a': `${createTable('A')}ALTER TABLE "A" RENAME TO "Old";\n`,
    '20260101000001_a': createTable('A', 'note'),
  }
  const audited = withNext(before, await compileProject(schema, before), '20260102000000')
  const dropped = { ...audited, '20260103000000_drop': 'DROP TABLE "A";\n' }
  expect(stepsOf(await compileProject(schemaOf(''), dropped))).toEqual(['retireTable public.A'])
})

test('a trigger that a migration drops comes back, though nothing else of the audit changes', async () => {
  const audited = withNext(start, await compileProject(schema, start), '20260102000000')
  const dropped = { ...audited, '20260103000000_drop': 'drop trigger if exists audit_key on "A";\n' }
  const project = await compileProject(schema, dropped)
  expect(stepsOf(project)).toEqual(['resumeTable public.A'])
  const done = withNext(dropped, project, '20260104000000')
  await database.query('DROP TABLE "A"; DROP SCHEMA audit CASCADE')
  for (const name of Object.keys(done).sort()) await database.query(done[name] ?? '')
  await database.query(`INSERT INTO "A" VALUES (1); UPDATE "A" SET id = 2`)
  expect(
    await database.query(`SELECT audit_operation AS op, id FROM audit."A_audit" ORDER BY audit_id`),
  ).toEqual([
    { op: 'I', id: 1 },
    { op: 'D', id: 1 },
    { op: 'U', id: 2 },
  ])
  expect((await compileProject(schema, done)).migration).toBeUndefined()
})
