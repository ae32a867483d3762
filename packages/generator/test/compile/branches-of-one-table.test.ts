import { expect, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import {
  auditedModel,
  compileProject,
  createTable,
  type Migrations,
  schemaOf,
  stepsOf,
  withNext,
} from './compile-project.ts'

const start: Migrations = { '20260101000000_init': createTable('A') }

async function withDatabase(run: (database: TestDatabase) => Promise<void>) {
  const database = await createDatabase()
  try {
    await run(database)
  } finally {
    await database.drop()
  }
}

async function apply(database: TestDatabase, migrations: Migrations, skip: readonly string[] = []) {
  for (const name of Object.keys(migrations).sort()) {
    if (!skip.includes(name)) await database.query(migrations[name] ?? '')
  }
}

/** A branch from the start: Prisma's migration, if any, then the audit of the table as this branch sees it. */
async function branch(
  schema: string,
  day: string,
  prisma?: Record<string, string>,
): Promise<Record<string, string>> {
  const before = { ...start, ...prisma }
  return withNext(before, await compileProject(schema, before), `202601${day}000001`)
}

test.each([
  ['first', '02', '03'],
  ['last', '03', '02'],
])(
  'two branches that enabled one table with other columns and settings: after the merge every write is recorded with both (column %s)',
  async (_, one, other) => {
    const column = { [`202601${one}000000_note`]: 'ALTER TABLE "A" ADD COLUMN "note" TEXT;\n' }
    const left = await branch(schemaOf(auditedModel('A', 'note'), '["username String"]'), one, column)
    const right = await branch(schemaOf(auditedModel('A'), '["username String", "tenant Int"]'), other)
    const merged = { ...left, ...right }
    const schema = schemaOf(auditedModel('A', 'note'), '["username String", "tenant Int"]')
    const project = await compileProject(schema, merged)
    expect(stepsOf(project)).toEqual(['replaceFunctions public.A'])
    const done = withNext(merged, project, '20260105000000')
    await withDatabase(async (database) => {
      await apply(database, done)
      const insert = `INSERT INTO "A" (id, note) VALUES (1, 'n')`
      await expect(
        database.query(`BEGIN; SET LOCAL audit.username = 'u'; ${insert}; COMMIT`),
      ).rejects.toMatchObject({ code: 'AU001' })
      await database.query(
        `ROLLBACK; BEGIN; SET LOCAL audit.username = 'u'; SET LOCAL audit.tenant = '7'; ${insert}; COMMIT`,
      )
      expect(
        await database.query(`SELECT audit_username, audit_tenant, id, note FROM audit."A_audit"`),
      ).toEqual([{ audit_username: 'u', audit_tenant: 7, id: 1, note: 'n' }])
      expect(
        await database.query(
          `SELECT conname FROM pg_constraint WHERE conname LIKE '%\\_required' ORDER BY 1`,
        ),
      ).toEqual([{ conname: 'audit_tenant_required' }, { conname: 'audit_username_required' }])
    })
    expect((await compileProject(schema, done)).migration).toBeUndefined()
  },
)

test('a folder that was begun anew adopts a live audit table and gives it the columns that it lacks', async () => {
  const old = await branch(schemaOf(auditedModel('A'), '["username String?"]'), '02')
  const schema = schemaOf(auditedModel('A', 'note'), '["username String?", "tenant Int?"]')
  const fresh: Migrations = { '20270101000000_init': createTable('A', 'note') }
  const squashed = withNext(fresh, await compileProject(schema, fresh), '20270102000000')
  await withDatabase(async (database) => {
    await apply(database, old)
    await database.query(`INSERT INTO "A" VALUES (1)`)
    await database.query('ALTER TABLE "A" ADD COLUMN "note" TEXT')
    await apply(database, squashed, Object.keys(fresh))
    await database.query(`BEGIN; SET LOCAL audit.tenant = '7'; INSERT INTO "A" VALUES (2, 'n'); COMMIT`)
    expect(
      await database.query(`SELECT audit_tenant, id, note FROM audit."A_audit" ORDER BY audit_id`),
    ).toEqual([
      { audit_tenant: null, id: 1, note: null },
      { audit_tenant: 7, id: 2, note: 'n' },
    ])
  })
})
