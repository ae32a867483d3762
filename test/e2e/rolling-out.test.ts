import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createPrismaProject } from '../support/prisma-project.ts'
import { createTemplate, type Template } from '../support/test-database.ts'
import { type AuditedProject, generateMigration, useProject } from './main-path/audited-project.ts'

interface Schema {
  readonly settings?: string
  readonly missing?: 'record' | 'refuse'
  /** What stands in the model after its id and name. */
  readonly fields?: string
  readonly annotation?: string
  readonly more?: string
}

const schemaText = ({ settings = '"username String"', missing = 'refuse', ...rest }: Schema = {}) =>
  `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = [${settings}]
  missingSettings = "${missing}"
}

datasource db {
  provider = "postgresql"
}

/// ${rest.annotation ?? '@audit(enabled)'}
model Order {
  id   Int    @id @default(autoincrement())
  name String
${rest.fields ?? ''}
}
${rest.more ?? ''}`

const createOrder = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL,
  CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`

const addNote = 'ALTER TABLE "Order" ADD COLUMN "note" TEXT'
const dropNote = 'ALTER TABLE "Order" DROP COLUMN "note";'
const migrations = { '20240101000000_order': createOrder }
type Installed = { readonly migrations: Record<string, string>; readonly template: Template }
const installations = new Map<string, Promise<Installed>>()

/** The audit as `schema` says, generated and deployed: once, and copied for each test that starts from it. */
function installed(schema: string): Promise<Installed> {
  const made = installations.get(schema) ?? install(schema)
  installations.set(schema, made)
  return made
}

async function install(schema: string): Promise<Installed> {
  const texts: Record<string, string> = {}
  const template = await createTemplate(`rolling-out ${schema}`, async (databaseUrl) => {
    const project = await createPrismaProject({ schema, migrations, databaseUrl })
    await generateMigration(project)
    await project.prisma(['migrate', 'deploy'])
    for (const { name, sql } of await project.migrationFiles()) texts[name] = sql
    project.cleanup()
  })
  return { migrations: texts, template }
}

/** A project whose audit is deployed as `schema` says. */
async function deployed(schema: Schema): Promise<AuditedProject> {
  const text = schemaText(schema)
  return await useProject({ schema: text, ...(await installed(text)) })
}

/** Changes the schema, generates the audit's migration for it and deploys that. */
async function change({ project }: AuditedProject, schema: Schema) {
  await project.write('prisma/schema.prisma', schemaText(schema))
  const migration = await generateMigration(project)
  await project.prisma(['migrate', 'deploy'])
  return migration
}

/** A migration of the tables, as Prisma writes it for a change of the schema, without its audit. */
async function migrate({ project }: AuditedProject, name: string, sql: string): Promise<void> {
  const last = (await project.migrationFiles()).at(-1)?.name ?? ''
  const stamp = BigInt(last.slice(0, 14)) + 1n
  await project.write(`prisma/migrations/${stamp}_${name}/migration.sql`, sql)
  await project.prisma(['migrate', 'deploy'])
}

interface Writer {
  /** Writes at least once more, with whatever the server has by then. */
  next(): Promise<void>
  readonly written: string[]
  readonly refused: { readonly code: string; readonly message: string }[]
}

/** A running application on one connection of its own, that writes again and again; `username` if it knows one. */
async function startWriter(
  { database }: AuditedProject,
  version: string,
  username?: string,
): Promise<Writer> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  const written: string[] = []
  const refused: Writer['refused'] = []
  let stopped = false
  let rounds = 0
  const write = async () => {
    const name = `${version} ${rounds}`
    try {
      await client.query('BEGIN')
      if (username) await client.query("SELECT set_config('audit.username', $1, true)", [username])
      // A named statement, as an application has it: its plan outlives the deployment.
      const text = 'INSERT INTO "Order" (name) VALUES ($1)'
      await client.query({ name: 'add', text, values: [name] })
      await client.query('UPDATE "Order" SET name = name WHERE name = $1', [name])
      await client.query('COMMIT')
      written.push(name)
    } catch (error) {
      await client.query('ROLLBACK')
      refused.push({ code: Object(error).code, message: String(error) })
    }
    rounds += 1
  }
  const loop = (async () => {
    while (!stopped) {
      await write()
      await sleep(5)
    }
  })()
  onTestFinished(async () => {
    stopped = true
    await loop
    await client.end()
  })
  return {
    written,
    refused,
    async next() {
      const target = rounds + 2
      while (rounds < target) await sleep(2)
    },
  }
}

const history = async ({ database }: AuditedProject, columns: string) =>
  (await database.query(`SELECT ${columns} FROM audit."Order_audit" ORDER BY audit_id`)).map((row) =>
    Object.values(row)
      .map((value) => value ?? 'NULL')
      .join(' '),
  )

describe('an application that is in production', () => {
  test('old and new versions write side by side while the audit is deployed with record, then turned to refuse, then rolled back: no write fails before refuse', async () => {
    const audited = await useProject({ schema: schemaText({ missing: 'record' }), migrations })
    const { project, database } = audited
    await project.prisma(['migrate', 'deploy'])
    const old = await startWriter(audited, 'old')
    const current = await startWriter(audited, 'new', 'ann')
    const bothGoOn = () => Promise.all([old.next(), current.next()])
    await bothGoOn()

    await generateMigration(project)
    await project.prisma(['migrate', 'deploy'])
    await bothGoOn()
    expect([old.refused, current.refused]).toEqual([[], []])
    expect(new Set(await history(audited, "split_part(name, ' ', 1), audit_username"))).toEqual(
      new Set(['old NULL', 'new ann']),
    )

    const refuse = await change(audited, { missing: 'refuse' })
    await bothGoOn()
    const writtenByOld = old.written.length
    await bothGoOn()
    expect(old.written).toHaveLength(writtenByOld)
    expect(old.refused[0]).toMatchObject({ code: 'AU001' })
    expect(current.refused).toEqual([])
    expect(refuse.name).toMatch(/_audit_order_refuse_missing_settings$/)

    await database.query(await project.read(`prisma/migrations/${refuse.name}/down.sql`))
    const refused = old.refused.length
    await bothGoOn()
    // One write may have been under way.
    expect(old.refused.length).toBeLessThanOrEqual(refused + 1)
    expect(old.written.length).toBeGreaterThan(writtenByOld)
    expect(current.refused).toEqual([])
    expect(new Set(old.refused.map(({ code }) => code))).toEqual(new Set(['AU001']))
  })

  test('turning to refuse is one small migration that says which writes will be refused', async () => {
    const audited = await deployed({ missing: 'record' })
    await audited.project.write('prisma/schema.prisma', schemaText({ missing: 'refuse' }))
    const { stdout } = await audited.project.prisma(['generate'])
    expect(stdout).toContain('writes to "public"."Order" without audit.username will be refused')
    const [, , refuse] = await audited.project.migrationFiles()
    expect(refuse?.sql).toContain('"kind":"changeMissingSettings"')
    expect(refuse?.sql).not.toContain('CREATE TABLE')
    expect(refuse?.sql).not.toContain('CREATE TRIGGER')
  })
})

describe('a column', () => {
  test('added later is recorded from its audit migration on; writes in between never fail', async () => {
    const audited = await deployed({})
    const writer = await startWriter(audited, 'app', 'ann')
    await writer.next()
    const schema = { fields: '  note String @default("new")' }
    await migrate(audited, 'note', `${addNote} NOT NULL DEFAULT 'new';`)
    await writer.next()
    const migration = await change(audited, schema)
    await writer.next()
    expect(writer.refused).toEqual([])
    expect(migration.name).toMatch(/_audit_order_add_column_note$/)
    const notes = (await history(audited, 'note')).filter((note, n, all) => note !== all[n - 1])
    expect(notes).toEqual(['NULL', 'new'])
  })

  test('added by generate first waits: generate names the column and the commands, and writes nothing', async () => {
    const { project } = await deployed({})
    await project.write('prisma/schema.prisma', schemaText({ fields: '  note String?' }))
    const before = await project.migrationFiles()
    const { stdout } = await project.prisma(['generate'])
    expect(stdout).toContain('"public"."Order": no migration adds "note" yet')
    expect(stdout).toContain('Next: npx prisma migrate dev --name <name>, then npx prisma generate')
    expect(await project.migrationFiles()).toEqual(before)
  })

  test('dropped later: generate first keeps every write going, and the column stays in the history, retired', async () => {
    const audited = await deployed({})
    await migrate(audited, 'note', `${addNote} NOT NULL DEFAULT 'old';`)
    await change(audited, { fields: '  note String @default("old")' })
    const writer = await startWriter(audited, 'app', 'ann')
    await writer.next()
    const migration = await change(audited, {})
    expect(migration.name).toMatch(/_audit_order_retire_column_note$/)
    await writer.next()
    await migrate(audited, 'drop_note', dropNote)
    await writer.next()
    expect(writer.refused).toEqual([])
    const notes = (await history(audited, 'note')).filter((note, n, all) => note !== all[n - 1])
    expect(notes).toEqual(['old', 'NULL'])
  })

  test('dropped by Prisma first: writes are stopped, not lost, until the audit migration that generate then writes', async () => {
    const audited = await deployed({})
    await migrate(audited, 'note', `${addNote};`)
    await change(audited, { fields: '  note String?' })
    const writer = await startWriter(audited, 'app', 'ann')
    await writer.next()
    await migrate(audited, 'drop_note', dropNote)
    await writer.next()
    const migration = await change(audited, {})
    expect(migration.name).toMatch(/_audit_order_retire_column_note$/)
    const refused = writer.refused.length
    const written = writer.written.length
    await writer.next()
    expect(new Set(writer.refused.map(({ code }) => code))).toEqual(new Set(['42703']))
    expect(writer.refused.length).toBeLessThanOrEqual(refused + 1)
    expect(writer.written.length).toBeGreaterThan(written)
    // What was refused was not written either: the table and its history agree.
    const [counts] = await audited.database.query(
      `SELECT (SELECT count(*) FROM "Order")::int AS rows,
         (SELECT count(DISTINCT id) FROM audit."Order_audit")::int AS recorded`,
    )
    expect(counts).toEqual({ rows: counts?.recorded, recorded: counts?.recorded })
  })
})

describe('a setting', () => {
  test('added later as required: old rows stay legal, rows without it are refused from then on', async () => {
    const audited = await deployed({})
    const writer = await startWriter(audited, 'app', 'ann')
    await writer.next()
    const migration = await change(audited, { settings: '"username String", "ticket Int"' })
    await writer.next()
    expect(migration.name).toMatch(/_audit_order_add_setting_ticket$/)
    // All of them, also a writer that was waiting for a lock in the middle of the old function.
    expect(new Set(writer.refused.map(({ message }) => message))).toEqual(
      new Set(['error: a write to "public"."Order" needs the setting audit.ticket, which is not set']),
    )
    await audited.database.query(
      `BEGIN; SET LOCAL audit.username = 'ann'; SET LOCAL audit.ticket = '7';
       INSERT INTO "Order" (name) VALUES ('with ticket'); COMMIT`,
    )
    const tickets = (await history(audited, 'audit_ticket')).filter((ticket, n, all) => ticket !== all[n - 1])
    expect(tickets).toEqual(['NULL', '7'])
  })

  test('added later as optional: no write fails', async () => {
    const audited = await deployed({})
    const writer = await startWriter(audited, 'app', 'ann')
    await change(audited, { settings: '"username String", "reason String?"' })
    await writer.next()
    expect(writer.refused).toEqual([])
    expect(new Set(await history(audited, 'audit_username, audit_reason'))).toEqual(new Set(['ann NULL']))
  })
})

describe('a model', () => {
  test('enabled later gets a migration of its own, and the first one is not touched', async () => {
    const audited = await deployed({})
    const tag = (annotation: string) => `${annotation}\nmodel Tag {\n  name String @id\n}\n`
    await migrate(audited, 'tag', 'CREATE TABLE "Tag" ("name" TEXT PRIMARY KEY);')
    const [, first] = await audited.project.migrationFiles()
    const migration = await change(audited, { more: tag('/// @audit(enabled)') })
    expect(migration.name).toMatch(/_audit_tag$/)
    expect(migration.sql).not.toContain('Order')
    expect((await audited.project.migrationFiles())[1]).toEqual(first)
    await audited.database.query(
      `BEGIN; SET LOCAL audit.username = 'ann'; INSERT INTO "Tag" VALUES ('red'); COMMIT`,
    )
    expect(await audited.database.query('SELECT audit_username, name FROM audit."Tag_audit"')).toEqual([
      { audit_username: 'ann', name: 'red' },
    ])
  })

  test('disabled later is recorded no more and refuses nothing; its history stays, and goes on when it is enabled again', async () => {
    const audited = await deployed({})
    const add = (name: string) => audited.database.query('INSERT INTO "Order" (name) VALUES ($1)', [name])
    await expect(add('refused')).rejects.toThrow('needs the setting audit.username')
    const known = (name: string) =>
      audited.database.query(
        `BEGIN; SET LOCAL audit.username = 'ann'; INSERT INTO "Order" (name) VALUES ('${name}'); COMMIT`,
      )
    await known('before')
    const retire = await change(audited, { annotation: '@audit(disabled)' })
    expect(retire.name).toMatch(/_audit_order_retire$/)
    await add('unaudited')
    expect(await history(audited, 'name')).toEqual(['before'])
    const resume = await change(audited, {})
    expect(resume.name).toMatch(/_audit_order_resume$/)
    await known('after')
    expect(await history(audited, 'name')).toEqual(['before', 'after'])
  })
})

test('install is idempotent: running migration.sql a second time by hand changes nothing', async () => {
  const audited = await deployed({ settings: '"username String", "reason String?"' })
  const { database, project } = audited
  await database.query(
    `BEGIN; SET LOCAL audit.username = 'ann'; INSERT INTO "Order" (name) VALUES ('kept'); COMMIT`,
  )
  const objects = () =>
    database.query(
      `SELECT 'table' AS kind, oid::text, relname::text AS name, relacl::text AS detail FROM pg_class
         WHERE relnamespace = 'audit'::regnamespace
       UNION ALL SELECT 'function', oid::text, proname, prosrc || coalesce(proacl::text, '') FROM pg_proc
         WHERE pronamespace = 'audit'::regnamespace
       UNION ALL SELECT 'trigger', oid::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger
       UNION ALL SELECT 'column', attrelid::text, attname, attnum::text FROM pg_attribute
         WHERE attrelid = 'audit."Order_audit"'::regclass
       UNION ALL SELECT 'constraint', oid::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE conrelid = 'audit."Order_audit"'::regclass
       UNION ALL SELECT 'schema', oid::text, nspname, nspacl::text FROM pg_namespace WHERE nspname ~ '^audit'
       ORDER BY 1, 2, 3, 4`,
    )
  const [first, rows] = [await objects(), await history(audited, 'audit_id, name')]
  const [, migration] = await project.migrationFiles()
  await database.query(migration?.sql ?? '')
  expect(await objects()).toEqual(first)
  expect(await history(audited, 'audit_id, name')).toEqual(rows)
})
