import { describe, expect, it, vi } from 'vitest'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import { renderBeginHolding, renderHold } from '../../src/sql/erasing.ts'
import { compare, missed } from './comparing.ts'
import { column, facts, table } from './fixture.ts'
import { prune, setUpPruning } from './pruning.ts'
import { auditedDatabase, connected, findingsOf, HOME, seal, unguarded, verify } from './sealing.ts'

vi.setConfig({ testTimeout: 120_000 })

const HISTORY = 'audit."Order_audit"'

async function prepared(writes: string, wishes: Partial<AuditedTable> = {}) {
  const wanted = table('Order', wishes)
  const database = await auditedDatabase(writes, wanted)
  const client = await connected(database)
  const { by, again } = await setUpPruning(database)
  const ids = async () =>
    (await database.query<{ id: string }>(`SELECT audit_id::text AS id FROM ${HISTORY} ORDER BY audit_id`))
      .map(({ id }) => id)
      .join(' ')
  /** A moment between what was written and what will be. */
  const now = async () =>
    (await database.query<{ now: string }>('SELECT clock_timestamp()::text AS now'))[0]?.now ?? ''
  return {
    database,
    again,
    client,
    wanted,
    by,
    ids,
    now,
    run: (before: string) => prune(client, by, wanted, before),
  }
}

describe('what is older than the limit goes', () => {
  it('the newest row of each row that was there at the limit stays, and the rows since', async () => {
    const { database, client, wanted, ids, now, run } = await prepared(
      `INSERT INTO "Order" SELECT g, 'a' FROM generate_series(1, 3) g; UPDATE "Order" SET note = 'b' WHERE id < 3; DELETE FROM "Order" WHERE id = 2`,
    )
    const limit = await now()
    await database.query(`UPDATE "Order" SET note = 'c' WHERE id = 1`)
    // 1 2 3: inserted; 4 5: updated; 6: deleted; 7: since.
    expect(await run(limit)).toMatchObject({ read: 7, pruned: 4, kept: 2, held: 0, isComplete: true })
    expect(await ids()).toBe('3 4 7')
    expect(await run(limit)).toMatchObject({ pruned: 0, kept: 2 })
    expect(await missed(compare(client, wanted))).toEqual([])
    const record = await database.query(
      `SELECT audit_operation, reason, history, sum(rows)::int AS rows FROM audit.pruning GROUP BY 1, 2, 3`,
    )
    expect(record).toEqual([{ audit_operation: 'P', reason: 'old', history: HISTORY, rows: 4 }])
  })

  it('a value that later rows leave out because it had not changed stays with its row', async () => {
    const columns = [
      column('id', 'integer'),
      { ...column('body', 'text'), whenChanged: true as const },
      column('note', 'text'),
    ]
    const { client, database, wanted, ids, now, run } = await prepared(
      `INSERT INTO "Order" VALUES (1, 'long', 'a'); UPDATE "Order" SET note = 'b'; UPDATE "Order" SET note = 'c'; UPDATE "Order" SET body = 'other';
       UPDATE "Order" SET note = 'd'; UPDATE "Order" SET note = 'e'`,
      { level: 'row', columns, settings: facts('unchanged_columns') },
    )
    const limit = await now()
    await database.query(`UPDATE "Order" SET note = 'f'`)
    await run(limit)
    expect(await ids()).toBe('4 6 7')
    expect(await missed(compare(client, wanted))).toEqual([])
  })

  it('of a table without a key all goes, and rows that do not tell their key stay', async () => {
    const { database, ids, now, run } = await prepared(`INSERT INTO "Order" VALUES (1, 'a'), (2, 'b')`, {
      key: [],
    })
    await run(await now())
    expect(await ids()).toBe('')
    const other = await prepared(`INSERT INTO "Order" VALUES (1, 'a')`)
    await other.database.query(`INSERT INTO ${HISTORY} (audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id)
      VALUES ('I', now(), now(), 'x', 1), ('D', now(), now(), 'x', 1)`)
    await other.run(await other.now())
    expect(await other.ids()).toBe('1 2 3')
    expect(database.name).not.toBe(other.database.name)
  })

  it('a baseline goes when there is a later row, and stays when it is the last', async () => {
    const { database, ids, now, run } = await prepared('SELECT 1')
    await database.query(`INSERT INTO ${HISTORY} (audit_id, audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id, id)
      OVERRIDING SYSTEM VALUE SELECT - g, 'B', now(), now(), 'x', 1, g FROM generate_series(1, 5) g`)
    await database.query(`SELECT setval(pg_get_serial_sequence('${HISTORY}', 'audit_id'), 5)`)
    await database.query(
      `INSERT INTO "Order" VALUES (4, 'x'), (5, 'y'); DELETE FROM "Order" WHERE id = 5; UPDATE "Order" SET note = 'z'`,
    )
    await run(await now())
    expect(await ids()).toBe('-3 -2 -1 9')
  })
})

