import { rmSync } from 'node:fs'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/test-database.ts'
import { type AuditedProject, generateMigration, useProject } from './main-path/audited-project.ts'

// Each test runs the command line several times.
vi.setConfig({ testTimeout: 300_000 })

const schema = (fields: string) => `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Order {
  id    Int    @id @default(autoincrement())
  name  String
${fields}
}
`
const before = schema('  total Int @default(0)\n  note  String?')
const after = schema('  total BigInt @default(0)\n  state String?')
const init = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "total" INTEGER NOT NULL DEFAULT 0, "note" TEXT,
  CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`
const change = `ALTER TABLE "Order" DROP COLUMN "note", ADD COLUMN "state" TEXT, ALTER COLUMN "total" SET DATA TYPE BIGINT;\n`

/** A live database whose audit table has a retired column, and one that was set aside for another type. */
async function useLive(): Promise<AuditedProject> {
  const audited = await useProject({ schema: before, migrations: { '20240101000000_init': init } })
  const { project, database } = audited
  await generateMigration(project)
  await project.prisma(['migrate', 'deploy'])
  await database.query(`BEGIN; SET LOCAL audit.username = 'ann';
    INSERT INTO "Order" (name, total, note) VALUES ('old', 7, 'from before'); COMMIT`)
  const [, first] = await project.migrationFiles()
  const time = String(Number(first?.name.slice(0, 14)) + 1)
  await project.write(`prisma/migrations/${time}_change/migration.sql`, change)
  await project.write('prisma/schema.prisma', after)
  await generateMigration(project)
  await project.prisma(['migrate', 'deploy'])
  return audited
}

/** Writes without a pause until it is stopped; every write must succeed. */
function startWriters({ pool }: TestDatabase) {
  const writers = pool({ max: 3 })
  let isStopped = false
  const written: string[] = []
  const failures: unknown[] = []
  const loops = ['a', 'b', 'c'].map(async (writer) => {
    for (let number = 1; !isStopped; number += 1) {
      const name = `${writer}${number}`
      const text = `BEGIN; SET LOCAL audit.username = 'writer'; INSERT INTO "Order" (name) VALUES ('${name}'); COMMIT`
      const client = await writers.connect()
      try {
        await client.query(text)
        written.push(name)
      } catch (error) {
        failures.push(error)
        await client.query('ROLLBACK')
      } finally {
        client.release()
      }
      await new Promise((done) => setTimeout(done, 20))
    }
  })
  return async () => {
    isStopped = true
    await Promise.all(loops)
    return { written: written.sort(), failures }
  }
}

const identity = `SELECT 'audit."Order_audit"'::regclass::oid AS table, 'audit'::regnamespace::oid AS schema`

async function expectAdopted(
  { database, project }: AuditedProject,
  stop: ReturnType<typeof startWriters>,
  identities: unknown,
) {
  const { written, failures } = await stop()
  expect(failures).toEqual([])
  expect(written.length).toBeGreaterThan(10)
  const recorded = await database.query(
    `SELECT name FROM audit."Order_audit" WHERE audit_username = 'writer' AND audit_operation = 'I'`,
  )
  expect(recorded.map(({ name }) => name).sort()).toEqual(written)
  expect(await database.query(identity)).toEqual(identities)
  expect(await database.query(`SELECT nspname FROM pg_namespace WHERE nspname ~ '^audit'`)).toEqual([
    { nspname: 'audit' },
  ])
  expect(
    await database.query(`SELECT name, note, total, total__2 FROM audit."Order_audit" WHERE name = 'old'`),
  ).toEqual([{ name: 'old', note: 'from before', total: null, total__2: 7 }])
  // Nothing is left to do.
  const folder = await project.migrationFiles()
  await project.prisma(['generate'])
  expect(await project.migrationFiles()).toEqual(folder)
  expect((await project.prisma(['migrate', 'deploy'])).stdout).toContain('No pending migrations to apply.')
}

describe('a live audit schema is adopted, never renamed, with writers that never stop', () => {
  test('a squashed folder: one migration from nothing, marked as applied, and a new audit migration', async () => {
    const audited = await useLive()
    const { project, database } = audited
    const identities = await database.query(identity)
    const to = ['--from-empty', '--to-schema', project.schemaPath, '--script']
    const { stdout: script } = await project.prisma(['migrate', 'diff', ...to])
    const sql = script.slice(script.indexOf('-- '))
    rmSync(`${project.dir}/prisma/migrations`, { recursive: true })
    await project.write('prisma/migrations/20250101000000_squashed/migration.sql', sql)
    await project.write('prisma/migrations/migration_lock.toml', 'provider = "postgresql"\n')
    const stop = startWriters(database)
    await project.prisma(['migrate', 'resolve', '--applied', '20250101000000_squashed'])
    await generateMigration(project)
    await project.prisma(['migrate', 'deploy'])
    await expectAdopted(audited, stop, identities)

    // The squashed folder builds a database from nothing, too.
    const fresh = await createDatabase()
    afterAll(() => fresh.drop())
    await project.prisma(['migrate', 'deploy'], { env: { DATABASE_URL: fresh.url } })
    await fresh.query(
      `BEGIN; SET LOCAL audit.username = 'ann'; INSERT INTO "Order" (name) VALUES ('new'); COMMIT`,
    )
    expect(await fresh.query(`SELECT name FROM audit."Order_audit"`)).toEqual([{ name: 'new' }])
  })

  test('a lost _prisma_migrations: every migration is marked as applied, those of the audit too', async () => {
    const audited = await useLive()
    const { project, database } = audited
    const identities = await database.query(identity)
    const stop = startWriters(database)
    await database.query('DROP TABLE "_prisma_migrations"')
    const { stderr } = await project.prisma(['migrate', 'deploy'], { expectFailure: true })
    expect(stderr).toContain('P3005')
    for (const { name } of await project.migrationFiles()) {
      await project.prisma(['migrate', 'resolve', '--applied', name])
    }
    await expectAdopted(audited, stop, identities)
  })

  test('an audit migration that runs again on a table that has gone on stops before it changes anything', async () => {
    const audited = await useLive()
    const { project, database } = audited
    const identities = await database.query(identity)
    const stop = startWriters(database)
    const [, installed] = await project.migrationFiles()
    await database.query(`DELETE FROM "_prisma_migrations" WHERE migration_name = '${installed?.name}'`)
    const { stderr } = await project.prisma(['migrate', 'deploy'], { expectFailure: true })
    expect(stderr).toContain('table "public"."Order" is to be audited and lacks the columns note')
    await project.prisma(['migrate', 'resolve', '--applied', installed?.name ?? ''])
    await expectAdopted(audited, stop, identities)
  })
})
