import { expect, test, vi } from 'vitest'
import { wrappedProject } from './migrate/wrapped-project.ts'
import { found, statusOf } from './status/read-status.ts'

vi.setConfig({ testTimeout: 240_000 })

/** Longer than what is left of it before `_stale_`. */
const HOME = 'trail_of_what_was_written_by_whom_and_when'
const CUT = HOME.slice(0, 35)

const generator = (settings: string) => `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  schema          = "${HOME}"
  sessionSettings = [${settings}]
}

datasource db {
  provider = "postgresql"
}
`
const before = `${generator('"username String", "ticket String?"')}
/// @audit(enabled, backfill: batches)
model Order {
  id   Int    @id
  note String
}

/// @audit(enabled)
model Item {
  id Int @id
}
`
const after = `${generator('"username String"')}
/// @audit(enabled, backfill: batches)
model Order {
  id   Int    @id
}

/// @audit(disabled)
model Item {
  id Int @id
}
`
const tables = `CREATE TABLE "Order" ("id" INTEGER NOT NULL, "note" TEXT NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Item" ("id" INTEGER NOT NULL, CONSTRAINT "Item_pkey" PRIMARY KEY ("id"));
INSERT INTO "Order" SELECT g, repeat('x', 200) FROM generate_series(1, 100) AS g;
`

test('what is worth knowing of the sizes: how old, how fast, and what is written no more, with a baseline that came late', async () => {
  const wrapped = await wrappedProject('', { migrations: { '20240101000000_init': tables } })
  const { audit, database, project } = wrapped
  const write = (sql: string) =>
    database.query(
      `BEGIN; SELECT set_config('audit.username', 'ann', true), set_config('audit.ticket', 'T-1', true); ${sql}; COMMIT`,
    )
  await project.write('prisma/schema.prisma', before)
  await project.prisma(['generate'])
  await project.prisma(['migrate', 'deploy'])
  await database.query(`INSERT INTO ${HOME}."Order_audit" (audit_operation, audit_operation_timestamp, audit_transaction_timestamp,
      audit_current_user, audit_transaction_id, audit_username, id, note)
    SELECT 'I', t, t, 'app', 1, 'ann', 1000, 'first' FROM (SELECT now() - interval '2 days') AS s (t)`)
  await write(
    `INSERT INTO "Order" SELECT g, repeat('y', 200) FROM generate_series(101, 106) AS g; INSERT INTO "Item" VALUES (1)`,
  )
  expect(await audit(['backfill'])).toMatchObject({ exitCode: 0 })
  await write(`INSERT INTO "Order" VALUES (107, 'last')`)
  await project.write(
    'prisma/migrations/29990101000000_later/migration.sql',
    'ALTER TABLE "Order" DROP COLUMN "note";\n',
  )
  await project.write('prisma/schema.prisma', after)
  await project.prisma(['generate'])
  await project.prisma(['migrate', 'deploy'])
  await database.query(`CREATE SCHEMA ${CUT}_stale_20240101; CREATE SCHEMA ${CUT}_stale_of_somebody;
    COMMENT ON SCHEMA ${CUT}_stale_20240101 IS 'prisma-generator-audit: the audit trail of this database, SQL version 1';
    CREATE TABLE ${CUT}_stale_20240101."Order_audit" AS SELECT * FROM ${HOME}."Order_audit"; ANALYZE`)
  const [{ oldest, newest } = {}] = await database.query<{ oldest: Date; newest: Date }>(
    `SELECT min(audit_operation_timestamp) AS oldest, max(audit_operation_timestamp) AS newest FROM ${HOME}."Order_audit"`,
  )

  const status = await statusOf(wrapped)
  expect([status.exitCode, found(status)]).toEqual([0, []])
  expect(status.histories).toEqual([
    expect.objectContaining({
      model: 'Order',
      size: {
        bytes: expect.any(Number),
        rows: 108,
        oldest: oldest?.toISOString(),
        newest: newest?.toISOString(),
        // Eight writes in two days; the hundred rows of the baseline are of no day.
        rowsPerDay: 4,
      },
      retiredColumns: [
        { name: 'audit_ticket', bytes: expect.any(Number) },
        { name: 'note', bytes: expect.any(Number) },
      ],
    }),
  ])
  const [, note] = status.histories[0]?.retiredColumns ?? []
  expect(note?.bytes).toBeGreaterThan(100 * 200)
  expect(note?.bytes).toBeLessThan(110 * 210)
  expect(status.retired).toEqual([{ name: 'Item_audit', bytes: expect.any(Number) }])
  expect(status.retired[0]?.bytes).toBeGreaterThan(8192)
  expect(status.staleSchemas).toEqual([{ name: `${CUT}_stale_20240101`, bytes: expect.any(Number) }])
  expect(status.staleSchemas[0]?.bytes).toBeGreaterThan(20_000)

  const { stdout } = await audit(['status'])
  const day = oldest?.toISOString().slice(0, 10)
  expect(stdout).toMatch(
    new RegExp(
      `^installed {2}public\\.Order {2}about 108 rows, \\d+ kB, since ${day}, about 4 a day\\n {11}written no more: audit_ticket \\(\\d+ bytes\\), note \\(\\d+ kB\\)$`,
      'm',
    ),
  )
  expect(stdout).toMatch(/^histories that are written no more: Item_audit \(\d+ kB\)$/m)
  expect(stdout).toMatch(
    new RegExp(`^audit schemas of former databases: ${CUT}_stale_20240101 \\(\\d+ kB\\)$`, 'm'),
  )

  // A history that has a baseline only is as old as its first row, and grows by nothing.
  await database.query(`ALTER TABLE ${HOME}."Order_audit" DISABLE TRIGGER append_only;
    DELETE FROM ${HOME}."Order_audit" WHERE audit_id > 0; ALTER TABLE ${HOME}."Order_audit" ENABLE ALWAYS TRIGGER append_only`)
  const [{ first, last } = {}] = await database.query<{ first: Date; last: Date }>(
    `SELECT min(audit_operation_timestamp) AS first, max(audit_operation_timestamp) AS last FROM ${HOME}."Order_audit"`,
  )
  const { rowsPerDay, ...ends } = (await statusOf(wrapped)).histories[0]?.size ?? {}
  expect([ends, rowsPerDay]).toEqual([
    expect.objectContaining({ oldest: first?.toISOString(), newest: last?.toISOString() }),
    undefined,
  ])
})
