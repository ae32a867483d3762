import { expect, test, vi } from 'vitest'
import { installedProject, type WrappedProject, wrappedProject } from './migrate/wrapped-project.ts'

vi.setConfig({ testTimeout: 240_000 })

const order = (...fields: readonly string[]) => `/// @audit(enabled)
model Order {
  id   Int    @id @default(autoincrement())
  ${fields.join('\n  ')}
}
`

async function write({ database }: WrappedProject, sql: string): Promise<void> {
  await database.query(`BEGIN; SELECT set_config('audit.username', 'ann', true); ${sql}; COMMIT`)
}

const history = ({ database }: WrappedProject, ...columns: readonly string[]) =>
  database.query(
    `SELECT audit_operation AS op, ${columns.join(', ')} FROM audit."Order_audit" ORDER BY audit_id`,
  )

test('a project that uses db push is audited by install, again after each push, and Prisma leaves it alone', async () => {
  const wrapped = await wrappedProject(order('total Int', 'note String?'))
  const { project, audit } = wrapped
  await project.prisma(['db', 'push'])
  expect(await audit(['status'])).toMatchObject({ exitCode: 1 })
  const first = await audit(['install'])
  expect([first.exitCode, first.stdout, first.stderr]).toEqual([
    0,
    expect.stringMatching(/^audit: 1 history is installed/),
    '',
  ])
  await write(wrapped, `INSERT INTO "Order" (total, note) VALUES (7, 'a')`)
  // A column comes, one goes, one gets a type that its history cannot hold.
  await wrapped.models(order('total String', 'more Boolean?'))
  await project.prisma(['db', 'push', '--accept-data-loss'])
  const outdated = await audit(['status'])
  expect(outdated.stdout).toContain('column "total" of table "audit"."Order_audit" is integer, and not text')
  expect((await audit(['install'])).exitCode).toBe(0)
  await write(wrapped, `INSERT INTO "Order" (total, more) VALUES ('much', true)`)
  expect(await history(wrapped, 'total', 'total__2', 'note', 'more')).toEqual([
    { op: 'I', total: null, total__2: 7, note: 'a', more: null },
    { op: 'I', total: 'much', total__2: null, note: null, more: true },
  ])
  expect((await project.prisma(['db', 'push'])).stdout).toContain('in sync')
  expect(await project.migrationFiles()).toEqual([])
})

const tables = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "total" INTEGER NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`
const installed = () => installedProject(order('total Int'), tables)

test('--dry-run prints what would be run and runs nothing; without a finding there is nothing to run', async () => {
  const wrapped = await installed()
  const { audit, database } = wrapped
  expect(await audit(['install', '--dry-run'])).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  await database.query('ALTER TABLE "Order" DISABLE TRIGGER audit_insert')
  const dry = await audit(['install', '--dry-run'])
  expect([dry.exitCode, dry.stdout]).toEqual([
    1,
    expect.stringContaining('ALTER TABLE "public"."Order" ENABLE TRIGGER "audit_insert";'),
  ])
  expect((await audit(['status'])).exitCode).toBe(1)
  await database.query(dry.stdout)
  expect((await audit(['status'])).exitCode).toBe(0)
})

test('--print needs no database, and what it prints makes the whole audit, twice', async () => {
  const wrapped = await installed()
  const { audit, database } = wrapped
  const printed = await audit(['install', '--print'], { env: { DATABASE_URL: undefined } })
  expect(printed.exitCode).toBe(0)
  await database.query('DROP SCHEMA audit CASCADE')
  await database.query(printed.stdout)
  await database.query(printed.stdout)
  await write(wrapped, 'INSERT INTO "Order" (total) VALUES (1)')
  expect(await history(wrapped, 'total')).toEqual([{ op: 'I', total: 1 }])
})

test('uninstall takes triggers and functions away and keeps the history, and install brings them back', async () => {
  const wrapped = await installed()
  const { audit } = wrapped
  await write(wrapped, 'INSERT INTO "Order" (total) VALUES (1)')
  expect(await audit(['uninstall'])).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: 'audit: no table is captured any more; the histories are kept\n',
  })
  await write(wrapped, 'INSERT INTO "Order" (total) VALUES (2)')
  await expect(write(wrapped, 'DELETE FROM audit."Order_audit"')).rejects.toThrow('append-only')
  await wrapped.database.query('ROLLBACK')
  expect((await audit(['status'])).exitCode).toBe(1)
  expect((await audit(['install'])).exitCode).toBe(0)
  await write(wrapped, 'INSERT INTO "Order" (total) VALUES (3)')
  expect(await history(wrapped, 'total')).toEqual([
    { op: 'I', total: 1 },
    { op: 'I', total: 3 },
  ])
})

test('a database that refuses says so, and what was done before stays', async () => {
  const { audit, database } = await installed()
  const role = `install_${Date.now()}`
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'; DROP TRIGGER audit_insert ON "Order"`)
  try {
    const url = new URL(database.url)
    url.username = role
    url.password = 'secret'
    expect(await audit(['install', '--url', url.href])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/^The database refuses: permission denied|must be owner/),
    })
    expect((await audit(['install'])).exitCode).toBe(0)
  } finally {
    await database.query(`DROP ROLE ${role}`)
  }
})
