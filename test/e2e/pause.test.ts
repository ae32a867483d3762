import { expect, onTestFinished, test, vi } from 'vitest'
import type { TestDatabase } from '../support/test-database.ts'
import { expectSettled, installedProject, startWriter } from './migrate/wrapped-project.ts'

vi.setConfig({ testTimeout: 240_000 })

const MODELS = `/// @audit(enabled)
model Order {
  id    Int    @id @default(autoincrement())
  total Int
}

/// @audit(enabled, level: row, enableAlways: true)
model Invoice {
  id   Int     @id
  note String?
}
`
const TABLES = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "total" INTEGER NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Invoice" ("id" INTEGER NOT NULL, "note" TEXT, CONSTRAINT "Invoice_pkey" PRIMARY KEY ("id"));
`

const installed = () => installedProject(MODELS, TABLES)
const write = (database: TestDatabase, sql: string) =>
  database.query(`BEGIN; SELECT set_config('audit.username', 'ann', true); ${sql}; COMMIT`)
const enabled = async (database: TestDatabase) => {
  const rows = await database.query<{ on: string }>(
    `SELECT DISTINCT tgrelid::regclass::text || ' ' || tgenabled::text AS on FROM pg_trigger WHERE tgname LIKE 'audit_%' ORDER BY 1`,
  )
  return rows.map(({ on }) => on)
}

test('pause turns capture off with a reason, status is red, and resume makes up for what was written meanwhile', async () => {
  const wrapped = await installed()
  const { database, audit } = wrapped
  await write(
    database,
    `INSERT INTO "Order" (total) VALUES (1), (2), (3); INSERT INTO "Invoice" VALUES (1, 'a')`,
  )
  const paused = await audit(['pause', '--reason', "OPS-7: the night's import, «big»"])
  expect(paused).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('audit: public.Order is paused: NOTHING OF IT IS RECORDED until '),
  })
  expect(await enabled(database)).toEqual(['"Invoice" D', '"Order" D'])
  const [row] = await database.query(
    `SELECT event, reason, done_by = session_user AS by FROM audit.pause WHERE history = 'audit."Order_audit"'::regclass`,
  )
  expect(row).toEqual({ event: 'pause', reason: "OPS-7: the night's import, «big»", by: true })
  const status = await audit(['status'])
  expect(status.exitCode).toBe(1)
  expect(status.stdout).toMatch(/is paused since .* by .*: OPS-7: the night's import, «big»/)
  // Nobody knows any more what is missing once the triggers are on again.
  expect(await audit(['install'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('Capture is paused here'),
  })
  expect(await audit(['pause', '--reason', 'again', '--model', 'Order'])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('public.Order is paused, for the reason and since the time of before'),
  })
  await database.query(
    `UPDATE "Order" SET total = 20 WHERE id = 2; DELETE FROM "Order" WHERE id = 3; INSERT INTO "Order" (total) VALUES (4); UPDATE "Invoice" SET note = 'b'`,
  )
  // Without the name that the history requires no trigger is touched.
  expect(await audit(['resume'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--set username=…'),
  })
  expect(await enabled(database)).toEqual(['"Invoice" D', '"Order" D'])
  const resumed = await audit(['resume', '--set', 'username=ops on call'])
  expect([resumed.exitCode, resumed.stderr]).toEqual([
    0,
    expect.stringMatching(
      /public\.Order is recorded again; the pause since .* left 3 rows of history, audit_id 4 to 6/,
    ),
  ])
  expect(await enabled(database)).toEqual(['"Invoice" A', '"Order" O'])
  expect(
    await database.query(
      `SELECT audit_operation AS op, id, total, audit_username AS who FROM audit."Order_audit" WHERE audit_id > 3 ORDER BY audit_id`,
    ),
  ).toEqual([
    { op: 'U', id: 2, total: 20, who: 'ops on call' },
    { op: 'I', id: 4, total: 4, who: 'ops on call' },
    { op: 'D', id: 3, total: 3, who: 'ops on call' },
  ])
  expect(
    await database.query(
      `SELECT written::int, first_id::int AS first, last_id::int AS last FROM audit.pause WHERE event = 'resume' ORDER BY written`,
    ),
  ).toEqual([
    { written: 1, first: 2, last: 2 },
    { written: 3, first: 4, last: 6 },
  ])
  await expect(database.query('UPDATE audit.pause SET reason = NULL')).rejects.toThrow(/append-only/)
  expect(await audit(['verify', '--live'])).toMatchObject({ exitCode: 0 })
  expect(await audit(['resume'])).toMatchObject({ exitCode: 0, stderr: 'audit: nothing is paused\n' })
  await expectSettled(wrapped)
})

test('under writers that never stop, a pause and its end leave a whole history, and no write fails', async () => {
  const { database, audit } = await installed()
  const writer = startWriter(
    database,
    `INSERT INTO "Order" (total) VALUES (1)`,
    `UPDATE "Order" SET total = total + 1 WHERE id = (SELECT max(id) FROM "Order")`,
    `DELETE FROM "Order" WHERE id = (SELECT min(id) FROM "Order") AND (SELECT count(*) FROM "Order") > 50`,
  )
  for (let round = 0; round < 2; round += 1) {
    await writer.next()
    expect(await audit(['pause', '--model', 'Order', '--reason', 'x'])).toMatchObject({ exitCode: 0 })
    await writer.next()
    const resumed = await audit(['resume', '--set', 'username=ops', '--batch-size', '20'])
    expect([resumed.exitCode, resumed.stderr]).toEqual([0, expect.stringContaining('is recorded again')])
    await writer.next()
    expect((await audit(['verify', '--live'])).stdout).toContain('no write is missed')
  }
  expect(writer.errors).toEqual([])
})

test('a trigger that went in the pause is made anew, a table that was written anew is told, and a pause of a history that no model has ends', async () => {
  const wrapped = await installed()
  const { database, audit } = wrapped
  await write(database, `INSERT INTO "Order" (total) VALUES (1), (2); INSERT INTO "Invoice" VALUES (1, 'a')`)
  expect(await audit(['pause', '--reason', 'x'])).toMatchObject({ exitCode: 0 })
  await database.query(`DROP TRIGGER audit_update ON "Order"; DROP FUNCTION audit."Order_audit_capture" CASCADE;
    UPDATE "Order" SET total = 20 WHERE id = 2; ALTER TABLE "Order" ALTER total TYPE bigint; ALTER TABLE "Order" ALTER total TYPE integer`)
  const resumed = await audit(['resume', '--set', 'username=ops'])
  expect([resumed.exitCode, resumed.stderr]).toEqual([
    0,
    expect.stringContaining('public.Order was made or written anew in the pause'),
  ])
  expect(await enabled(database)).toEqual(['"Invoice" A', '"Order" O'])
  expect(await audit(['verify', '--live'])).toMatchObject({ exitCode: 0 })
  expect(await audit(['status'])).toMatchObject({ exitCode: 0 })
  expect(await audit(['pause', '--reason', 'x', '--model', 'Invoice'])).toMatchObject({ exitCode: 0 })
  await wrapped.models(MODELS.replace('@audit(enabled, level: row, enableAlways: true)', '@audit(disabled)'))
  expect(await audit(['migrate', 'dev', '--name', 'no_invoices'])).toMatchObject({ exitCode: 0 })
  expect(await audit(['resume'])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(
      'the pause of Invoice_audit is ended: no model has that history any more',
    ),
  })
  expect(await audit(['install'])).toMatchObject({ exitCode: 0 })
})

test('resume ended at any point goes on, and until then status says that the pause is not made up for', async () => {
  const { database, audit } = await installed()
  await write(database, `INSERT INTO "Order" (total) SELECT g FROM generate_series(1, 3000) g`)
  expect(await audit(['pause', '--reason', 'x'])).toMatchObject({ exitCode: 0 })
  await database.query(`UPDATE "Order" SET total = total + 1`)
  const flags = ['resume', '--set', 'username=ops', '--batch-size', '10']
  const ended = await audit(flags, { signal: { when: 'public.Order', name: 'SIGINT' } })
  expect([ended.exitCode, ended.stderr]).toEqual([130, expect.stringContaining('run it again to go on')])
  expect((await audit(['status'])).stdout).toContain('is paused since')
  // The server ends the connection in the middle.
  const lost = audit(flags)
  await expect
    .poll(
      () =>
        database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'prisma-generator-audit resume' AND query LIKE '%written%'`,
        ),
      { timeout: 20_000, interval: 5 },
    )
    .not.toEqual([])
  const { exitCode, stderr } = await lost
  expect(exitCode).toBe(2)
  expect(stderr).not.toContain('    at ')
  expect(await audit(['resume', '--set', 'username=ops'])).toMatchObject({ exitCode: 0 })
  expect(await audit(['verify', '--live'])).toMatchObject({ exitCode: 0 })
  const [twice] = await database.query(
    `SELECT count(*)::int AS n FROM (SELECT FROM audit."Order_audit" WHERE audit_operation = 'U' GROUP BY id HAVING count(*) > 1) AS t`,
  )
  expect(twice).toEqual({ n: 0 })
})

