import type { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import type { TestDatabase } from '../../../../test/support/test-database.ts'
import { type ReconcileOptions, reconcile } from '../../src/cli/reconcile.ts'
import type { AuditedColumn, AuditedTable } from '../../src/model/audit-model.ts'
import type { Told } from '../../src/sql/live-differences.ts'
import { compare, missed, toldAll, unseen } from './comparing.ts'
import { column, facts, install, setting, state, table } from './fixture.ts'
import { auditedDatabase, connected } from './sealing.ts'

const SEVEN = `INSERT INTO "Order" SELECT g, 'note ' || g FROM generate_series(1, 7) g`

async function audited(writes: string, wishes: Partial<AuditedTable> = {}) {
  const wanted = table('Order', wishes)
  const database = await auditedDatabase(writes, wanted)
  return { database, wanted, client: await connected(database) }
}

function run(
  client: Client,
  wanted: AuditedTable,
  less: Partial<Told> = {},
  options: Partial<ReconcileOptions> = {},
) {
  const [recorded] = state(wanted).tables
  if (recorded === undefined) throw new Error('no table')
  return reconcile(client, toldAll(recorded, less), {
    size: 3,
    lockTimeout: 2000,
    settings: new Map(),
    signal: new AbortController().signal,
    onProgress: () => {},
    ...options,
  })
}

const history = async (database: TestDatabase, columns: string, from: string) => {
  const rows = await database.query<{ line: string }>(
    `SELECT concat_ws(' ', audit_operation, ${columns}) AS line FROM audit."Order_audit" WHERE audit_id > ${from} ORDER BY audit_id`,
  )
  return rows.map(({ line }) => line)
}

describe('what nobody watched', () => {
  it('gets a row of history for each row that changed, came or went, with who says so, and nothing else', async () => {
    const { database, wanted, client } = await audited(
      `SET audit.username = 'seen'; ${SEVEN}; DELETE FROM "Order" WHERE id = 7`,
      { settings: [setting('username String'), setting('ticket Int?'), ...facts('application_name')] },
    )
    await database.query(
      unseen(`UPDATE "Order" SET note = 'x' WHERE id = 1; DELETE FROM "Order" WHERE id = 2; INSERT INTO "Order" VALUES (7, 'again'), (9, 'new');
        UPDATE "Order" SET id = 50 WHERE id = 5`),
    )
    const settings = new Map([
      ['username', 'ops'],
      ['ticket', '12'],
    ])
    expect(await run(client, wanted, {}, { settings })).toEqual({
      rows: 7,
      written: 6,
      firstId: '9',
      lastId: '14',
      isComplete: true,
    })
    expect(await history(database, 'id, note, audit_username, audit_ticket', '8')).toEqual([
      'U 1 x ops 12',
      'I 7 again ops 12',
      'I 9 new ops 12',
      'I 50 note 5 ops 12',
      'D 2 note 2 ops 12',
      'D 5 note 5 ops 12',
    ])
    expect(await missed(compare(client, wanted))).toEqual([])
    expect(await run(client, wanted, {}, { settings })).toMatchObject({ written: 0, isComplete: true })
  })

  it('is not brought in without the context that the history requires, and nothing is half done', async () => {
    const { database, wanted, client } = await audited(`SET audit.username = 'seen'; ${SEVEN}`, {
      settings: [setting('username String')],
    })
    await database.query(unseen(`UPDATE "Order" SET note = 'x'`))
    await expect(run(client, wanted)).rejects.toMatchObject({ code: 'AU001' })
    expect(await history(database, 'id', '7')).toEqual([])
  })

  it('of a history that is not whole: what the pause or a later transaction wrote, and not what was there before', async () => {
    const { database, wanted, client } = await audited('SELECT 1')
    await database.query(unseen(SEVEN))
    const [{ xid } = { xid: '' }] = await database.query<{ xid: string }>(
      'SELECT pg_current_xact_id()::text AS xid',
    )
    await database.query(
      unseen(`UPDATE "Order" SET note = 'x' WHERE id = 3; INSERT INTO "Order" VALUES (8, 'new')`),
    )
    expect(await run(client, wanted, { isWhole: false })).toMatchObject({ written: 0 })
    expect(await run(client, wanted, { isWhole: false, writtenSince: xid })).toMatchObject({ written: 2 })
    expect(await history(database, 'id, note', '0')).toEqual(['I 3 x', 'I 8 new'])
    // Ids of rows begin anew after four thousand million.
    const wrapped = String(BigInt(xid) + 4294967296n * 3n)
    await database.query(unseen(`UPDATE "Order" SET note = 'y' WHERE id = 4`))
    expect(await run(client, wanted, { isWhole: false, writtenSince: wrapped })).toMatchObject({ written: 1 })
  })

  it('is recorded by the policies of the columns, and a D holds what the history knows', async () => {
    const policy = (name: string, wanted: AuditedColumn['policy']): AuditedColumn => ({
      ...column(name, 'text'),
      policy: wanted,
    })
    const columns = [
      column('id', 'integer'),
      policy('email', 'hash'),
      policy('password', 'redact'),
      { ...column('body', 'text'), whenChanged: true as const },
    ]
    const wanted = table('Order', {
      level: 'row',
      columns,
      settings: facts('unchanged_columns', 'changed_columns'),
    })
    const database = await auditedDatabase('SELECT 1')
    await database.query(`CREATE TABLE "Order" (id int PRIMARY KEY, email text, password text, body text, audit_operation text);
      ${install(wanted)}`)
    await database.query(`INSERT INTO "Order" SELECT g, 'e' || g, 'secret', 'long', 'clash' FROM generate_series(1, 3) g;
      UPDATE "Order" SET email = 'f' WHERE id = 3`)
    await database.query(
      unseen(
        `UPDATE "Order" SET email = 'g', password = 'top secret' WHERE id = 1; DELETE FROM "Order" WHERE id = 3; INSERT INTO "Order" VALUES (4, 'h', 'top secret', 'short', '')`,
      ),
    )
    const client = await connected(database)
    expect(await run(client, wanted)).toMatchObject({ written: 3 })
    expect(
      await history(
        database,
        `id, left(email, 0), password, body, audit_unchanged_columns::text,
         (SELECT 'hashed ' || (h.email = audit.hash_value('g'::text, 'audit."Order_audit"', 'email'))::text FROM audit."Order_audit" h WHERE h.audit_id = o.audit_id)`.replace(
          'o.audit_id',
          'audit."Order_audit".audit_id',
        ),
        '4',
      ),
    ).toEqual([
      'U 1  [redacted] long hashed true',
      'I 4  [redacted] short hashed false',
      // The history of the row says where its value stands.
      expect.stringMatching(/^D 3 {2}\[redacted\] \{\d+\} hashed false$/),
    ])
    expect(await missed(compare(client, wanted))).toEqual([])
    for (const text of await history(database, 'password', '0')) expect(text).not.toContain('secret')
  })

  it('while writers write on: no row of history stands before one that is older, and folding it is the table', async () => {
    const { database, wanted, client } = await audited(
      `INSERT INTO "Order" SELECT g, '0' FROM generate_series(1, 200) g`,
    )
    await database.query(
      unseen(
        `UPDATE "Order" SET note = 'p' WHERE id % 3 = 0; DELETE FROM "Order" WHERE id % 5 = 0; INSERT INTO "Order" SELECT g, 'p' FROM generate_series(201, 230) g`,
      ),
    )
    const pool = database.pool({ max: 4 })
    let isDone = false
    const errors: string[] = []
    const writer = async (n: number) => {
      for (let at = n; !isDone; at += 7) {
        const id = 1 + (at % 230)
        const texts = [
          `UPDATE "Order" SET note = '${at}' WHERE id = ${id}`,
          `DELETE FROM "Order" WHERE id = ${id}`,
          `INSERT INTO "Order" VALUES (${id}, '${at}') ON CONFLICT (id) DO UPDATE SET note = excluded.note`,
        ]
        await pool
          .query(`BEGIN; ${texts[at % 3]}; SELECT pg_sleep(0.005); COMMIT`)
          .catch((error) => errors.push(error.message))
      }
    }
    const writers = [0, 1, 2, 3].map(writer)
    try {
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(await run(client, wanted, {}, { size: 20, lockTimeout: 5000 })).toMatchObject({
        isComplete: true,
      })
    } finally {
      isDone = true
      await Promise.all(writers)
    }
    expect(errors).toEqual([])
    expect(await compare(client, wanted, {}, { size: 500 })).toMatchObject({ findings: [] })
  })

  it('a row that comes between the look at a page and its lock pushes no other row out of the run', async () => {
    const { database, wanted, client } = await audited(
      `INSERT INTO "Order" SELECT 10 * g, 'n' FROM generate_series(1, 6) g`,
    )
    await database.query(unseen(`UPDATE "Order" SET note = 'x' WHERE id IN (20, 30)`))
    const other = await connected(database)
    await other.query('BEGIN; INSERT INTO "Order" VALUES (5, 0)')
    const running = run(client, wanted, {}, { lockTimeout: 20_000 })
    await expect
      .poll(
        () =>
          database.query(
            `SELECT 1 AS waits FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database() WHERE NOT l.granted`,
          ),
        { timeout: 10_000, interval: 20 },
      )
      .toEqual([{ waits: 1 }])
    await other.query('COMMIT')
    expect(await running).toMatchObject({ written: 2, isComplete: true })
    expect(await missed(compare(client, wanted))).toEqual([])
  })

  it('in a pause is excused by nothing: not by a column that nobody knows since when it is recorded, nor by a rest before', async () => {
    const { database, wanted, client } = await audited(`INSERT INTO "Order" VALUES (1, NULL), (2, NULL)`)
    const [{ xid } = { xid: '' }] = await database.query<{ xid: string }>(
      'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xid',
    )
    await database.query(unseen(`UPDATE "Order" SET note = 'in the pause' WHERE id = 2`))
    const since = new Map([['note', 'infinity']])
    expect(await run(client, wanted, { since })).toMatchObject({ written: 0 })
    const less = { since, restedUntil: 'infinity', writtenSince: xid }
    expect(await run(client, wanted, less)).toMatchObject({ written: 1 })
    expect(await history(database, 'id, note', '2')).toEqual(['U 2 in the pause'])
  })

  it('a run that was ended goes on, and a lock that is in the way ends it with nothing half done', async () => {
    const { database, wanted, client } = await audited(SEVEN)
    await database.query(unseen(`UPDATE "Order" SET note = 'x'`))
    const stop = new AbortController()
    const ended = await run(client, wanted, {}, { signal: stop.signal, onProgress: () => stop.abort() })
    expect(ended).toMatchObject({ written: 3, isComplete: false })
    const other = await connected(database)
    await other.query(`BEGIN; LOCK TABLE "Order" IN ROW EXCLUSIVE MODE`)
    await expect(run(client, wanted, {}, { lockTimeout: 5 })).rejects.toMatchObject({ code: '55P03' })
    await other.query('ROLLBACK')
    expect(await run(client, wanted)).toMatchObject({ written: 4, isComplete: true })
    expect(await missed(compare(client, wanted))).toEqual([])
  })
})
