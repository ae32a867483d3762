import { expect, test, vi } from 'vitest'
import { connected, seal, verify } from '../../packages/generator/test/sql/sealing.ts'
import {
  HEAD,
  NAME,
  type Replication,
  replication,
  running,
  useTwoServers,
} from './replication/two-servers.ts'

vi.setConfig({ testTimeout: 240_000 })

const servers = useTwoServers()

const order = (fields: string, annotation = '') => `
/// @audit(enabled${annotation})
model Order {
  id    Int @id @default(autoincrement())
  ${fields}
}
`
const total = 'total Int'
const table = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "total" INTEGER NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
`
const HISTORY = 'audit."Order_audit"'

async function orders(): Promise<Replication> {
  const made = await running(await replication(servers(), order(total), table))
  await made.primary.query('INSERT INTO "Order" (total) VALUES (1), (2)')
  await made.expectSame(HISTORY)
  return made
}

test('a column that reaches the primary first makes replication wait; once it is there no row is lost', async () => {
  const made = await orders()
  await made.primary.query(
    await made.migrate(order(`${total}\n  note String?`), 'ALTER TABLE "Order" ADD COLUMN "note" TEXT;\n'),
  )
  await made.primary.query(`INSERT INTO "Order" (total, note) VALUES (3, 'a'), (4, 'b')`)
  await made.stalled()
  expect(await made.second.query(`SELECT audit_id FROM ${HISTORY}`)).toHaveLength(2)
  await made.setUp('subscriber')
  await made.expectSame(HISTORY)
})

test('in the order of the recipe nothing waits: a column, a wider type, a model more, one that is gone', async () => {
  const made = await orders()
  const models = `${order(`${total}\n  note String? @db.VarChar(20)`)}
/// @audit(enabled)
model Line {
  id Int @id
}
`
  const sql = await made.migrate(
    models,
    'ALTER TABLE "Order" ADD COLUMN "note" VARCHAR(20);\nCREATE TABLE "Line" ("id" INTEGER NOT NULL, CONSTRAINT "Line_pkey" PRIMARY KEY ("id"));\n',
  )
  await made.setUp('subscriber')
  await made.primary.query('INSERT INTO "Order" (total) VALUES (3)')
  await made.primary.query(sql)
  await made.primary.query(`INSERT INTO "Line" VALUES (1); INSERT INTO "Order" (total, note) VALUES (4, 'a')`)
  await made.setUp('publisher')
  await made.second.query(`ALTER SUBSCRIPTION ${NAME} REFRESH PUBLICATION`)
  await made.copied()
  await made.primary.query('INSERT INTO "Line" VALUES (2)')
  await made.expectSame(HISTORY)
  await made.expectSame('audit."Line_audit"')

  const wider = await made.migrate(
    order(`${total}\n  note String? @db.VarChar(40)`),
    'ALTER TABLE "Order" ALTER COLUMN "note" SET DATA TYPE VARCHAR(40);\nDROP TABLE "Line";\n',
  )
  await made.setUp('subscriber')
  await made.primary.query(`INSERT INTO "Order" (total, note) VALUES (5, 'b')`)
  await made.primary.query(wider)
  await made.primary.query(`INSERT INTO "Order" (total, note) VALUES (6, repeat('c', 40))`)
  await made.setUp('publisher')
  await made.expectSame(HISTORY)
  const [errors] = await made.second.query(
    'SELECT apply_error_count::int AS n FROM pg_stat_subscription_stats',
  )
  expect(errors).toEqual({ n: 0 })
})

test('a rename waits for the second server, which refuses to make a second column of it', async () => {
  const made = await orders()
  const renamed = await made.migrate(
    order('amount Int'),
    'ALTER TABLE "Order" RENAME COLUMN "total" TO "amount";\n',
  )
  await expect(made.setUp('subscriber')).rejects.toThrow(
    'a column of "audit"."Order_audit" is called "total" here, and "amount" on the primary since a migration',
  )
  await made.primary.query('INSERT INTO "Order" (total) VALUES (3)')
  await made.primary.query(renamed)
  await made.primary.query('INSERT INTO "Order" (amount) VALUES (4)')
  await made.stalled()
  await made.setUp('subscriber', true)
  await made.expectSame(HISTORY)
  expect(await made.second.query(`SELECT amount FROM ${HISTORY} ORDER BY audit_id`)).toEqual(
    [1, 2, 3, 4].map((amount) => ({ amount })),
  )
  // From here on it is as it was.
  await made.setUp('subscriber')
})

test('a column that gets another type, and a history that gets another name, follow in the same way', async () => {
  const made = await orders()
  const retyped = await made.migrate(
    order('total BigInt'),
    'ALTER TABLE "Order" ALTER COLUMN "total" SET DATA TYPE BIGINT;\n',
  )
  await expect(made.setUp('subscriber')).rejects.toThrow('"total" here, and "total__2" on the primary')
  await made.primary.query(retyped)
  await made.primary.query('INSERT INTO "Order" (total) VALUES (5000000000)')
  await made.stalled()
  await made.setUp('subscriber', true)
  await made.expectSame(HISTORY)

  const called = await made.migrate(order('total BigInt', ', table: "order_history"'), '')
  await expect(made.setUp('subscriber')).rejects.toThrow(
    'a table is called "audit"."Order_audit" here, and "audit"."order_history" on the primary',
  )
  await made.primary.query(called)
  await made.primary.query('INSERT INTO "Order" (total) VALUES (6)')
  await made.stalled()
  await made.setUp('subscriber', true)
  await made.expectSame('audit.order_history')
  const indexes = await made.second.query<{ name: string }>(
    `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = 'audit.order_history'::regclass ORDER BY 1`,
  )
  expect(indexes.map(({ name }) => name)).toEqual(['audit.order_history_key', 'audit.order_history_pkey'])
  expect(
    await made.second.query(`SELECT proname FROM pg_proc WHERE proname = 'Order_audit_replicated'`),
  ).toEqual([])
})

test('marks of big columns, which name columns by number, mean the same on the second server after every change', async () => {
  const big = (fields: string, settings = '') => `
