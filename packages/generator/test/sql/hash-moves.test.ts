import { expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { externalTables, isLaterTable } from '../../src/external-tables.ts'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { EMPTY_STATE } from '../../src/state/database-state.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { column, createSource, migration, planBetween, table } from './fixture.ts'
import { runPartBesideWriter } from './part-beside-writer.ts'

const hashing = (name: string): AuditedTable =>
  table(name, { columns: [column('id', 'integer'), { ...column('note', 'text'), policy: 'hash' }] })
const [order, item] = [hashing('Order'), hashing('Item')]

const wanted = (auditSchema: string) =>
  desiredState({
    auditSchema,
    ...(auditSchema === 'public' ? { sharedSchema: true } : {}),
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

const notes = async (database: TestDatabase, history: string) =>
  (await database.query<{ note: string }>(`SELECT note FROM ${history} ORDER BY audit_id`)).map(
    ({ note }) => note,
  )
/** Installs the audit, and gives the part that moves it to another schema behind a draft. */
async function installedMove(database: TestDatabase): Promise<string> {
  const first = migration(EMPTY_STATE, wanted('audit'))
  await database.query(first.up)
  return renderMigration(planBetween(first.after, wanted('the trail')), { from: first.after, appended: true })
}
const write = (id: number, name = 'Order') => `INSERT INTO "${name}" VALUES (${id}, 'same')`

it('the keys go along when the audit schema gets another name, also half-way, and back', async () => {
  await withSources(async (database) => {
    const first = migration(EMPTY_STATE, wanted('audit'))
    await database.query(first.up)
    await database.query(write(1))
    await database.query(write(1, 'Item'))
    const move = migration(first.after, wanted('the trail'))
    // The schema and the first table (Item) have moved; Order calls the functions of the old schema.
    const [schema, moved, ...rest] = move.up.split(/^COMMIT;$/m)
    await database.query(`${schema}; COMMIT; ${moved}`)
    await database.query(write(2))
    await database.query(write(2, 'Item'))
    await database.query(rest.join('COMMIT;'))
    await database.query(move.up)
    await database.query(write(3))
    const [one, ...others] = await notes(database, '"the trail"."Order_audit"')
    expect(one).toMatch(/^[0-9a-f]{64}$/)
    expect(others).toEqual([one, one])
    const [first_, second] = await notes(database, '"the trail"."Item_audit"')
    expect(second).toBe(first_)
    expect(first_).not.toBe(one)
    expect(await database.query(`SELECT FROM pg_namespace WHERE nspname = 'audit'`)).toEqual([])
    await expect(database.query('DELETE FROM "the trail".hash_key')).rejects.toMatchObject({ code: 'AU002' })
    await database.query(move.down)
    await database.query(write(4))
    expect(await notes(database, 'audit."Order_audit"')).toEqual([one, one, one, one])
    expect(await database.query('SELECT count(*)::int AS n FROM audit.hash_key')).toEqual([{ n: 2 }])
  })
})

it('in a schema of the application the keys have a prefix, Prisma is told of their table, and a table in its place is not used', async () => {
  await withSources(async (database) => {
    const first = migration(EMPTY_STATE, wanted('public'))
    expect(externalTables(first.steps, ['public']).filter((name) => !isLaterTable(name))).toEqual([
      'public.Item_audit',
      'public.Order_audit',
      'public.audit_hash_key',
    ])
    await database.query('CREATE TABLE audit_hash_key (id int)')
    await expect(database.query(first.up)).rejects.toMatchObject({
      code: '42P07',
      message: expect.stringContaining('audit_hash_key'),
    })
    await database.query('ROLLBACK; DROP TABLE audit_hash_key')
    await database.query(first.up)
    await database.query(first.up)
    await database.query(write(1))
    const [own] = await notes(database, '"Order_audit"')
    const away = migration(first.after, wanted('audit'))
    expect(externalTables([...first.steps, ...away.steps], ['public'])).toContain('public.audit_hash_key')
    await database.query(away.up)
    await database.query(write(2))
    expect(await notes(database, 'audit."Order_audit"')).toEqual([own, own])
    expect(await database.query(`SELECT to_regclass('public.audit_hash_key') AS there`)).toEqual([
      { there: null },
    ])
  })
})

it('a move that brings the first hash is taken back and made again with the same keys', async () => {
  await withSources(async (database) => {
    const plain = desiredState({ auditSchema: 'audit', tables: [table('Order'), table('Item')] })
    const first = migration(EMPTY_STATE, plain)
    await database.query(first.up)
    const move = migration(first.after, wanted('trail'))
    await database.query(move.up)
    await database.query(write(1))
    await database.query(move.down)
    await database.query(write(2))
    const keys = () => database.query('SELECT key FROM trail.hash_key ORDER BY key')
    await database.query(move.up)
    await database.query(write(3))
    expect(await keys()).toHaveLength(2 + 2)
    expect(await database.query(`SELECT FROM pg_namespace WHERE nspname = 'audit'`)).toEqual([])
  })
})

it('down.sql of the first hashed column leaves no function behind, and keeps the keys with the history', async () => {
  await withSources(async (database) => {
    const first = migration(EMPTY_STATE, wanted('audit'))
    await database.query(first.up)
    await database.query(write(1))
    await database.query(first.down)
    await database.query(write(2))
    expect(
      await database.query(`SELECT FROM pg_proc WHERE proname IN ('hash_value', 'make_hash_key')`),
    ).toEqual([])
    await database.query(first.up)
    await database.query(write(3))
    const [one, ...others] = await notes(database, 'audit."Order_audit"')
    expect(others).toEqual([one])
  })
})

it('keys alone are no history: a schema that holds nothing else makes room after a reset', async () => {
  await withSources(async (database) => {
    const first = migration(EMPTY_STATE, wanted('audit'))
    await database.query(first.up)
    await database.query('DROP TABLE "Order", "Item"')
    await database.query(createSource(order) + createSource(item))
    await database.query(first.up)
    expect(
      await database.query(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'audit%' ORDER BY 1`),
    ).toEqual([{ nspname: 'audit' }])
    expect(await database.query('SELECT count(*)::int AS n FROM audit.hash_key')).toEqual([{ n: 2 }])
  })
})

it('in one transaction with a draft, a writer that is about to read its key is waited for: no deadlock, and nothing is lost', async () => {
  await withSources(async (database) => {
    const part = await installedMove(database)
    for (const name of ['Order', 'Item']) {
      // As whoever writes has it before the trigger fires.
      const begun = `BEGIN; LOCK TABLE "${name}" IN ROW EXCLUSIVE MODE`
      await runPartBesideWriter(database, part, begun, `${write(1, name)}; COMMIT`)
    }
    await database.query(part)
    await database.query(`${write(2)}; ${write(2, 'Item')}`)
    const [one, ...others] = await notes(database, '"the trail"."Order_audit"')
    expect(others).toEqual([one])
    expect(await notes(database, '"the trail"."Item_audit"')).toHaveLength(2)
  })
})

it('where several tables move at once, a transaction that writes them in another order is no victim of a deadlock', async () => {
  await withSources(async (database) => {
    const part = await installedMove(database)
    // It looks for a deadlock at once, so it is the writer who would meet one.
    const migrating = `SET LOCAL deadlock_timeout = '1ms'; ${part}`
    for (const [one, other] of [
      ['Order', 'Item'],
      ['Item', 'Order'],
    ] as const) {
      const rest = `SELECT pg_sleep(0.05); ${write(1, other)}; COMMIT`
      await runPartBesideWriter(database, migrating, `BEGIN; ${write(2, one)}`, rest)
    }
    expect(await notes(database, 'audit."Order_audit"')).toHaveLength(2)
    expect(await notes(database, 'audit."Item_audit"')).toHaveLength(2)
  })
})