test('two pauses at one moment are one, and so are two ends of it', async () => {
  const { database, audit } = await installed()
  await write(database, `INSERT INTO "Order" (total) SELECT g FROM generate_series(1, 300) g`)
  const atOnce = async (args: readonly string[]) => {
    const holder = await database.pool({ max: 1 }).connect()
    try {
      await holder.query('BEGIN; LOCK TABLE "Order" IN ACCESS EXCLUSIVE MODE')
      const both = [audit(args), audit(args)]
      const waiting = () =>
        database.query(
          `SELECT 1 AS waits FROM pg_stat_activity WHERE application_name LIKE 'prisma-generator-audit%' AND wait_event_type = 'Lock'`,
        )
      await expect.poll(waiting, { timeout: 60_000, interval: 20 }).toHaveLength(2)
      await holder.query('COMMIT')
      return await Promise.all(both)
    } finally {
      holder.release()
    }
  }
  const events = () =>
    database.query(
      `SELECT event, written::int FROM audit.pause WHERE history = 'audit."Order_audit"'::regclass ORDER BY number`,
    )
  const paused = await atOnce(['pause', '--reason', 'x', '--model', 'Order'])
  expect(paused.map(({ exitCode }) => exitCode)).toEqual([0, 0])
  expect(await events()).toEqual([{ event: 'pause', written: null }])
  await database.query(`UPDATE "Order" SET total = total + 1; DELETE FROM "Order" WHERE id > 290`)
  const resumed = await atOnce(['resume', '--set', 'username=ops', '--batch-size', '10'])
  expect(resumed.map(({ exitCode, stderr }) => [exitCode, stderr.includes('    at ')])).toEqual([
    [0, false],
    [0, false],
  ])
  expect(await events()).toMatchObject([{ event: 'pause' }, { event: 'resume' }])
  const written = await database.query(
    `SELECT audit_operation AS op, count(*)::int AS rows FROM audit."Order_audit" WHERE audit_username = 'ops' GROUP BY 1 ORDER BY 1`,
  )
  expect(written).toEqual([
    { op: 'D', rows: 10 },
    { op: 'U', rows: 290 },
  ])
  expect(await audit(['verify', '--live'])).toMatchObject({ exitCode: 0 })
  expect(await audit(['status'])).toMatchObject({ exitCode: 0 })
})

