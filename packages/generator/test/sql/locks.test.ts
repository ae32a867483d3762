import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { movesNames } from '../../src/sql/lock-order.ts'
import { renderDown } from '../../src/sql/render-down.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { planMigration } from '../../src/state/migration-plan.ts'
import { isSchemaStep, type MigrationStep, type TableStep } from '../../src/state/migration-step.ts'
import { replaces } from '../../src/state/replacements.ts'
import { EXAMPLES, type Example } from './examples.ts'
import { type HeldLock, type MeasuredTransaction, measureMigration, stopsWriters } from './measured-locks.ts'

const NAMES = [...EXAMPLES.keys()]

function example(name: string): Example {
  const found = EXAMPLES.get(name)
  if (found === undefined) throw new Error(`no example is called ${name}`)
  return found
}

/** These move names: they lock the source first, for an old function that waits for the audit table would miss them. */
function locksSourceFirst({ steps }: Example): boolean {
  return movesNames(steps.filter(isTableStep))
}

/**
 * The triggers go from one table to another. One statement locks both, and lets the first go while it waits for the second;
 * the history is not waited for meanwhile.
 */
function takesOver({ steps }: Example): boolean {
  return steps.some(replaces)
}

function isTableStep(step: MigrationStep): step is TableStep {
  return !isSchemaStep(step) && step.kind !== 'unsupported'
}

const render = ({ from, steps }: Example) => ({
  up: renderMigration(planMigration(from, steps), { from }),
  down: renderDown(planMigration(from, steps), { from }),
})

/** After Prisma's part of the change. */
async function withExample({ before, prisma }: Example, run: (database: TestDatabase) => Promise<void>) {
  const database = await createDatabase()
  try {
    await database.query(before)
    if (prisma) await database.query(`SELECT set_config('audit.username', 'ann', false); ${prisma}`)
    await run(database)
  } finally {
    await database.drop()
  }
}

/** Of each transaction the locks for which writers wait. */
function stopping(transactions: readonly MeasuredTransaction[]): readonly (readonly HeldLock[])[] {
  return transactions.map(({ locks }) => locks.filter(({ mode }) => stopsWriters(mode)))
}

const isHistory = (table: string) => /^(audit|trail)\./.test(table)

interface Measured {
  /** The migration and, where there is a way back, its down.sql and the migration again. */
  readonly ways: readonly (readonly MeasuredTransaction[])[]
  /** The migration run a second time, all of it being there. */
  readonly again: readonly MeasuredTransaction[]
  /** The files of table and history, before and after. */
  readonly files: readonly (readonly unknown[])[]
}

const measurements = new Map<string, Promise<Measured>>()

/** One run of an example, which several tests look at. */
function measure(name: string): Promise<Measured> {
  const found = measurements.get(name) ?? run(name)
  measurements.set(name, found)
  return found
}

async function run(name: string): Promise<Measured> {
  const { up, down } = render(example(name))
  // A table that is gone has no way back.
  const migrations = name === 'retire-dropped-table' ? [up] : [up, down, up]
  let measured: Measured | undefined
  await withExample(example(name), async (database) => {
    const readFiles = () =>
      database.query(`SELECT oid::int, pg_relation_filenode(oid) AS file FROM pg_class
        WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|information_schema)' ORDER BY 1`)
    const before = await readFiles()
    const ways: (readonly MeasuredTransaction[])[] = []
    for (const migration of migrations) ways.push(await measureMigration(database, migration))
    const again = await measureMigration(database, up)
    measured = { ways, again, files: [before, await readFiles()] }
  })
  if (measured === undefined) throw new Error('not measured')
  return measured
}

describe('each step', () => {
  it.each(NAMES)('no transaction, up or down, makes the writers of two tables wait: %s', async (name) => {
    for (const transactions of (await measure(name)).ways) {
      const two = stopping(transactions).filter(({ length }) => length > 1)
      const isTakenOver = takesOver(example(name))
      if (!locksSourceFirst(example(name)) && !isTakenOver) expect(two).toEqual([])
      for (const locks of two) {
        if (isTakenOver) expect(locks.filter(({ table }) => isHistory(table))).toEqual([])
        if (isTakenOver) expect(new Set(locks.map(({ since }) => since)).size).toBe(1)
        const first = Math.min(...locks.map(({ since }) => since))
        expect(locks.find(({ table }) => !isHistory(table))?.since).toBe(first)
      }
    }
  })

  it.each(NAMES)('no step rewrites or scans a table, up or down: %s', async (name) => {
    const { ways, files } = await measure(name)
    const [before = [], after] = files
    expect(after).toEqual(expect.arrayContaining([...before]))
    // A key is looked up by its index, in a table of as many rows as there are hashed columns.
    const scanned = ways.flat().flatMap((transaction) => transaction.scanned)
    const read = scanned.filter((each) => each !== 'audit.hash_key')
    // A baseline is what the rows of the source and their history are read for, in a transaction that locks neither.
    const isBaseline = name === 'backfill' || name === 'create-backfill'
    // That a history is older than its partition's end is looked at in a transaction for which no writer waits.
    const isPartitioned = name === 'partitions'
    const looks = ways.flat().filter(({ scanned: each }) => each.includes('audit.Order_audit'))
    // The first of them looks before it locks: that is the last row's time, for the CHECK.
    if (isPartitioned) expect(stopping(looks).some((locks) => locks.length === 0)).toBe(true)
    const allowed = isBaseline
      ? ['public.Order', 'audit.Order_audit']
      : isPartitioned
        ? ['audit.Order_audit']
        : []
    // A history that was made by the same migration has no rows, and the partition of the rest has none either.
    const isEmpty = (table: string) => /^audit\.Order_audit_(?:default|until_\d{4}_\d\d)$/.test(table)
    expect(new Set(read.filter((each) => !isEmpty(each) || !name.endsWith('partitions')))).toEqual(
      new Set(allowed),
    )
  })

  // A wider type is set again: PostgreSQL then has nothing to do, but asks for the lock.
  it.each(NAMES.filter((name) => name !== 'widen-column' && name !== 'rename-several'))(
    'run again, a step makes nobody wait for a history that is complete: %s',
    async (name) => {
      const again = stopping((await measure(name)).again).flat()
      expect(again.filter(({ table }) => isHistory(table))).toEqual([])
    },
  )
})

it('the measure sees a scan and a lock', async () => {
  await withExample(example('create'), async (database) => {
    const [transaction] = await measureMigration(database, 'ALTER TABLE "Order" ADD CHECK (id > 0)')
    expect(transaction).toEqual({
      locks: [{ table: 'public.Order', mode: 'ACCESS EXCLUSIVE', since: 0 }],
      scanned: ['public.Order'],
    })
  })
})

it('a write that begins in the middle of a change of key and history waits for it, and is not the victim of a deadlock', async () => {
  await withExample(example('key-and-column'), async (database) => {
    await database.query(
      `BEGIN; SET LOCAL audit.username = 'ann'; INSERT INTO "Order" (id) VALUES (1); COMMIT`,
    )
    const [holder, writer] = [await database.pool().connect(), await database.pool().connect()]
    try {
      // Stops the migration at the functions: behind the change of the audit table, before that of the trigger.
      await holder.query(`BEGIN; ALTER FUNCTION audit."Order_audit_truncate"() COST 7`)
      const migrating = database.query(render(example('key-and-column')).up)
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
