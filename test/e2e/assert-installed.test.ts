import { expect, test, vi } from 'vitest'
import { install, useProject } from './main-path/audited-project.ts'
import { asking } from './main-path/installation-problems.ts'
import { SCHEMA_HEAD } from './main-path/schema-head.ts'
import { runWrapper } from './migrate/wrapped-project.ts'

vi.setConfig({ testTimeout: 240_000 })

const schema = `${SCHEMA_HEAD}/// @audit(enabled)
model Order {
  id   Int   @id @default(autoincrement())
  tags Tag[]
  @@map("My Orders")
}

/// @audit(enabled, level: row, enableAlways: true)
model Tag {
  name   String  @id
  orders Order[]
}
`

test('assertAuditInstalled passes where all triggers fire, and names each that is missing or disabled', async () => {
  const audited = await useProject({ schema })
  await install(audited)
  const { database } = audited
  const problems = await asking(audited)
  expect(await problems()).toEqual([])
  await database.query(`ALTER TABLE "My Orders" DISABLE TRIGGER audit_update; DROP TRIGGER audit_key ON "_OrderToTag";
    ALTER TABLE "Tag" ENABLE TRIGGER audit_delete; ALTER TABLE audit."My Orders_audit" DISABLE TRIGGER append_only`)
  expect(await problems()).toEqual([
    'NOT_INSTALLED',
    'The audit of Order, Tag, _OrderToTag is not as it should be in this database:',
    '  trigger append_only on audit."My Orders_audit" is disabled',
    '  trigger audit_update on public."My Orders" is disabled',
    '  trigger audit_delete on public."Tag" does not fire in every session',
    '  trigger audit_key on public."_OrderToTag" is not there',
  ])
  await database.query('DROP SCHEMA audit CASCADE')
  expect(await problems()).toHaveLength(2 + 3 * 6)
})

test('assertAuditInstalled names a trigger that rests on one partition of an audited table', async () => {
  const audited = await useProject({
    schema: `${SCHEMA_HEAD}/// @audit(enabled)
model Visit {
  id Int @id
}
`,
    migrations: {
      '20240101000000_init': `CREATE TABLE "Visit" ("id" INTEGER NOT NULL, CONSTRAINT "Visit_pkey" PRIMARY KEY ("id")) PARTITION BY RANGE ("id");
CREATE TABLE "Visit_low" PARTITION OF "Visit" FOR VALUES FROM (0) TO (1000) PARTITION BY RANGE ("id");
CREATE TABLE "Visit_lowest" PARTITION OF "Visit_low" FOR VALUES FROM (0) TO (10);`,
    },
  })
  const { database, project } = audited
  await project.prisma(['generate'])
  await project.prisma(['migrate', 'deploy'])
  const problems = await asking(audited)
  expect(await problems()).toEqual([])
  await database.query(`ALTER TABLE "Visit_lowest" DISABLE TRIGGER audit_insert`)
  const told = [
    'NOT_INSTALLED',
    'The audit of Visit is not as it should be in this database:',
    '  trigger audit_insert on "Visit_lowest" is disabled',
  ]
  expect(await problems()).toEqual(told)
  // All that are below it rest, too.
  await database.query(`ALTER TABLE "Visit" DISABLE TRIGGER audit_insert`)
  expect(await problems()).toEqual([
    ...told.slice(0, 2),
    '  trigger audit_insert on "Visit_low" is disabled',
    '  trigger audit_insert on "Visit_lowest" is disabled',
    '  trigger audit_insert on public."Visit" is disabled',
  ])
})

test('assertAuditInstalled names the triggers of a table that was made a partition by hand and is recorded by statement', async () => {
  const audited = await useProject({
    schema: `${SCHEMA_HEAD}/// @audit(enabled)\nmodel Visit {\n  id Int @id\n}\n`,
  })
  await install(audited)
  const problems = await asking(audited)
  await audited.database.query(`CREATE TABLE "Whole" ("id" INTEGER PRIMARY KEY) PARTITION BY RANGE ("id");
    ALTER TABLE "Whole" ATTACH PARTITION "Visit" FOR VALUES FROM (0) TO (10)`)
  expect(await problems()).toEqual([
    'NOT_INSTALLED',
    'The audit of Visit is not as it should be in this database:',
    ...['delete', 'insert', 'update'].map(
      (operation) =>
        `  trigger audit_${operation} on public."Visit" does not fire for a statement on the table that this is a partition of`,
    ),
  ])
})

test('assertAuditInstalled names a guard and a trigger that were replaced by such as do nothing', async () => {
  const audited = await useProject({ schema })
  await install(audited)
  const { database } = audited
  const problems = await asking(audited)
  const guard = (what: string, when = '') => `DROP TRIGGER append_only ON audit."Tag_audit";
    CREATE TRIGGER append_only BEFORE ${what} ON audit."Tag_audit" FOR EACH STATEMENT ${when} EXECUTE FUNCTION audit.append_only();
    ALTER TABLE audit."Tag_audit" ENABLE ALWAYS TRIGGER append_only`
  for (const replaced of [
    guard('UPDATE OR DELETE OR TRUNCATE', 'WHEN (false)'),
    guard('TRUNCATE'),
    guard('UPDATE OF audit_id OR DELETE OR TRUNCATE'),
  ]) {
    await database.query(replaced)
    expect(await problems()).toEqual([
      'NOT_INSTALLED',
      'The audit of Tag is not as it should be in this database:',
      '  trigger append_only on audit."Tag_audit" is not as the audit makes it',
    ])
  }
  await database.query(guard('UPDATE OR DELETE OR TRUNCATE'))
  expect(await problems()).toEqual([])
  await database.query(`DROP TRIGGER audit_insert ON "My Orders";
    CREATE TRIGGER audit_insert AFTER INSERT ON "My Orders" REFERENCING NEW TABLE AS changed FOR EACH STATEMENT WHEN (false)
      EXECUTE FUNCTION audit."My Orders_audit_capture"()`)
  expect((await problems()).slice(2)).toEqual([
    '  trigger audit_insert on public."My Orders" is not as the audit makes it',
  ])
})

test('db push --force-reset takes the triggers away in silence: assertAuditInstalled says so until install has given them back', async () => {
  const audited = await useProject({ schema })
  const { database, project } = audited
  const reinstall = () => runWrapper(project.dir, database.url, ['install'])
  await project.prisma(['db', 'push'])
  await project.prisma(['generate'])
  expect(await reinstall()).toMatchObject({ exitCode: 0 })
  const problems = await asking(audited)
  expect(await problems()).toEqual([])
  expect((await project.prisma(['db', 'push', '--force-reset'])).stdout).toContain('now in sync')
  expect(await problems()).toEqual([
    'NOT_INSTALLED',
    'The audit of Order, Tag, _OrderToTag is not as it should be in this database:',
    ...['"My Orders"', '"Tag"', '"_OrderToTag"'].flatMap((table) =>
      ['delete', 'insert', 'key', 'truncate', 'update'].map(
        (event) => `  trigger audit_${event} on public.${table} is not there`,
      ),
    ),
  ])
  expect(await reinstall()).toMatchObject({ exitCode: 0 })
  expect(await problems()).toEqual([])
})
