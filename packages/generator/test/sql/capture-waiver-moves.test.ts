import { expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { externalTables } from '../../src/external-tables.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { EMPTY_STATE } from '../../src/state/database-state.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { createSource, migration, planBetween, table } from './fixture.ts'
import { runPartBesideWriter } from './part-beside-writer.ts'

const [order, item] = [table('Order'), table('Item')]
/** A superuser has the rights of every role, but the role has to be there: `pg_monitor` always is. */
const role = 'pg_monitor'

const wanted = (auditSchema: string, captureWaiverRole?: string) =>
  desiredState({
    auditSchema,
    ...(auditSchema === 'public' ? { sharedSchema: true } : {}),
    ...(captureWaiverRole === undefined ? {} : { captureWaiverRole }),
    tables: [order, item],
  })

async function withSources(run: (database: TestDatabase) => Promise<void>) {
  const database = await createDatabase()
  try {
    await database.query(createSource(order) + createSource(item))
    await run(database)
  } finally {
    await database.drop()
  }
}

const write = (waive: string, id: number, name = 'Order') =>
  `BEGIN; SELECT ${waive}('bulk'); INSERT INTO "${name}" VALUES (${id}, 'a'); COMMIT`
const waived = (name: string) => `SELECT count(*)::int AS n FROM ${name} WHERE source IS NOT NULL`

it('waivers go along when the audit schema gets another name, also half-way, and back', async () => {
  await withSources(async (database) => {
    const first = migration(EMPTY_STATE, wanted('audit', role))
    await database.query(first.up)
    await database.query(write('audit.waive_capture', 1))
    const move = migration(first.after, wanted('the trail', role))
    // The schema and the first table (Item) have moved; Order calls the functions of the old schema.
    const [schema, moved, ...rest] = move.up.split(/^COMMIT;$/m)
    await database.query(`${schema}; COMMIT; ${moved}`)
    await database.query(write('audit.waive_capture', 2))
    await database.query(write('"the trail".waive_capture', 2, 'Item'))
    await database.query(rest.join('COMMIT;'))
    await database.query(move.up)
    await database.query(write('"the trail".waive_capture', 3))
    expect(await database.query(waived('"the trail".capture_waiver'))).toEqual([{ n: 4 }])
    expect(await database.query(`SELECT FROM pg_namespace WHERE nspname = 'audit'`)).toEqual([])
    await expect(database.query('DELETE FROM "the trail".capture_waiver')).rejects.toMatchObject({
      code: 'AU002',
    })
    await database.query(move.down)
    await database.query(write('audit.waive_capture', 4))
    expect(await database.query(waived('audit.capture_waiver'))).toEqual([{ n: 5 }])
    expect(await database.query('SELECT id FROM audit."Order_audit"')).toEqual([])
  })
})

it('in one transaction with a draft, who has waived and is about to write is waited for: no deadlock, and nothing is lost', async () => {
  await withSources(async (database) => {
    const first = migration(EMPTY_STATE, wanted('audit', role))
    await database.query(first.up)
    const plan = planBetween(first.after, wanted('the trail', role))
    const part = renderMigration(plan, { from: first.after, appended: true })
    const begun = "BEGIN; SELECT audit.waive_capture('bulk')"
    await runPartBesideWriter(database, part, begun, `INSERT INTO "Order" VALUES (1, 'a'); COMMIT`)
    await database.query(part)
    await database.query(write('"the trail".waive_capture', 2))
    expect(await database.query('SELECT id FROM "Order"')).toHaveLength(2)
    expect(await database.query(waived('"the trail".capture_waiver'))).toEqual([{ n: 2 }])
  })
})

it('in a schema of the application everything has a prefix, and Prisma is told of the table', async () => {
  await withSources(async (database) => {
    const first = migration(EMPTY_STATE, wanted('public', role))
    await database.query(first.up)
    await database.query(first.up)
    await database.query(write('public.audit_waive_capture', 1))
    expect(await database.query(waived('public.audit_capture_waiver'))).toEqual([{ n: 1 }])
    expect(externalTables(first.steps, [])).toContain('public.audit_capture_waiver')
    await expect(
      database.query(`BEGIN; SET LOCAL audit_capture.waived = 'x'; INSERT INTO "Order" VALUES (9, 'a')`),
    ).rejects.toMatchObject({ hint: expect.stringContaining('SELECT public.audit_waive_capture(') })
  })
})

it('a table of the application that has its name is not taken for it', async () => {
  await withSources(async (database) => {
    await database.query('CREATE TABLE public.audit_capture_waiver (id int)')
    await expect(database.query(migration(EMPTY_STATE, wanted('public', role)).up)).rejects.toMatchObject({
      message: 'public.audit_capture_waiver exists already and is no audit table',
    })
  })
})

it('from a schema of its own into that of the application: with all that was told, and under the new name', async () => {
  await withSources(async (database) => {
    const first = migration(EMPTY_STATE, wanted('audit', role))
    await database.query(first.up)
    await database.query(write('audit.waive_capture', 1))
    // Nobody may any more, and what was told moves on all the same.
    const off = migration(first.after, wanted('audit'))
    await database.query(off.up)
    const move = migration(off.after, wanted('public'))
    await database.query(move.up)
    expect(await database.query(waived('public.audit_capture_waiver'))).toEqual([{ n: 1 }])
    expect(externalTables(move.steps, [])).toContain('public.audit_capture_waiver')
    expect(await database.query(`SELECT FROM pg_proc WHERE proname ~ 'waive'`)).toEqual([])
    expect(await database.query(`SELECT FROM pg_namespace WHERE nspname = 'audit'`)).toEqual([])
    const on = migration(move.after, wanted('public', role))
    await database.query(on.up)
    await database.query(write('public.audit_waive_capture', 2))
    expect(await database.query(waived('public.audit_capture_waiver'))).toEqual([{ n: 2 }])
    await database.query(on.down)
    expect(await database.query(waived('public.audit_capture_waiver'))).toEqual([{ n: 2 }])
  })
})

it('what moves the audit and brings the first waiver goes back as one: the new table of waivers too, if it holds none', async () => {
  await withSources(async (database) => {
    const first = migration(EMPTY_STATE, wanted('audit'))
    await database.query(first.up)
    const both = migration(first.after, wanted('the trail', role))
    expect(both.steps.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['moveSchema', 'changeWaiver']))
    const tables = () =>
      database.query(
        `SELECT relnamespace::regnamespace::text AS schema, relkind FROM pg_class WHERE relname = 'capture_waiver'`,
      )
    for (const _ of ['up', 'up again']) {
      await database.query(both.up)
      expect(await tables()).toEqual([{ schema: '"the trail"', relkind: 'r' }])
      await database.query(both.down)
      expect(await tables()).toEqual([])
      await database.query(`INSERT INTO "Order" VALUES ((SELECT count(*) FROM "Order") + 1, 'a')`)
    }
    await database.query(both.up)
    await database.query(write('"the trail".waive_capture', 3))
    await database.query(both.down)
    expect(await tables()).toEqual([{ schema: 'audit', relkind: 'r' }])
    expect(await database.query(`SELECT count(*)::int AS n FROM audit."Order_audit"`)).toEqual([{ n: 2 }])
  })
})
