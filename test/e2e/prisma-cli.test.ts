import { expect, onTestFinished, test } from 'vitest'
import { createDatabaseOn } from '../support/database.ts'
import { startEmbeddedServer } from '../support/embedded-server.ts'
import { createPrismaProject, type PrismaProjectOptions } from '../support/prisma-project.ts'
import { createDatabase } from '../support/test-database.ts'

const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

datasource db {
  provider = "postgresql"
}

model Author {
  id    Int    @id @default(autoincrement())
  name  String
  mood  Mood   @default(CALM)
  books Book[]
}

model Book {
  id       Int    @id
  author   Author @relation(fields: [authorId], references: [id], onDelete: Cascade)
  authorId Int
}

enum Mood {
  CALM
  CROSS
}
`

const createNote = 'CREATE TABLE "Note" ("id" INTEGER NOT NULL, CONSTRAINT "Note_pkey" PRIMARY KEY ("id"));\n'
const noteSchema = 'datasource db {\n  provider = "postgresql"\n}\n\nmodel Note {\n  id Int @id\n}\n'

/** A database and a project that go with the test. */
async function setUp(options: Omit<PrismaProjectOptions, 'databaseUrl'>) {
  const database = await createDatabase()
  const project = await createPrismaProject({ ...options, databaseUrl: database.url })
  onTestFinished(async () => {
    project.cleanup()
    await database.drop()
  })
  const tables = async () => {
    const sql = `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
      WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`
    return (await database.query<{ name: string }>(sql)).map((row) => row.name)
  }
  return { database, project, tables }
}

test('generate writes a client that a test can import and use, in both generators', async () => {
  const both = `${schema}\ngenerator js {\n  provider = "prisma-client-js"\n  output   = "../generated/js"\n}\n`
  const { project, database } = await setUp({ schema: both })
  await project.prisma(['generate'])
  await project.prisma(['db', 'push'])
  const { PrismaPg } = await import('@prisma/adapter-pg')
  for (const path of ['generated/client/client.ts', 'generated/js/index.js']) {
    const { PrismaClient } = await project.importModule<{ PrismaClient: new (options: object) => Client }>(
      path,
    )
    const client = new PrismaClient({ adapter: new PrismaPg(database.url) })
    await client.author.create({ data: { name: path } })
    await client.$disconnect()
  }
  expect(await database.query('SELECT name, mood::text FROM "Author" ORDER BY id')).toEqual([
    { name: 'generated/client/client.ts', mood: 'CALM' },
    { name: 'generated/js/index.js', mood: 'CALM' },
  ])
})

type Client = { author: { create(input: object): Promise<unknown> }; $disconnect(): Promise<void> }

test('migrate dev creates and applies a migration, and a second run finds nothing to do', async () => {
  const { project, tables } = await setUp({ schema })
  const first = await project.prisma(['migrate', 'dev', '--name', 'first'])
  expect(first.stdout).toContain('Your database is now in sync with your schema.')
  const migrations = await project.migrationFiles()
  expect(migrations.map((migration) => migration.name)).toEqual([expect.stringMatching(/^\d{14}_first$/)])
  expect(migrations[0]?.sql).toContain('CREATE TABLE "Book"')
  expect(await tables()).toEqual(['public.Author', 'public.Book', 'public._prisma_migrations'])
  const second = await project.prisma(['migrate', 'dev', '--name', 'second'])
  expect(second.stdout).toContain('Already in sync, no schema change or pending migration was found.')
  expect(await project.migrationFiles()).toEqual(migrations)
})

test('migrate dev applies pending migrations first and then writes what the schema adds to them', async () => {
  const { project, tables } = await setUp({
    schema: `${noteSchema}\nmodel Extra {\n  id Int @id\n}\n`,
    migrations: { '20240101000000_note': createNote },
  })
  await project.prisma(['migrate', 'dev', '--name', 'extra'])
  const [, extra] = await project.migrationFiles()
  expect(extra?.sql).toContain('CREATE TABLE "Extra"')
  expect(extra?.sql).not.toContain('"Note"')
  expect(await tables()).toEqual(['public.Extra', 'public.Note', 'public._prisma_migrations'])
})

test('migrate dev --create-only writes a draft and applies nothing', async () => {
  const { project, tables } = await setUp({ schema })
  await project.prisma(['migrate', 'dev', '--create-only', '--name', 'draft'])
  expect(await project.migrationFiles()).toHaveLength(1)
  expect(await tables()).not.toContain('public.Book')
  await project.prisma(['migrate', 'dev'])
  expect(await tables()).toContain('public.Book')
  expect(await project.migrationFiles()).toHaveLength(1)
})

test('migrate deploy applies what is pending, and status tells pending from up to date', async () => {
  const { project, tables } = await setUp({
    schema: noteSchema,
    migrations: { '20240101000000_note': createNote },
  })
  const pending = await project.prisma(['migrate', 'status'], { expectFailure: true })
  expect(pending.stdout).toContain('Following migration have not yet been applied:\n20240101000000_note')
  const deployed = await project.prisma(['migrate', 'deploy'])
  expect(deployed.stdout).toContain('All migrations have been successfully applied.')
  expect(await tables()).toEqual(['public.Note', 'public._prisma_migrations'])
  expect((await project.prisma(['migrate', 'deploy'])).stdout).toContain('No pending migrations to apply.')
  expect((await project.prisma(['migrate', 'status'])).stdout).toContain('Database schema is up to date!')
})

test('a database that does not exist yet is created', async () => {
  const { project, database } = await setUp({
    schema: noteSchema,
    migrations: { '20240101000000_note': createNote },
  })
  await database.drop()
  await project.prisma(['migrate', 'deploy'])
  const again = await project.prisma(['migrate', 'status'])
  expect(again.stdout).toContain('Database schema is up to date!')
})

test('a failing statement is reported with its SQLSTATE, its words and its line, and rolls its file back', async () => {
  const name = '20240101000000_note'
  const broken = `${createNote}-- é is two bytes\nINSERT INTO "Missing" VALUES (1);\n`
  const { project, database, tables } = await setUp({ schema: noteSchema, migrations: { [name]: broken } })
  const { stderr } = await project.prisma(['migrate', 'deploy'], { expectFailure: true })
  expect(stderr).toContain('Error: P3018')
  expect(stderr).toContain(`Migration name: ${name}\n\nDatabase error code: 42P01`)
  expect(stderr).toContain('ERROR: relation "Missing" does not exist')
  expect(stderr).toContain('  3 INSERT INTO "Missing" VALUES (1);\n')
  expect(await tables()).toEqual(['public._prisma_migrations'])
  const [record] = await database.query('SELECT finished_at, logs FROM _prisma_migrations')
  expect(record).toMatchObject({ finished_at: null, logs: expect.stringContaining('42P01') })
})

test('a failed migration is named by status, blocks deploy, and is resolved by migrate resolve', async () => {
  const name = '20240101000000_note'
  const { project, tables } = await setUp({
    schema: noteSchema,
    migrations: { [name]: 'SELECT 1 / 0;' },
  })
  await project.prisma(['migrate', 'deploy'], { expectFailure: true })
  const status = await project.prisma(['migrate', 'status'], { expectFailure: true })
  expect(status.stderr).toContain(`Following migration have failed:\n${name}`)
  const blocked = await project.prisma(['migrate', 'deploy'], { expectFailure: true })
  expect(blocked.stderr).toContain('P3009')
  await project.prisma(['migrate', 'resolve', '--rolled-back', name])
  await project.write(`prisma/migrations/${name}/migration.sql`, createNote)
  await project.prisma(['migrate', 'deploy'])
  expect(await tables()).toContain('public.Note')
})

test('migrate resolve --applied records a migration without running it', async () => {
  const { project, tables } = await setUp({
    schema: noteSchema,
    migrations: { '20240101000000_note': createNote },
  })
  await project.prisma(['migrate', 'resolve', '--applied', '20240101000000_note'])
  expect(await tables()).toEqual(['public._prisma_migrations'])
  expect((await project.prisma(['migrate', 'status'])).stdout).toContain('Database schema is up to date!')
})

test('a bare COMMIT keeps the sections before it, and the true error is reported', async () => {
  const { project, tables, database } = await setUp({
    schema: noteSchema,
    migrations: { '20240101000000_m': `${createNote}COMMIT;\nCREATE TABLE half ();\nSELECT 1 / 0;\n` },
  })
  const { stderr } = await project.prisma(['migrate', 'deploy'], { expectFailure: true })
  expect(stderr).toContain('Database error code: 22012')
  expect(await tables()).toEqual(['public.Note', 'public._prisma_migrations'])
  expect(await database.query('SELECT logs LIKE $1 AS told FROM _prisma_migrations', ['%22012%'])).toEqual([
    { told: true },
  ])
})

test('a BEGIN block that fails leaves the connection aborted, which hides the true error', async () => {
  const { project, database } = await setUp({
    schema: noteSchema,
    migrations: { '20240101000000_m': `BEGIN;\n${createNote}SELECT 1 / 0;\nCOMMIT;\n` },
  })
  const { stderr } = await project.prisma(['migrate', 'deploy'], { expectFailure: true })
  expect(stderr).toContain('current transaction is aborted')
  expect(await database.query('SELECT logs FROM _prisma_migrations')).toEqual([{ logs: null }])
})

test('a function body keeps its semicolons', async () => {
  const body = `CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE result int;
