import { expect, test, vi } from 'vitest'
import { EMPTY_STATE } from '../../packages/generator/src/state/database-state.ts'
import { parseHeaders, renderPart } from '../../packages/generator/src/state/part-header.ts'
import { stateHash } from '../../packages/generator/src/state/state-hash.ts'
import { runAudit } from '../support/audit-command.ts'
import type { TestDatabase } from '../support/test-database.ts'
import { generateMigration, useProject } from './main-path/audited-project.ts'

// Each test runs the command line several times.
vi.setConfig({ testTimeout: 300_000 })

const schema = `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Order {
  id   Int    @id @default(autoincrement())
  name String
}

/// @audit(enabled)
model Item {
  id   Int    @id @default(autoincrement())
  name String
}
`
const create = (name: string) =>
  `CREATE TABLE "${name}" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "${name}_pkey" PRIMARY KEY ("id"));\n`
const OLDER = '-- of_an_older_version\n'

/** The audit migration as a generator of an older SQL version would have written it: other text in each function. */
function older(sql: string): string {
  const [part] = parseHeaders(sql).parts
  const steps = (part?.steps ?? []).map((step) =>
    step.kind === 'createSchema' ? { ...step, sqlVersion: 0 } : step,
  )
  const body = sql.slice(sql.indexOf('\n\n') + 2)
  const text = body.replaceAll('AS $audit$\n', (head) => head + OLDER)
  expect(text).not.toBe(body)
  return renderPart(stateHash(EMPTY_STATE), steps, text)
}

/** Writes both tables in one transaction, on connections that stay open; every write must succeed. */
function startWriters({ pool }: TestDatabase) {
  const writers = pool({ max: 3 })
  let isStopped = false
  let written = 0
  const failures: unknown[] = []
  const loops = ['a', 'b', 'c'].map(async (name) => {
    const client = await writers.connect()
    while (!isStopped) {
      try {
        await client.query(`BEGIN; SET LOCAL audit.username = 'writer'; INSERT INTO "Order" (name) VALUES ('${name}');
          UPDATE "Item" SET id = -id; INSERT INTO "Item" (name) VALUES ('${name}'); DELETE FROM "Item"; COMMIT`)
        written += 1
      } catch (error) {
        failures.push(error)
        await client.query('ROLLBACK')
      }
    }
    client.release()
  })
  return async () => {
    isStopped = true
    await Promise.all(loops)
    return { written, failures }
  }
}

const FUNCTIONS = `SELECT proname::text AS name, prosrc LIKE '%of_an_older_version%' AS older FROM pg_proc
  WHERE pronamespace = 'audit'::regnamespace ORDER BY 1`

test('a generator with newer SQL writes one migration that says so; it is deployed under writers, and nothing is left to do', async () => {
  const { project, database } = await useProject({
    schema,
    migrations: { '20240101000000_init': create('Order') + create('Item') },
  })
  const { name, sql } = await generateMigration(project)
  await project.write(`prisma/migrations/${name}/migration.sql`, older(sql))
  await project.prisma(['migrate', 'deploy'])
  const former = await database.query(FUNCTIONS)
  expect(former.length).toBeGreaterThan(8)
  expect(former.every((each) => each.older === true)).toBe(true)
  const check = await runAudit(project.dir, ['check'])
  expect(check.stdout).toContain(
    'The audit is not up to date: this version of prisma-generator-audit writes other SQL.',
  )
  expect(check.exitCode).toBe(1)

  const stop = startWriters(database)
  const upgrade = await generateMigration(project)
  expect(upgrade.name).toMatch(/^\d{14}_audit_upgrade$/)
  expect(upgrade.sql.match(/^-- \{.*$/gm)).toEqual(['-- {"kind":"upgradeSchema","sqlVersion":1}'])
  await project.prisma(['migrate', 'deploy'])
  const { written, failures } = await stop()
  expect(failures).toEqual([])
  expect(written).toBeGreaterThan(10)
  const recorded = await database.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM audit."Order_audit" WHERE audit_username = 'writer'`,
  )
  expect(recorded).toEqual([{ n: written }])
  const newer = await database.query(FUNCTIONS)
  expect(newer.every((each) => each.older === false)).toBe(true)

  // Nothing is left to do.
  const folder = await project.migrationFiles()
  await project.prisma(['generate'])
  expect(await project.migrationFiles()).toEqual(folder)
  expect((await runAudit(project.dir, ['check'])).exitCode).toBe(0)

  // The older SQL is not known any more: down.sql says that the newer functions stay, and changes nothing.
  const down = `prisma/migrations/${upgrade.name}/down.sql`
  expect(await project.read(down)).toContain('the functions of the newer version stay')
  await project.prisma(['db', 'execute', '--file', down])
  expect(await database.query(FUNCTIONS)).toEqual(newer)
  await database.query(`SET audit.username = 'ann'; INSERT INTO "Order" (name) VALUES ('after')`)
})
