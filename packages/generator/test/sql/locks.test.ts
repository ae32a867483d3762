import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { movesNames } from '../../src/sql/lock-order.ts'
import { EMPTY_STATE } from '../../src/state/database-state.ts'
import { isSchemaStep, type MigrationStep, type TableStep } from '../../src/state/migration-step.ts'
import { base, CASES, type Case, change, source } from './evolution-cases.ts'
import { column, down, planBetween, state, up } from './fixture.ts'
import { type HeldLock, type MeasuredTransaction, measureMigration, stopsWriters } from './measured-locks.ts'

const total = column('total', 'integer')
/** Changes of the key together with a change of the audit table: the ones that could lock both tables. */
const WITH_THE_KEY: readonly [Case, ...Case[]] = [
  {
    name: 'key and new column',
    ...change({ columns: [...base.columns, total], key: ['id', 'note'] }),
    prisma: 'ALTER TABLE "Order" ADD COLUMN total int',
  },
  {
    name: 'wider key column',
    from: state({ ...base, key: ['id', 'note'] }),
    to: state({
      ...base,
      key: ['id', 'note'],
      columns: base.columns.map((each) => (each.name === 'note' ? column('note', 'text') : each)),
    }),
  },
  { name: 'key and missing settings', ...change({ key: ['id', 'note'], missingSettings: 'record' }) },
]
const EVERY: readonly Case[] = [...CASES, ...WITH_THE_KEY]

/** These move names: they lock the source first, for an old function that waits for the audit table would miss them. */
function locksSourceFirst({ from, to }: Case): boolean {
  return movesNames(planBetween(from, to).steps.filter((step) => isTableStep(step)))
}

function isTableStep(step: MigrationStep): step is TableStep {
  return !isSchemaStep(step) && step.kind !== 'unsupported'
}

/** With rows in the table and, where it is audited already, in its history, and after Prisma's part of the change. */
async function withRows({ from, prisma }: Case, run: (database: TestDatabase) => Promise<void>) {
  const database = await createDatabase()
  try {
    await database.query(source)
    if (from.schema) await database.query(up(from))
    await database.query(
      `BEGIN; SET LOCAL audit.username = 'ann';
       INSERT INTO "Order" (id, note) SELECT n, 'n' FROM generate_series(1, 100) AS n; COMMIT`,
    )
    if (prisma) await database.query(prisma)
    await run(database)
  } finally {
    await database.drop()
  }
}

/** Of each transaction the locks for which writers wait. */
function stopping(transactions: readonly MeasuredTransaction[]): readonly (readonly HeldLock[])[] {
  return transactions.map(({ locks }) => locks.filter(({ mode }) => stopsWriters(mode)))
}

interface Measured {
  /** The migration and, where there is a way back, its down.sql and the migration again. */
  readonly ways: readonly (readonly MeasuredTransaction[])[]
  /** The migration run a second time, all of it being there. */
  readonly again: readonly MeasuredTransaction[]
  /** The files of table and history, before and after. */
  readonly files: readonly (readonly unknown[])[]
}

const measurements = new Map<string, Promise<Measured>>()

/** One run of a case, which several tests look at. */
function measure(each: Case): Promise<Measured> {
  const found = measurements.get(each.name) ?? run(each)
  measurements.set(each.name, found)
  return found
}

async function run(each: Case): Promise<Measured> {
  const { name, from, to } = each
  const migrations =
    name === 'retire-dropped-table' ? [up(to, from)] : [up(to, from), down(to, from), up(to, from)]
  let measured: Measured | undefined
  await withRows(each, async (database) => {
    const readFiles = () =>
      database.query(`SELECT oid::regclass::text AS table, pg_relation_filenode(oid) AS file FROM pg_class
        WHERE relname IN ('Order', 'Order_audit') ORDER BY 1`)
    const before = await readFiles()
    const ways: (readonly MeasuredTransaction[])[] = []
    for (const migration of migrations) ways.push(await measureMigration(database, migration))
    const again = await measureMigration(database, up(to, from))
    measured = { ways, again, files: [before, await readFiles()] }
  })
  if (measured === undefined) throw new Error('not measured')
  return measured
}

describe('each step', () => {
  it.each(EVERY)('$name: no transaction, up or down, makes the writers of two tables wait', async (each) => {
    for (const transactions of (await measure(each)).ways) {
      const two = stopping(transactions).filter(({ length }) => length > 1)
      if (!locksSourceFirst(each)) expect(two).toEqual([])
      for (const locks of two) {
        const first = Math.min(...locks.map(({ since }) => since))
        expect(locks.find(({ table }) => table === 'public.Order')?.since).toBe(first)
      }
    }
  })

  it.each(EVERY)('$name: neither table is rewritten or scanned, up or down', async (each) => {
    const { ways, files } = await measure(each)
    const [before = [], after] = files
    expect(after).toEqual(expect.arrayContaining([...before]))
    expect(ways.flat().flatMap(({ scanned }) => scanned)).toEqual([])
  })

  // A wider type is set again: PostgreSQL then has nothing to do, but asks for the lock.
  it.each(EVERY.filter(({ name }) => !name.startsWith('wide')))(
    '$name: run again, it makes nobody wait for a history that is complete',
    async (each) => {
      const again = stopping((await measure(each)).again).flat()
      expect(again.filter(({ table }) => table.startsWith('audit.'))).toEqual([])
    },
  )
})

it('the measure sees a scan and a lock', async () => {
  await withRows({ name: 'create', from: EMPTY_STATE, to: state(base) }, async (database) => {
    const [transaction] = await measureMigration(database, 'ALTER TABLE "Order" ADD CHECK (id > 0)')
    expect(transaction).toEqual({
      locks: [{ table: 'public.Order', mode: 'ACCESS EXCLUSIVE', since: 0 }],
      scanned: ['public.Order'],
    })
  })
})

it('a write that begins in the middle of a change of key and history waits for it, and is not the victim of a deadlock', async () => {
  const [each] = WITH_THE_KEY
  const { from, to } = each
  await withRows(each, async (database) => {
    const [holder, writer] = [await database.pool().connect(), await database.pool().connect()]
    try {
      // Stops the migration at the functions: behind the change of the audit table, before that of the trigger.
      await holder.query(`BEGIN; ALTER FUNCTION audit."Order_audit_truncate"() COST 7`)
      const migrating = database.query(up(to, from))
      while ((await blocked(database)) < 1) await sleep(5)
      let isWritten = false
      const writing = writer
        .query(
          `BEGIN; SET LOCAL audit.username = 'ann'; UPDATE "Order" SET status = 'done' WHERE id = 1; COMMIT`,
        )
        .finally(() => {
          isWritten = true
        })
      while (!isWritten && (await blocked(database)) < 2) await sleep(5)
      await holder.query('ROLLBACK')
      await Promise.all([migrating, writing])
    } finally {
      holder.release()
      writer.release()
    }
    expect(await database.query(`SELECT id FROM audit."Order_audit" WHERE audit_operation = 'U'`)).toEqual([
      { id: 1 },
    ])
  })
})

/** How many sessions wait for another's lock. */
async function blocked(database: TestDatabase): Promise<number> {
  const sessions = await database.query(`SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`)
  return sessions.length
}