BEGIN
  result := n * 2; -- a comment; with a semicolon
  RETURN result;
END
$$;
`
  const { project, database } = await setUp({
    schema: noteSchema,
    migrations: { '20240101000000_note': createNote, '20240102000000_twice': body },
  })
  await project.prisma(['migrate', 'deploy'])
  expect(await database.query('SELECT twice(21) AS answer')).toEqual([{ answer: 42 }])
  expect((await project.prisma(['migrate', 'dev'])).stdout).toContain('Already in sync')
})

test('a replay that fails on the shadow database shows the words of PostgreSQL', async () => {
  const raise = `DO $$ BEGIN RAISE EXCEPTION 'who are you?' USING ERRCODE = 'AU001', HINT = 'say it'; END $$;`
  const { project } = await setUp({ schema: noteSchema, migrations: { '20240101000000_note': raise } })
  const { stderr } = await project.prisma(['migrate', 'dev'], { expectFailure: true })
  expect(stderr).toContain('Error: P3006')
  expect(stderr).toContain('`20240101000000_note` failed to apply cleanly to the shadow database')
  expect(stderr).toContain('Database error code: AU001\n\nDatabase error:\nERROR: who are you?\nHINT: say it')
})

test('no shadow database is left behind, not by a replay that fails either', async () => {
  // A server of its own: on the shared one, other tests have shadow databases at any time.
  const server = await startEmbeddedServer()
  onTestFinished(() => server.stop())
  const database = await createDatabaseOn({ url: server.url, prefix: 'alone' })
  const project = await createPrismaProject({
    schema: noteSchema,
    databaseUrl: database.url,
    migrations: { '20240101000000_note': 'SELECT 1 / 0;' },
  })
  onTestFinished(project.cleanup)
  await project.prisma(['migrate', 'dev'], { expectFailure: true })
  await project.write('prisma/migrations/20240101000000_note/migration.sql', createNote)
  await project.prisma(['migrate', 'dev'])
  const rows = await database.query('SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1')
  expect(rows).toEqual([{ datname: database.name }, { datname: 'postgres' }])
  await database.drop()
})

test('migrate diff prints the SQL, and --exit-code tells a difference from none', async () => {
  const { project } = await setUp({ schema: noteSchema })
  const toSchema = ['--to-schema', project.schemaPath]
  const script = await project.prisma(['migrate', 'diff', '--from-empty', ...toSchema, '--script'])
  expect(script.stdout).toContain('CREATE TABLE "Note"')
  const compare = ['migrate', 'diff', '--from-config-datasource', ...toSchema, '--exit-code']
  expect((await project.prisma(compare, { expectFailure: true })).exitCode).toBe(2)
  await project.prisma(['db', 'push'])
  expect((await project.prisma(compare)).stdout).toContain('No difference detected.')
})

test('migrate reset applies everything anew and leaves a schema that Prisma does not know', async () => {
  const { project, database, tables } = await setUp({
    schema: noteSchema,
    migrations: { '20240101000000_note': `${createNote}CREATE SCHEMA IF NOT EXISTS audit;\n` },
  })
  await project.prisma(['migrate', 'deploy'])
  await database.query('CREATE TABLE audit.kept (); INSERT INTO "Note" VALUES (1)')
  await project.prisma(['migrate', 'reset', '--force'])
  expect(await database.query('SELECT * FROM "Note"')).toEqual([])
  expect(await tables()).toEqual(['audit.kept', 'public.Note', 'public._prisma_migrations'])
})

test('a given shadow database is emptied of what Prisma knows and of nothing else', async () => {
  const shadow = await createDatabase()
  onTestFinished(() => shadow.drop())
  await shadow.query('CREATE TABLE old (); CREATE SCHEMA audit; CREATE TABLE audit.kept ()')
  const { project } = await setUp({ schema: noteSchema, shadowDatabaseUrl: shadow.url })
  await project.prisma(['migrate', 'dev', '--name', 'note'])
  await project.prisma(['migrate', 'dev'])
  expect(
    await shadow.query("SELECT to_regclass('old') AS old, to_regclass('audit.kept')::text AS kept"),
  ).toEqual([{ old: null, kept: 'audit.kept' }])
  await project.write('prisma/migrations/20990101000000_audit/migration.sql', 'CREATE SCHEMA audit;\n')
  const { stderr } = await project.prisma(['migrate', 'dev'], { expectFailure: true })
  expect(stderr).toContain('schema "audit" already exists')
})

test('every schema that the datasource names is emptied in a given shadow database', async () => {
  const shadow = await createDatabase()
  onTestFinished(() => shadow.drop())
  const two = `datasource db {\n  provider = "postgresql"\n  schemas  = ["public", "second"]\n}\n