describe('a legal hold', () => {
  it('keeps all rows of what it is put on, until it is released', async () => {
    const { database, client, ids, now, run } = await prepared(
      `INSERT INTO "Order" SELECT g, 'a' FROM generate_series(1, 3) g; UPDATE "Order" SET note = 'b'; DELETE FROM "Order"`,
    )
    await client.query(renderBeginHolding(HOME))
    await client.query(renderHold(HOME), [
      HISTORY,
      JSON.stringify([{ columns: ['id'], value: '2' }]),
      'case 12',
    ])
    const limit = await now()
    expect(await run(limit)).toMatchObject({ pruned: 6, held: 3 })
    expect(await ids()).toBe('2 5 8')
    await client.query(renderHold(HOME), [null, null, 'all'])
    await database.query(
      `INSERT INTO audit.legal_hold (kind, made_by, released, reason) VALUES ('R', 'x', 1, 'settled')`,
    )
    expect(await run(limit)).toMatchObject({ pruned: 0, held: 3 })
    await database.query(
      `INSERT INTO audit.legal_hold (kind, made_by, released, reason) VALUES ('R', 'x', 2, 'settled')`,
    )
    expect(await run(limit)).toMatchObject({ pruned: 3, held: 0 })
    expect(await ids()).toBe('')
  })

  it('of one version keeps the others of the same row, so that none is told by the wrong one', async () => {
    const { client, ids, now, run } = await prepared(
      `INSERT INTO "Order" VALUES (1, 'a'), (2, 'x'); UPDATE "Order" SET note = 'b'; DELETE FROM "Order"`,
    )
    await client.query(renderBeginHolding(HOME))
    await client.query(renderHold(HOME), [HISTORY, JSON.stringify([{ columns: ['note'], value: 'a' }]), 'x'])
    await run(await now())
    expect(await ids()).toBe('1 3 5')
  })
})

describe('seals', () => {
  const writes = `INSERT INTO "Order" SELECT g, 'a' FROM generate_series(1, 20) g; UPDATE "Order" SET note = 'b' WHERE id <= 15; DELETE FROM "Order" WHERE id <= 5`

  it('a range of which all rows went is pruned; of another one verify knows the rows that went, and finds any other change', async () => {
    const { database, client, wanted, ids, now, run, again } = await prepared(writes)
    await seal(client)
    await again()
    const limit = await now()
    await run(limit)
    // 1–15 were followed, 21–25 too, 36–40 are deletions.
    expect(await ids()).toBe('16 17 18 19 20 26 27 28 29 30 31 32 33 34 35')
    const { findings, histories } = await verify(client)
    expect(findings).toEqual([])
    expect(histories.find(({ history }) => history.includes('Order'))).toMatchObject({
      rows: 15,
      prunedRanges: 1,
      prunedRows: 25,
    })
    expect(await missed(compare(client, wanted))).toEqual([])
    const attacks: readonly (readonly [string, string])[] = [
      [`UPDATE ${HISTORY} SET note = 'x' WHERE audit_id = 18`, 'rows-changed 11–20'],
      [`DELETE FROM ${HISTORY} WHERE audit_id = 18`, 'rows-removed 11–20'],
      [
        `INSERT INTO ${HISTORY} OVERRIDING SYSTEM VALUE SELECT 13, audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id, id, note FROM ${HISTORY} WHERE audit_id = 18`,
        'rows-inserted 11–20',
      ],
      [
        `INSERT INTO ${HISTORY} OVERRIDING SYSTEM VALUE SELECT 3, audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id, id, note FROM ${HISTORY} WHERE audit_id = 18`,
        'rows-inserted 0–10',
      ],
    ]
    for (const [attack, found] of attacks) {
      await client.query(`BEGIN; ${unguarded(HISTORY, attack)}`)
      expect(await findingsOf(verify(client, { inSnapshot: (work) => work() }))).toEqual([found])
      await client.query('ROLLBACK')
    }
    const forged = `UPDATE audit.seal_erasure SET fields = jsonb_build_object('leaf', repeat('0', 64)) WHERE audit_id = 12`
    await client.query(`BEGIN; ${unguarded('audit.seal_erasure', forged)}`)
    expect(await findingsOf(verify(client, { inSnapshot: (work) => work() }))).toEqual(['rows-changed 11–20'])
    await client.query('ROLLBACK')
    // The rest of the ranges goes later, and nothing of them is left.
    await database.query(`UPDATE "Order" SET note = 'c'`)
    await seal(client)
    await run(await now())
    expect(await findingsOf(verify(client))).toEqual([])
    expect(
      await database.query(
        `SELECT FROM audit.seal_erasure UNION ALL SELECT FROM audit.seal_salt WHERE seal_number < 4`,
      ),
    ).toHaveLength(0)
  })

  it('a row that was forged before it was pruned is still found, where others of its range stay', async () => {
    const { database, client, now, run, again } = await prepared(writes)
    await seal(client)
    await again()
    await database.query(unguarded(HISTORY, `UPDATE ${HISTORY} SET note = 'forged' WHERE audit_id = 12`))
    await run(await now())
    expect(await findingsOf(verify(client))).toEqual(['rows-changed 11–20'])
  })

  it('a history of which rows are missing is not pruned: that would hide it', async () => {
    const { database, client, ids, now, run, again } = await prepared(writes)
    await seal(client)
    await again()
    await database.query(unguarded(HISTORY, `DELETE FROM ${HISTORY} WHERE audit_id = 2`))
    await expect(run(await now())).rejects.toMatchObject({
      code: 'AU006',
      hint: expect.stringContaining('Pruning would hide that'),
    })
    expect((await ids()).split(' ')).toHaveLength(39)
  })

  it('tables of seals that came after the set-up are said, and nothing is pruned', async () => {
    const { database, client, now, run } = await prepared(writes)
    await seal(client)
    await expect(run(await now())).rejects.toMatchObject({ code: 'AU007' })
    expect(await database.query(`SELECT FROM ${HISTORY}`)).toHaveLength(40)
  })
})
