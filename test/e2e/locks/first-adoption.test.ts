import { afterAll, expect, test, vi } from 'vitest'
import { useProject } from '../main-path/audited-project.ts'
import { writeChange } from './change-project.ts'
import { startTraffic, type Transaction } from './traffic.ts'

// Several runs of the command line and of the writers share the machine with other tests.
vi.setConfig({ testTimeout: 180_000 })

const isFull = process.env.AUDIT_TEST_SIZE === 'full'
const TABLES = Array.from({ length: 50 }, (_, n) => `Busy${n}`)
const WRITERS = isFull ? 24 : 8

const model = (name: string, annotation: string) =>
  `${annotation}\nmodel ${name} {\n  id   Int    @id @default(autoincrement())\n  note String\n}\n`
const schemaText = (annotation: string) => `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
  lockTimeout     = "2s"
}

datasource db {
  provider = "postgresql"
}

${TABLES.map((name) => model(name, annotation)).join('\n')}`

const create = TABLES.map(
  (name) => `CREATE TABLE "${name}" ("id" SERIAL NOT NULL, "note" TEXT NOT NULL,
    CONSTRAINT "${name}_pkey" PRIMARY KEY ("id"));
INSERT INTO "${name}" (note) SELECT 'row ' || n FROM generate_series(1, 1000) AS n;\n`,
).join('')

/** Some tables in any order, each with a row of the writer's own, so that writers never wait for each other's rows. */
function anyTransaction(writer: number): Transaction {
  const tables = TABLES.toSorted(() => Math.random() - 0.5).slice(0, 2 + Math.floor(Math.random() * 4))
  const own = (name: string): Transaction => [
    [name, `INSERT INTO "${name}" (note) VALUES ('writer ${writer}')`],
    [name, `UPDATE "${name}" SET note = note WHERE id = ${writer + 1}`],
  ]
  return tables.flatMap(own)
}

test('first adoption on 50 busy tables: no deadlock, no write fails, and each table is audited from its trigger on', async () => {
  const { database, project } = await useProject({
    schema: schemaText(''),
    migrations: { '20240101000000_init': create },
  })
  await project.prisma(['migrate', 'deploy'])
  const traffic = startTraffic(
    database.pool,
    WRITERS,
    anyTransaction,
    `SELECT set_config('audit.username', 'ann', true)`,
  )
  afterAll(() => traffic.stop())
  await traffic.goOn()
  const deadlocks = `SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()`
  const before = await database.query(deadlocks)

  const migration = await writeChange(project, { schema: schemaText('/// @audit(enabled)') })
  expect(migration.match(/^COMMIT;$/gm)).toHaveLength(TABLES.length)
  const until = traffic.transactions()
  await project.prisma(['migrate', 'deploy'])
  expect(traffic.transactions() - until).toBeGreaterThan(WRITERS)
  await traffic.goOn()
  await traffic.pause()

  expect(traffic.failures).toEqual([])
  expect(await database.query(deadlocks)).toEqual(before)
  for (const table of TABLES) {
    // The trigger waits for whoever has written already, so what has a higher id than its first row came after it.
    const [row] = await database.query(
      `SELECT count(*)::int AS missing FROM "${table}" AS live
       WHERE id > (SELECT min(id) FROM audit."${table}_audit" WHERE audit_operation = 'I')
         AND NOT EXISTS (SELECT FROM audit."${table}_audit" AS h WHERE h.id = live.id)`,
    )
    expect({ table, ...row }).toEqual({ table, missing: 0 })
  }
})