model Note {\n  id Int @id\n\n  @@schema("second")\n}\n`
  const { project, tables } = await setUp({ schema: two, shadowDatabaseUrl: shadow.url })
  await project.prisma(['migrate', 'dev', '--name', 'note'])
  expect(await tables()).toEqual(['public._prisma_migrations', 'second.Note'])
  expect((await project.prisma(['migrate', 'dev'])).stdout).toContain('Already in sync')
})

test('the schema that the connection string names is the one that is migrated', async () => {
  const { project, database, tables } = await setUp({ schema: noteSchema })
  const env = { DATABASE_URL: `${database.url}?schema=Odd%20name` }
  await project.prisma(['migrate', 'dev', '--name', 'note'], { env })
  expect(await tables()).toEqual(['Odd name.Note', 'Odd name._prisma_migrations'])
  expect((await project.prisma(['migrate', 'dev'], { env })).stdout).toContain('Already in sync')
})

test('a password with reserved characters reaches PostgreSQL', async () => {
  const { project, database } = await setUp({ schema: noteSchema })
  const role = `${database.name}_role`
  await database.query(`CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'p@ss:w/%?#'`)
  const url = new URL(database.url)
  url.username = role
  url.password = encodeURIComponent('p@ss:w/%?#')
  const right = await project.prisma(['db', 'push'], { env: { DATABASE_URL: url.href } })
  url.password = 'wrong'
  const wrong = await project.prisma(['db', 'push'], {
    env: { DATABASE_URL: url.href },
    expectFailure: 'allow',
  })
  await database.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`)
  expect(right.stdout).toContain('Your database is now in sync')
  expect(wrong).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('P1000') })
})