test('a pause while the one before is being ended stays: its end says so, and is no end', async () => {
  const { database, audit } = await installed()
  await write(database, `INSERT INTO "Order" (total) SELECT g FROM generate_series(1, 3000) g`)
  expect(await audit(['pause', '--reason', 'x', '--model', 'Order'])).toMatchObject({ exitCode: 0 })
  await database.query(`UPDATE "Order" SET total = total + 1`)
  let again: Promise<{ readonly exitCode: number }> | undefined
  const ended = await audit(['resume', '--set', 'username=ops', '--batch-size', '10'], {
    onOutput(output) {
      if (!output.includes('public.Order')) return
      again ??= audit(['pause', '--reason', 'y', '--model', 'Order'])
    },
  })
  expect(await again).toMatchObject({ exitCode: 0 })
  expect([ended.exitCode, ended.stderr]).toEqual([
    2,
    expect.stringContaining('was paused once more meanwhile'),
  ])
  expect(await enabled(database)).toContain('"Order" D')
  expect((await audit(['status'])).stdout).toContain('is paused since')
  await database.query(`UPDATE "Order" SET total = total + 1`)
  expect(await audit(['resume', '--set', 'username=ops'])).toMatchObject({ exitCode: 0 })
  expect(await audit(['verify', '--live'])).toMatchObject({ exitCode: 0 })
  expect(await audit(['status'])).toMatchObject({ exitCode: 0 })
})

test('pause is the owner’s: an application cannot, and bad input says what is wrong', async () => {
  const { database, audit } = await installed()
  const role = `pause_${database.name}`
  await database.query(
    `CREATE ROLE "${role}" LOGIN PASSWORD 'x'; GRANT ALL ON ALL TABLES IN SCHEMA public TO "${role}"; GRANT USAGE ON SCHEMA audit TO "${role}"`,
  )
  onTestFinished(async () => {
    await database.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`)
  })
  const url = new URL(database.url)
  url.username = role
  url.password = 'x'
  for (const [flags, message] of [
    [['pause', '--reason', 'x', '--url', url.href], 'permission denied'],
    [['pause'], "required option '--reason <text>' not specified"],
    [['pause', '--reason', ' '], 'A pause needs a reason'],
    [['pause', '--reason', 'x', '--model', 'Oder'], 'No audited model or table is called "Oder"'],
    [['pause', '--reason', 'x', '--url', 'postgresql://127.0.0.1:1/none'], 'ECONNREFUSED'],
    [['resume', '--set', 'ops'], '--set takes name=value, and not "ops"'],
    [['resume', '--batch-size', 'all'], '--batch-size takes a whole number'],
  ] as const) {
    const { exitCode, stdout, stderr } = await audit(flags)
    expect([exitCode, stdout + stderr]).toEqual([2, expect.stringContaining(message)])
    expect(stderr).not.toContain('    at ')
  }
  expect(await enabled(database)).toEqual(['"Invoice" A', '"Order" O'])
  expect(await audit(['pause', '--reason', 'x', '--model', 'Order'])).toMatchObject({ exitCode: 0 })
  // Who may not read of pauses is not told that there is none.
  expect(await audit(['resume', '--url', url.href])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('permission denied for the table of pauses'),
  })
  expect(await audit(['resume', '--set', 'usr=ops'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--set usr: there is no such session setting. There are: username'),
  })
})
