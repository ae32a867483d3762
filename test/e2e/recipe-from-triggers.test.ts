import { beforeAll, expect, test } from 'vitest'
import { runAudit } from '../support/audit-command.ts'
import { blocksOf } from './documents/blocks.ts'
import { generateMigration, useProject } from './main-path/audited-project.ts'

const page = 'docs/recipes/from-triggers.md'
const blocks = blocksOf(page)
const sql = blocks.filter(({ language }) => language === 'sql').map(({ code }) => code)
const [before = '', oneName = '', nameless = '', compare = '', end = '', view = '', read = ''] = sql
const schema = blocks.find(({ language }) => language === 'prisma')?.code ?? ''

const audited = await useProject({
  schema: `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

datasource db {
  provider = "postgresql"
}

${schema.replace('@audit(enabled, backfill: true)', '@audit(disabled)')}`,
  migrations: {
    '20260101000000_init': `CREATE TABLE "Order" ("id" BIGSERIAL PRIMARY KEY, "total" DECIMAL(10,2) NOT NULL DEFAULT 0, "status" TEXT NOT NULL DEFAULT 'open');`,
  },
})
const { project, database } = audited
const taken = await useProject({ schema: '', migrations: { '20260101000000_init': '' } })
const write = (settings: string, statement: string) =>
  database.query(`BEGIN; SELECT ${settings}; ${statement}; COMMIT`)
const oldName = (name: string) => `set_config('app.user', '${name}', true)`
const newName = (name: string) => `set_config('audit.username', '${name}', true)`

beforeAll(async () => {
  await project.prisma(['migrate', 'deploy'])
  await database.query(before)
  await write(oldName('ann'), `INSERT INTO "Order" (id, total) VALUES (7, 5)`)
  const path = 'prisma/schema.prisma'
  await project.write(
    path,
    (await project.read(path)).replace('@audit(disabled)', '@audit(enabled, backfill: true)'),
  )
  await generateMigration(project)
  await project.prisma(['migrate', 'deploy'])
}, 120_000)

test('every block of the page is run here', () => {
  expect(blocks.map(({ language }) => language)).toEqual(['sql', 'prisma', ...Array(6).fill('sql')])
})

test('both record, under one name, and agree; the view reads as one when the old one has gone', async () => {
  await write(oldName('bob'), `UPDATE "Order" SET total = 6 WHERE id = 7`)
  expect(await database.query(nameless)).toMatchObject([{ count: '1' }])
  await database.query(oneName)
  await write(newName('eve'), `UPDATE "Order" SET total = 8 WHERE id = 7`)
  expect(await database.query('SELECT changed_by FROM order_log ORDER BY id')).toEqual([
    { changed_by: 'ann' },
    { changed_by: 'bob' },
    { changed_by: 'eve' },
  ])
  expect(await database.query(compare)).toEqual([])

  // What only the old one has is told, so that nothing found says something.
  await database.query('ALTER TABLE "Order" DISABLE TRIGGER audit_update')
  await write(newName('eve'), `UPDATE "Order" SET total = 9 WHERE id = 7`)
  await database.query('ALTER TABLE "Order" ENABLE TRIGGER audit_update')
  expect(await database.query(compare)).toEqual([{ key: '7', op: 'U', former: '3', present: '2' }])

  await database.query(end)
  await database.query(view)
  await write(newName('mia'), `UPDATE "Order" SET total = 10 WHERE id = 7`)
  expect(await database.query(read)).toMatchObject([
    { operation: 'I', username: 'ann', total: '5.00', source: 'order_log' },
    { operation: 'B', username: null, total: '5.00', source: 'audit' },
    { operation: 'U', username: null, total: '6.00', source: 'audit' },
    { operation: 'U', username: 'eve', total: '8.00', source: 'audit' },
    { operation: 'U', username: 'mia', total: '10.00', source: 'audit' },
  ])
  const { stdout, exitCode } = await runAudit(project.dir, ['status'], { DATABASE_URL: database.url })
  expect({ stdout, exitCode }).toMatchObject({ exitCode: 0 })
})

test('a schema of yours that is called audit stops the migration, which says to choose another', async () => {
  await taken.database.query('CREATE SCHEMA audit; CREATE TABLE audit.mine (id int)')
  await taken.project.write('prisma/schema.prisma', await project.read('prisma/schema.prisma'))
  for (const { name, sql: text } of await project.migrationFiles()) {
    await taken.project.write(`prisma/migrations/${name}/migration.sql`, text)
  }
  const { stdout, stderr } = await taken.project.prisma(['migrate', 'deploy'], { expectFailure: true })
  expect(stdout + stderr).toContain('choose another schema in the generator block')
})