/// @audit(enabled${settings})
model Doc {
  id   Int    @id
  /// @audit(whenChanged)
  body String
  ${fields}
}
`
  const made = await replication(
    servers(),
    big('title String'),
    `CREATE TABLE "Doc" ("id" INTEGER NOT NULL, "body" TEXT NOT NULL, "title" TEXT NOT NULL, CONSTRAINT "Doc_pkey" PRIMARY KEY ("id"));\n`,
  )
  const later = [
    await made.migrate(big('title String', ', sessionSettings: [reason String?]'), ''),
    await made.migrate(
      big('label String\n  /// @audit(whenChanged)\n  more String?', ', sessionSettings: [reason String?]'),
      'ALTER TABLE "Doc" RENAME COLUMN "title" TO "label";\nALTER TABLE "Doc" ADD COLUMN "more" TEXT;\n',
    ),
    await made.migrate(
      big(
        'label Int?\n  /// @audit(whenChanged)\n  more String?',
        ', sessionSettings: [ticket Int?, reason String?]',
      ),
      'ALTER TABLE "Doc" DROP COLUMN "label";\nALTER TABLE "Doc" ADD COLUMN "label" INTEGER;\n',
    ),
  ]
  for (const sql of later) await made.primary.query(sql)
  await running(made)
  await made.primary.query(
    `INSERT INTO "Doc" (id, body, more) VALUES (1, 'b', 'm'); UPDATE "Doc" SET label = 2`,
  )
  await made.expectSame('audit."Doc_audit"')
  const numbers = `SELECT attname, attnum FROM pg_attribute WHERE attrelid = 'audit."Doc_audit"'::regclass AND attnum > 0 ORDER BY attnum`
  const expected = await made.primary.query(numbers)
  expect(expected.length).toBeGreaterThan(13)
  expect(await made.second.query(numbers)).toEqual(expected)
  expect(
    await made.second.query(`SELECT attname FROM audit."Doc_audit" h, unnest(h.audit_unchanged_columns) n
      JOIN pg_attribute a ON a.attrelid = 'audit."Doc_audit"'::regclass AND a.attnum = n ORDER BY 1`),
  ).toEqual([{ attname: 'body' }, { attname: 'more' }])
})

test('an audit schema that gets another name is followed, with the seals in it', async () => {
  const made = await orders()
  const primary = await connected(made.primary)
  await seal(primary)
  await made.setUp('publisher')
  await made.second.query(`ALTER SUBSCRIPTION ${NAME} REFRESH PUBLICATION`)
  await made.copied()
  await made.primary.query(
    await made.migrate(order(total), '', HEAD.replace('output ', 'schema = "history"\n  output ')),
  )
  await made.primary.query('INSERT INTO "Order" (total) VALUES (3)')
  await made.stalled()
  await expect(made.setUp('subscriber')).rejects.toThrow(
    'a table is called "audit"."Order_audit" here, and "history"."Order_audit" on the primary',
  )
  await made.second.query('ROLLBACK')
  await made.setUp('subscriber', true)
  await made.expectSame('history."Order_audit"')
  // On the primary the tables of the seals move with the next one.
  await made.setUp('publisher')
  await seal(primary, {}, { schema: 'history' })
  await made.expectSame('history.seal')
  const second = await connected(made.second)
  const { findings, histories } = await verify(second, {}, { schema: 'history' })
  expect(findings).toEqual([])
  expect(histories.map(({ history, rows }) => [history, rows])).toContainEqual(['"history"."Order_audit"', 3])
  for (const name of ['"Order_audit"', 'seal', 'erasure']) {
    await expect(made.second.query(`TRUNCATE history.${name}`)).rejects.toMatchObject({ code: 'AU002' })
  }
  expect(
    await made.second.query(
      `SELECT proname FROM pg_proc WHERE pronamespace = 'audit'::regnamespace AND proname LIKE '%replicated'`,
    ),
  ).toEqual([])
})

test('a second server that ran the migrations has their checks, and waits when the primary has dropped one; the script makes none', async () => {
  const head = (policy: string) => `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
  missingSettings = "${policy}"
}

datasource db {
  provider = "postgresql"
}
`
  const made = await replication(servers(), order(total), table, head('refuse'))
  const [{ sql = '' } = {}] = await made.project.migrationFiles()
  await made.second.query(sql)
  await made.setUp('publisher')
  await expect(made.setUp('subscriber')).rejects.toThrow('this database records history itself')
  // The tables of the seals are not published yet.
  await made.subscribe()
  await made.copied()
  await made.primary.query(`ALTER TABLE ${HISTORY} DROP CONSTRAINT audit_username_required`)
  await made.primary.query(
    `INSERT INTO ${HISTORY} (audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id) VALUES ('I', now(), now(), 'app', 1)`,
  )
  await made.stalled()
  await made.second.query(`DROP SUBSCRIPTION ${NAME}`)
  await made.second.query('DROP SCHEMA audit CASCADE')
  await made.setUp('subscriber')
  await made.subscribe()
  await made.expectSame(HISTORY)
})
