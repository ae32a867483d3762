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
  // So does what --print prints, though a schema without triggers looks as if it were left over.
  expect((await audit(['uninstall'])).exitCode).toBe(0)
  await wrapped.database.query((await audit(['install', '--print'])).stdout)
  expect((await audit(['status'])).exitCode).toBe(0)
  await write(wrapped, 'INSERT INTO "Order" (total) VALUES (4)')
  expect(await history(wrapped, 'total')).toEqual([
    { op: 'I', total: 1 },
    { op: 'I', total: 3 },
    { op: 'I', total: 4 },
  ])
})

test('uninstall --dry-run and --print run nothing; what they print does it, once or twice, and so does uninstall', async () => {
  const wrapped = await installed()
  const { audit, database } = wrapped
  const printed = await audit(['uninstall', '--print'], { env: { DATABASE_URL: undefined } })
  expect([printed.exitCode, printed.stderr]).toEqual([0, ''])
  expect(printed.stdout).toContain('DROP FUNCTION IF EXISTS "audit"."Order_audit_capture"()')
  expect(await audit(['uninstall', '--dry-run'])).toEqual(printed)
  expect((await audit(['status'])).exitCode).toBe(0)
  await write(wrapped, 'INSERT INTO "Order" (total) VALUES (1)')
  const left = () =>
    database.query(`SELECT t.tgname AS name FROM pg_trigger AS t WHERE t.tgrelid = '"Order"'::regclass AND NOT t.tgisinternal
      UNION ALL SELECT f.proname FROM pg_proc AS f WHERE f.pronamespace = 'audit'::regnamespace AND f.proname LIKE 'Order%'`)
  for (const _ of ['once', 'twice']) {
    await database.query(printed.stdout)
    expect(await left()).toEqual([])
  }
  expect((await audit(['install'])).exitCode).toBe(0)
  for (const _ of ['once', 'twice']) {
    expect(await audit(['uninstall'])).toMatchObject({ exitCode: 0, stdout: '' })
    expect(await left()).toEqual([])
  }
  await write(wrapped, 'INSERT INTO "Order" (total) VALUES (2)')
  expect(await history(wrapped, 'total')).toEqual([{ op: 'I', total: 1 }])
  expect((await audit(['install'])).exitCode).toBe(0)
})

test('a column of another type is exchanged at once or not at all: while a reader is in the way, no write fails', async () => {
  const two = (type: string) =>
    ['Item', 'Order']
      .map(
        (name) =>
          `/// @audit(enabled)\nmodel ${name} {\n  id Int @id @default(autoincrement())\n  total ${type}\n}\n`,
      )
      .join('')
  const wrapped = await wrappedProject(two('Int'))
  const { audit, project, database } = wrapped
  await project.prisma(['db', 'push'])
  await audit(['install'])
  await wrapped.models(two('BigInt'))
  await project.prisma(['db', 'push'])
  const reader = await database.pool({ max: 1 }).connect()
  try {
    await reader.query('BEGIN; SELECT count(*) FROM audit."Order_audit"')
    expect(await audit(['install'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('lock timeout'),
    })
    for (const name of ['Item', 'Order']) await write(wrapped, `INSERT INTO "${name}" (total) VALUES (7)`)
    await reader.query('COMMIT')
  } finally {
    reader.release()
  }
  expect((await audit(['install'])).exitCode).toBe(0)
  await write(wrapped, 'INSERT INTO "Order" (total) VALUES (8)')
  expect(await history(wrapped, 'coalesce(total, total__2) AS total')).toEqual([
    { op: 'I', total: '7' },
    { op: 'I', total: '8' },
  ])
})

test('names that need quotes are quoted in what is run and in what is said', async () => {
  const odd = `he said "x"'s; --`
  const { audit, database } = await installedProject(
    `/// @audit(enabled, table: "it's", trigger: "a'b {operation}")
model Order {
  id Int @id
  @@map("Order's")
}
`,
    `CREATE TABLE "Order's" ("id" INTEGER NOT NULL, CONSTRAINT "Order's_pkey" PRIMARY KEY ("id"));\n`,
  )
  const role = `${odd} ${Date.now()}`
  const quoted = `"${role.replaceAll('"', '""')}"`
  await database.query(`CREATE ROLE ${quoted}`)
  try {
    await database.query(`INSERT INTO audit."it's" (audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id, audit_username, id)
      VALUES ('I', now(), now(), 'x', 1, 'ann', 1), ('I', now(), now(), 'x', 1, 'ann', 2);
      SELECT setval(pg_get_serial_sequence('audit."it''s"', 'audit_id'), 1);
      GRANT INSERT ON audit."it's" TO ${quoted}; GRANT EXECUTE ON FUNCTION audit."Order's_audit_capture"() TO ${quoted};
      GRANT CREATE ON SCHEMA audit TO ${quoted};
      ALTER TABLE "Order's" DISABLE TRIGGER USER; ALTER FUNCTION audit."Order's_audit_key"() OWNER TO ${quoted}`)
    const found = await audit(['status'])
    expect(found.exitCode).toBe(1)
    expect(found.stdout).toContain(`FROM ${quoted} CASCADE;`)
    // Who of two should be the owner, only a person knows.
    const owner = /ALTER ROUTINE "audit"\."Order's_audit_key"\(\) OWNER TO "\w+";/.exec(found.stdout)?.[0]
    expect(await audit(['install'])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining(owner ?? '?'),
    })
    await database.query(owner ?? '')
    const { exitCode, stdout, stderr } = await audit(['install'])
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toContain('1 history is installed')
  } finally {
    await database.query(`DROP OWNED BY ${quoted} CASCADE; DROP ROLE ${quoted}`)
  }
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