test('db seed runs the seed command with the connection string', async () => {
  const { project, database } = await setUp({
    schema: noteSchema,
    seed: 'node seed.js',
    files: {
      'seed.js': `import pg from 'pg'
const client = new pg.Client(process.env.DATABASE_URL)
await client.connect()
await client.query('INSERT INTO "Note" VALUES (7)')
await client.end()
`,
    },
  })
  await project.prisma(['db', 'push'])
  await project.prisma(['db', 'seed'])
  expect(await database.query('SELECT id FROM "Note"')).toEqual([{ id: 7 }])
})

test('db execute runs a file of several statements, a function body among them', async () => {
  const script = `CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
CREATE TABLE made AS SELECT one() AS n;
`
  const { project, database } = await setUp({ schema: noteSchema, files: { 'script.sql': script } })
  await project.prisma(['db', 'execute', '--file', 'script.sql'])
  expect(await database.query('SELECT n FROM made')).toEqual([{ n: 1 }])
})

test('a multi-file schema folder is one schema', async () => {
  const { project, tables } = await setUp({
    schema: {
      'base.prisma': 'datasource db {\n  provider = "postgresql"\n}\n',
      'models/a.prisma': 'model A {\n  id Int @id\n  b  B[]\n}\n',
      'models/b.prisma':
        'model B {\n  id  Int @id\n  a   A   @relation(fields: [aId], references: [id])\n  aId Int\n}\n',
    },
  })
  await project.prisma(['migrate', 'dev', '--name', 'both'])
  expect(await tables()).toEqual(['public.A', 'public.B', 'public._prisma_migrations'])
})

test('two projects migrate two databases at the same time', async () => {
  const both = await Promise.all([setUp({ schema }), setUp({ schema: noteSchema })])
  await Promise.all(both.map(({ project }) => project.prisma(['migrate', 'dev', '--name', 'init'])))
  expect(await both[0].tables()).toEqual(['public.Author', 'public.Book', 'public._prisma_migrations'])
  expect(await both[1].tables()).toEqual(['public.Note', 'public._prisma_migrations'])
})
