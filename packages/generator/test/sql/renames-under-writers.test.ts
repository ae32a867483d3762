import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { renderDown } from '../../src/sql/render-down.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { applySteps } from '../../src/state/apply-steps.ts'
import type { DatabaseState } from '../../src/state/database-state.ts'
import { diffState } from '../../src/state/diff-state.ts'
import { planMigration } from '../../src/state/migration-plan.ts'
import type { MigrationStep } from '../../src/state/migration-step.ts'
import { nameAnew } from '../../src/state/name-anew.ts'
import { names, setting, state, up } from './fixture.ts'
import { order, RENAMES } from './rename-cases.ts'

const SOURCE = `CREATE TABLE "Order" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note varchar(20), price int)`
const CONTEXT = `SELECT set_config('audit.username', 'u', true), set_config('audit.level', '7', true), set_config('audit.app_uuid', '6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b', true)`

interface Change {
  readonly name: string
  readonly from: DatabaseState
  readonly steps: readonly MigrationStep[]
  /** Prisma's statements, with which the part forms one transaction. */
  readonly prisma?: string
}

const byName = (name: string): Change => {
  const found = RENAMES.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no such case: ${name}`)
  const { from, steps, prisma } = found
  return { name, from, steps, ...(prisma === undefined ? {} : { prisma }) }
}
const leveled = state({ ...order, settings: [setting('username String'), setting('level String?')] })
const setAside: Change = {
  name: 'retype-setting',
  from: leveled,
  steps: diffState(
    leveled,
    state({ ...order, settings: [setting('username String'), setting('level Int?')] }),
  ),
}
const renameHistory: Change = {
  name: 'rename-audit-table',
  from: state(order),
  steps: [{ kind: 'renameObjects', source: order.source, schema: 'audit', names: names('Purchase') }],
}
const alone = [renameHistory, byName('rename-setting-column'), setAside]
const withPrisma = ['rename-column', 'rename-key-column', 'rename-table', 'move-table'].map(byName)

/** The steps to a state whose objects have other names, as the compiler takes them. */
function nextNames(from: DatabaseState, to: DatabaseState): readonly MigrationStep[] {
  const { first, renamed } = nameAnew(from, to)
  return [...first, ...diffState(renamed, to)]
}

async function withOrders(from: DatabaseState, run: (database: TestDatabase) => Promise<void>) {
  const database = await createDatabase()
  try {
    await database.query(`CREATE SCHEMA shop; ${SOURCE}; ${up(from)}`)
    await run(database)
  } finally {
    await database.drop()
  }
}

/** Four writers that never stop; they follow their table to its new name, and every other failure is told. */
function writers(database: TestDatabase) {
  const pool = database.pool({ max: 4 })
  const failures: unknown[] = []
  const tables = ['"Order"', '"Purchase"', 'shop."Order"']
  let isStopped = false
  let written = 0
  const loop = async () => {
    let table = '"Order"'
    while (!isStopped) {
      const client = await pool.connect()
      try {
        await client.query(`BEGIN; ${CONTEXT}; INSERT INTO ${table} (price) VALUES (1); COMMIT`)
        written += 1
      } catch (error) {
        await client.query('ROLLBACK')
        const message = error instanceof Error ? error.message : String(error)
        if (/^relation "(shop\.)?(Order|Purchase)" does not exist$/.test(message)) {
          table = tables[(tables.indexOf(table) + 1) % tables.length] ?? table
        } else {
          failures.push(error)
        }
      } finally {
        client.release()
      }
    }
  }
  const loops = [loop(), loop(), loop(), loop()]
  return {
    failures,
    async goOn() {
      const start = written
      while (written < start + 40 && failures.length === 0) await sleep(5)
    },
    async stop() {
      isStopped = true
      await Promise.all(loops)
      return written
    },
  }
}

it.each([...alone, byName('rename-objects'), ...withPrisma])(
  '$name under writers that never stop: no write fails and each is recorded',
  async ({ from, steps, prisma }) => {
    await withOrders(from, async (database) => {
      const plan = planMigration(from, steps)
      const application = writers(database)
      await application.goOn()
      await database.query(
        prisma === undefined
          ? renderMigration(plan, { from })
          : `${prisma}; ${renderMigration(plan, { from, appended: true })}`,
      )
      await application.goOn()
      if (prisma === undefined) {
        await database.query(renderDown(plan, { from }))
        await application.goOn()
      }
      const written = await application.stop()
      expect(application.failures).toEqual([])
      const [{ name } = { name: '' }] = await database.query<{ name: string }>(
        `SELECT c.oid::regclass AS name FROM pg_class c WHERE relnamespace = 'audit'::regnamespace AND relkind = 'r'`,
      )
      expect(await database.query(`SELECT count(*)::int AS n FROM ${name}`)).toEqual([{ n: written }])
    })
  },
  60_000,
)

/** A history query that goes on, the migration, and a write that comes while it waits. */
async function meet(database: TestDatabase, sql: string, context = CONTEXT) {
  const pool = database.pool({ max: 3 })
  const [reader, migration, writer] = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
  try {
    await writer.query(`BEGIN; ${CONTEXT}; INSERT INTO "Order" (price) VALUES (1); COMMIT`)
    await reader.query('BEGIN; LOCK TABLE audit."Order_audit" IN ACCESS SHARE MODE')
    const migrating = migration.query(sql).then(
      () => 'migrated',
      (error: unknown) => error,
    )
    await sleep(300)
    const writing = writer.query(`BEGIN; ${context}; INSERT INTO "Order" (price) VALUES (1); COMMIT`).then(
      () => 'written',
      async (error: unknown) => {
        await writer.query('ROLLBACK')
        return error
      },
    )
    const meanwhile = await Promise.race([writing, sleep(2_000).then(() => 'waits')])
    await reader.query('COMMIT')
    return { meanwhile, written: await writing, migrated: await migrating }
  } finally {
    for (const client of [reader, migration, writer]) client.release()
  }
}

it.each(alone)('$name: a history query that goes on for long stops no writer', async ({ from, steps }) => {
  await withOrders(from, async (database) => {
    const sql = renderMigration(planMigration(from, steps), { from })
    expect(await meet(database, sql)).toEqual({
      meanwhile: 'written',
      written: 'written',
      migrated: 'migrated',
    })
  })
})

it.each(alone)(
  '$name: without the lock on the source, a writer under way would meet names that are gone',
  async ({ from, steps }) => {
    await withOrders(from, async (database) => {
      const sql = renderMigration(planMigration(from, steps), { from })
      const unlocked = sql.replaceAll(/^ {2}LOOP\n {4}BEGIN[\s\S]*?^ {2}END LOOP;$/gm, '')
      expect(unlocked).not.toContain('LOCK TABLE')
      const met = await meet(database, unlocked)
      expect(met).toMatchObject({ meanwhile: 'waits', migrated: 'migrated' })
      expect(met.written).toMatchObject({ code: expect.stringMatching(/^(42P01|42703|42804)$/) })
    })
  },
)

it('a migration that waits too long for the history ends with a lock time-out, has changed nothing, and works when it is run again', async () => {
  await withOrders(state(order), async (database) => {
    const { from, steps } = byName('rename-objects')
    const sql = renderMigration(planMigration(from, steps), { from, lockTimeout: 400 })
    const reader = await database.pool({ max: 1 }).connect()
    try {
      await reader.query('BEGIN; LOCK TABLE audit."Order_audit" IN ACCESS SHARE MODE')
      await expect(database.query(sql)).rejects.toMatchObject({ code: '55P03' })
      await database.query(`BEGIN; ${CONTEXT}; INSERT INTO "Order" (price) VALUES (1); COMMIT`)
      await reader.query('COMMIT')
    } finally {
      reader.release()
    }
    await database.query(sql)
    await database.query(`BEGIN; ${CONTEXT}; INSERT INTO "Order" (price) VALUES (1); COMMIT`)
    expect(await database.query('SELECT count(*)::int AS n FROM audit."history_Order"')).toEqual([{ n: 2 }])
  })
})

it('the audit moves to another schema under writers: no write fails, each is recorded, and the old schema is gone', async () => {
  await withOrders(state(order), async (database) => {
    const from = state(order)
    const [table] = from.tables
    if (table === undefined) throw new Error('no table')
    const { source, names } = table
    const steps: MigrationStep[] = [
      { kind: 'moveSchema', name: 'trail', sqlVersion: 1 },
      { kind: 'renameObjects', source, schema: 'trail', names },
      { kind: 'dropSchema', name: 'audit' },
    ]
    const plan = planMigration(from, steps)
    const application = writers(database)
    await application.goOn()
    await database.query(renderMigration(plan, { from }))
    await application.goOn()
    expect(await database.query(`SELECT to_regnamespace('audit') AS gone`)).toEqual([{ gone: null }])
    await database.query(renderDown(plan, { from }))
    await application.goOn()
    await database.query(renderMigration(plan, { from }))
    const written = await application.stop()
    expect(application.failures).toEqual([])
    expect(await database.query('SELECT count(*)::int AS n FROM trail."Order_audit"')).toEqual([
      { n: written },
    ])
    await expect(database.query('DELETE FROM trail."Order_audit"')).rejects.toMatchObject({ code: 'AU002' })
  })
})

it.each([
  ['a setting becomes required', {}],
  ['a setting becomes required and the key changes', { key: ['id', 'note'] }],
])(
  'in a draft whose statements lock nothing, %s: a writer under way in the old function is waited for',
  async (_, wishes) => {
    const from = state({ ...order, settings: [setting('username String')] })
    await withOrders(from, async (database) => {
      const to = state({ ...order, ...wishes, settings: [setting('username String'), setting('level Int')] })
      const plan = planMigration(from, diffState(from, to))
      const met = await meet(database, renderMigration(plan, { from, appended: true }))
      expect(met).toEqual({ meanwhile: 'written', written: 'written', migrated: 'migrated' })
    })
  },
)

it.each([
  [
    'triggers',
    { insertTrigger: 'i', updateTrigger: 'u', deleteTrigger: 'd', keyTrigger: 'aa', truncateTrigger: 't' },
  ],
  ['functions', { captureFunction: 'c', keyFunction: 'k', truncateFunction: 't' }],
  ['table', { table: 'history' }],
])(
  'a history that is resumed under other names (%s) and at another level rests again after its down.sql',
  async (_, other) => {
    const audited = state(order)
    const rested = applySteps(audited, [{ kind: 'retireTable', source: order.source }])
    await withOrders(audited, async (database) => {
      await database.query(
        renderMigration(planMigration(audited, diffState(audited, rested)), { from: audited }),
      )
      const steps = nextNames(rested, state({ ...order, level: 'row', names: { ...order.names, ...other } }))
      const plan = planMigration(rested, steps)
      for (let turn = 0; turn < 2; turn += 1) {
        await database.query(renderMigration(plan, { from: rested }))
        await database.query(`BEGIN; ${CONTEXT}; INSERT INTO "Order" (price) VALUES (1); COMMIT`)
        await database.query(renderDown(plan, { from: rested }))
        await database.query(renderDown(plan, { from: rested }))
        await database.query('INSERT INTO "Order" (price) VALUES (2)')
        expect(
          await database.query(`SELECT tgname FROM pg_trigger WHERE tgrelid = '"Order"'::regclass`),
        ).toEqual([])
      }
      expect(await database.query('SELECT price FROM audit."Order_audit"')).toEqual([
        { price: 1 },
        { price: 1 },
      ])
    })
  },
)

it('a CHECK that a down.sql brings back stops no writer in the middle of a function that does not know it', async () => {
  await withOrders(state(order), async (database) => {
    const from = state(order)
    const to = state({ ...order, settings: [setting('username String?'), setting('app_uuid Uuid?')] })
    const plan = planMigration(from, diffState(from, to))
    await database.query(renderMigration(plan, { from }))
    const met = await meet(database, renderDown(plan, { from }), 'SELECT 1')
    // The older function says what is missing; the CHECK would say 23514.
    expect(met).toMatchObject({ written: { code: 'AU001' }, migrated: 'migrated' })
  })
})
