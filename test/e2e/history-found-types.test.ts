import { expect, test, vi } from 'vitest'
import { runAudit } from '../support/audit-command.ts'
import { importHistory, openHistory } from './history/shop-history.ts'
import { useProject } from './main-path/audited-project.ts'

vi.setConfig({ testTimeout: 240_000 })

const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Reading {
  id    Int @id
  total Decimal @db.Decimal(10, 2)
  at    DateTime
  rate  Float
  exact Decimal
  big   Int
  label String @db.VarChar(3)
  day   DateTime @db.Date
  rates Float[]
  cost  Float
}
`

/** What the columns are: written by hand years ago, and read by Prisma's client all the same. */
const init = `CREATE TABLE "Reading" (
  "id" INTEGER NOT NULL PRIMARY KEY, "total" NUMERIC(14,4) NOT NULL, "at" TIMESTAMPTZ(6) NOT NULL, "rate" NUMERIC NOT NULL,
  "exact" DOUBLE PRECISION NOT NULL, "big" BIGINT NOT NULL, "label" TEXT NOT NULL, "day" TIMESTAMP(6) NOT NULL,
  "rates" NUMERIC(8,4)[], "cost" MONEY NOT NULL
);
`

const audited = await useProject({ schema })
const { project, database } = audited

/** As one sees them: a Decimal of Prisma's client and one of a raw query are two classes. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown

test("a history that has the columns' own types is read, compared, folded and taken back as the fields that they are of", async () => {
  await project.write('prisma/migrations/20260101000000_init/migration.sql', init)
  await project.write('prisma/migrations/migration_lock.toml', 'provider = "postgresql"\n')
  const { stdout } = await project.prisma(['generate'])
  expect(stdout.match(/AUD634/g)).toHaveLength(9)
  await project.prisma(['migrate', 'deploy'])
  const db = await openHistory<'reading'>(audited, 'ann')
  const data = {
    id: 1,
    total: '12.3456',
    at: new Date('2026-01-01T12:00:00.123Z'),
    rate: 0.1234567890123456,
    exact: 0.1,
    big: 5,
    label: 'longer than three',
    day: new Date('2026-01-01T12:00:00Z'),
    rates: [1.2345, 2],
    cost: 1.25,
  }
  await db.reading.create({ data })
  // Another writer, in another time zone.
  await database.query(`SET TIME ZONE 'Asia/Tokyo'; BEGIN; SELECT set_config('audit.username', 'bob', true);
    UPDATE "Reading" SET total = 12.3457, at = '2026-02-02 09:00:00.5'; COMMIT`)
  const live = await db.reading.findMany()
  const { rows } = await db.reading.asOf(new Date())
  expect(plain(rows)).toEqual(plain(live))
  const types = (row: object | undefined) =>
    Object.entries(row ?? {}).map(([name, value]) => [name, typeof (Array.isArray(value) ? value[0] : value)])
  expect(types(rows[0])).toEqual(types(live[0]))
  const { entries } = await db.reading.history({ where: { total: { gt: '12.3456' } } })
  expect(plain(entries.map(({ changes }) => changes))).toEqual([
    [
      { field: 'total', before: '12.3456', after: '12.3457' },
      { field: 'at', before: '2026-01-01T12:00:00.123Z', after: '2026-02-02T00:00:00.500Z' },
    ],
  ])
  for (const where of [
    { rate: data.rate },
    { exact: data.exact },
    { label: data.label },
    { big: 5 },
    { cost: 1.25 },
  ]) {
    expect((await db.reading.history({ where })).entries).toHaveLength(2)
  }
  const env = { DATABASE_URL: database.url }
  const verified = await runAudit(project.dir, ['verify', '--live'], env)
  expect(verified.stdout).toContain('no write is missed')
  expect((await runAudit(project.dir, ['status'], env)).stdout).toContain('installed')
  const [newest, first] = (await db.reading.history({ where: { id: 1 } })).entries
  const plan = await db.reading.planRevert({
    where: { id: 1 },
    to: { auditId: first?.auditId },
    seen: newest?.auditId,
  })
  await db.$revert(plan)
  const [row] = await database.query(
    `SELECT total::text, "at" = '2026-01-01 12:00:00.123+00' AS "at", label FROM "Reading"`,
  )
  expect(row).toEqual({ total: '12.3456', at: true, label: data.label })
  const { historyModels } = await importHistory(audited)
  expect(historyModels.Reading?.fields.total).toMatchObject({
    type: 'Decimal',
    dbType: 'numeric(14, 4)',
  })
})
