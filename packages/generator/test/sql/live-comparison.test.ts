import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reconcile } from '../../src/cli/reconcile.ts'
import type { AuditedColumn, AuditedTable } from '../../src/model/audit-model.ts'
import { renderHistoryPage, renderLivePage } from '../../src/sql/live-comparison.ts'
import { compare, missed, toldAll, unseen } from './comparing.ts'
import { erase, setUp } from './erasing.ts'
import { column, facts, install, setting, state, table, type } from './fixture.ts'
import { auditedDatabase, connected, unguarded } from './sealing.ts'

const HISTORY = 'audit."Order_audit"'
const SEVEN = `INSERT INTO "Order" SELECT g, 'note ' || g FROM generate_series(1, 7) g`

async function audited(writes: string, wishes: Partial<AuditedTable> = {}) {
  const wanted = table('Order', wishes)
  const database = await auditedDatabase(writes, wanted)
  return { database, wanted, client: await connected(database) }
}

describe('the history and the live table', () => {
  it.each(['statement', 'row'] as const)('agree after any write, at level %s', async (level) => {
    const { wanted, client } = await audited(
      `${SEVEN}; UPDATE "Order" SET note = NULL WHERE id = 3; DELETE FROM "Order" WHERE id = 4; UPDATE "Order" SET id = 40 WHERE id = 5;
       UPDATE "Order" SET id = -id; INSERT INTO "Order" VALUES (4, 'again'); DELETE FROM "Order" WHERE id = -40; TRUNCATE "Order"; ${SEVEN}`,
      { level },
    )
    expect(await compare(client, wanted)).toMatchObject({
      pass: 'done',
      rows: 7,
      untold: 0,
      missed: 0,
      findings: [],
    })
  })

  it('a write that went past the triggers is named with its key, its columns, and the time between which it was', async () => {
    const { database, wanted, client } = await audited(SEVEN)
    await database.query(
      unseen(`UPDATE "Order" SET note = 'x' WHERE id = 2; DELETE FROM "Order" WHERE id = 6; INSERT INTO "Order" VALUES (9, 'i'); UPDATE "Order" SET id = 50 WHERE id = 5;
        UPDATE "Order" SET note = NULL WHERE id = 7`),
    )
    const compared = await compare(client, wanted)
    expect(await missed(Promise.resolve(compared))).toEqual([
      'update-missed 2: note',
      'update-missed 7: note',
      'insert-missed 9',
      'insert-missed 50',
      'delete-missed 5',
      'delete-missed 6',
    ])
    const [first, , , , , last] = compared.findings
    expect(first).toMatchObject({ id: '2', at: expect.stringMatching(/^\d{4}-\d\d-\d\d .*\+00$/) })
    expect(last).toMatchObject({ id: '6' })
    for (const { at, before } of compared.findings) if (at !== null) expect(at < before).toBe(true)
    const [row] = await database
      .query<{ at: string }>(
        `SET TimeZone = UTC; SELECT audit_operation_timestamp::text AS at FROM audit."Order_audit" WHERE audit_id = 2`,
      )
      .catch(() => [undefined])
    if (row) expect(first?.at).toBe(row.at)
  })

  it('a row that was deleted seen and came again unseen, and the other way round, is found', async () => {
    const { database, wanted, client } = await audited(
      `${SEVEN}; DELETE FROM "Order" WHERE id IN (1, 2); INSERT INTO "Order" VALUES (2, 'b')`,
    )
    await database.query(unseen(`INSERT INTO "Order" VALUES (1, 'a'); DELETE FROM "Order" WHERE id = 2`))
    expect(await missed(compare(client, wanted))).toEqual(['insert-missed 1', 'delete-missed 2'])
  })

  it('a disabled trigger and a TRUNCATE unseen are found', async () => {
    const { database, wanted, client } = await audited(SEVEN)
    await database.query(`ALTER TABLE "Order" DISABLE TRIGGER audit_update; UPDATE "Order" SET note = 'x' WHERE id < 3;
      ALTER TABLE "Order" ENABLE TRIGGER audit_update`)
    expect(await missed(compare(client, wanted))).toEqual(['update-missed 1: note', 'update-missed 2: note'])
    await database.query(unseen(`TRUNCATE "Order"`))
    expect(await compare(client, wanted)).toMatchObject({ missed: 7, rows: 0 })
  })

  it('a write into a partition past statement triggers is found', async () => {
    const wanted = table('Order')
    const database = await auditedDatabase('SELECT 1')
    await database.query(`CREATE TABLE "Order" (id int PRIMARY KEY, note text); ${install(wanted)}`)
    await database.query(`${SEVEN}; ALTER TABLE "Order" RENAME TO low; ALTER TABLE low RENAME CONSTRAINT "Order_pkey" TO low_pkey;
      CREATE TABLE "Order" (LIKE low INCLUDING INDEXES) PARTITION BY RANGE (id); ALTER TABLE low DISABLE TRIGGER USER;
      ALTER TABLE "Order" ATTACH PARTITION low FOR VALUES FROM (0) TO (100); UPDATE low SET note = 'direct' WHERE id = 3`)
    const client = await connected(database)
    expect(await missed(compare(client, wanted))).toEqual(['update-missed 3: note'])
  })

  it('a column that came to the audit later is not held against rows of before, and is against those of after', async () => {
    const later = { columns: [column('id', 'integer'), column('note', 'text'), column('state', 'text')] }
    const { database, client } = await audited(SEVEN)
    await database.query(`ALTER TABLE "Order" ADD COLUMN state text DEFAULT 'new'; ALTER TABLE audit."Order_audit" ADD COLUMN state text;
      INSERT INTO audit."Order_audit" (audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id, id, note)
      VALUES ('U', now(), now(), 'x', 1, 7, 'note 7')`)
    const [{ at } = { at: '' }] = await database.query<{ at: string }>(
      `SELECT max(audit_operation_timestamp) - interval '1 microsecond' || '' AS at FROM audit."Order_audit"`,
    )
    const wanted = table('Order', later)
    expect(await missed(compare(client, wanted, { since: new Map([['state', at]]) }))).toEqual([
      'update-missed 7: state',
    ])
    expect(await missed(compare(client, wanted, { since: new Map([['state', 'infinity']]) }))).toEqual([])
    expect(await compare(client, wanted)).toMatchObject({ missed: 7 })
    expect(await compare(client, wanted, { restedUntil: 'infinity' })).toMatchObject({ missed: 0, untold: 7 })
  })

  it('rows from before the audit are counted, and are findings only where the history is whole', async () => {
    const { database, wanted, client } = await audited('SELECT 1')
    await database.query(unseen(SEVEN))
    expect(await compare(client, wanted, { isWhole: false })).toMatchObject({ missed: 0, untold: 7 })
    expect(await compare(client, wanted)).toMatchObject({ missed: 7, untold: 0 })
  })

  it('a baseline counts as history', async () => {
    const wanted = table('Order', { backfill: true })
    const database = await auditedDatabase('SELECT 1')
    await database.query(`CREATE TABLE "Order" (id int PRIMARY KEY, note text); ${SEVEN}`)
    await database.query(install(wanted))
    const client = await connected(database)
    expect(await compare(client, wanted)).toMatchObject({ missed: 0, rows: 7, historyRows: 7 })
  })

  it('values are compared as they are recorded: hashed, redacted, only when changed, as text, enum, json, numbers', async () => {
    const policy = (name: string, wanted: AuditedColumn['policy']): AuditedColumn => ({
      ...column(name, 'text'),
      policy: wanted,
    })
    const columns = [
      column('id', 'integer'),
      policy('email', 'hash'),
      policy('password', 'redact'),
      { ...column('body', 'text'), whenChanged: true as const },
      column('mood', 'text', true),
      column('data', 'json'),
      column('total', 'numeric'),
      column('sizes', type('integer', [], true)),
      { ...column('span', 'text'), asText: true as const },
    ]
    const wanted = table('Order', { level: 'row', columns, settings: facts('unchanged_columns') })
    const database = await auditedDatabase('SELECT 1')
    await database.query(`CREATE TYPE mood AS ENUM ('good', 'bad');
      CREATE TABLE "Order" (id int PRIMARY KEY, email text, password text, body text, mood mood, data json, total numeric(8, 2), sizes int[], span interval)`)
    await database.query(install(wanted))
    await database.query(`INSERT INTO "Order" SELECT g, 'e' || g, 'secret', 'long', 'good', '{"a": 1}', 1.50, '{1,2}', '1 day 02:00' FROM generate_series(1, 9) g;
      UPDATE "Order" SET total = total + 1; UPDATE "Order" SET total = total + 1 WHERE id = 9`)
    // Fifty updates, so that the value of the text lies as far back as it may.
    for (let run = 0; run < 60; run += 1)
      await database.query(`UPDATE "Order" SET total = total + 1 WHERE id = 1`)
    const client = await connected(database)
    expect(await missed(compare(client, wanted))).toEqual([])
    await database.query('ALTER TABLE "Order" ALTER total TYPE numeric(12, 4)')
    expect(await missed(compare(client, wanted))).toEqual([])
    await database.query(
      unseen(`UPDATE "Order" SET email = 'x' WHERE id = 1; UPDATE "Order" SET password = NULL WHERE id = 2; UPDATE "Order" SET password = 'other' WHERE id = 3;
        UPDATE "Order" SET body = 'short' WHERE id = 4; UPDATE "Order" SET mood = 'bad' WHERE id = 5; UPDATE "Order" SET data = '{"a":1}' WHERE id = 6;
        UPDATE "Order" SET total = 0 WHERE id = 7; UPDATE "Order" SET sizes = '{2,1}' WHERE id = 8; UPDATE "Order" SET span = '26:00' WHERE id = 9`),
    )
    // What is redacted cannot be told from another value.
    expect(await missed(compare(client, wanted))).toEqual([
      'update-missed 1: email',
      'update-missed 2: password',
      'update-missed 4: body',
      'update-missed 5: mood',
      'update-missed 6: data',
      'update-missed 7: total',
      'update-missed 8: sizes',
      'update-missed 9: span',
    ])
    // Its keys are gone, as in a dump without that table: a hash says nothing then, and nothing is written.
    await database.query(`ALTER TABLE audit.hash_key DISABLE TRIGGER append_only; DELETE FROM audit.hash_key`)
    expect(await missed(compare(client, wanted))).not.toContain('update-missed 1: email')
    expect(await database.query('SELECT FROM audit.hash_key')).toEqual([])
    // The next write makes another key: what was hashed before says nothing of today's hashes, and what is hashed now does.
    await database.query(`UPDATE "Order" SET total = 8 WHERE id = 9`)
    await database.query(`UPDATE "Order" SET total = 9 WHERE id = 9`)
    expect(await missed(compare(client, wanted))).not.toContain('update-missed 1: email')
    await database.query(unseen(`UPDATE "Order" SET email = 'other' WHERE id = 9`))
    expect(await missed(compare(client, wanted))).toContain('update-missed 9: email')
  })

  it('what an erasure took out of the history is no write that was missed, and is not written anew; what changed besides is', async () => {
    const columns = [
      column('id', 'integer'),
      column('note', 'text'),
      column('data', 'jsonb'),
      { ...column('body', 'text'), whenChanged: true as const },
    ]
    const wanted = table('Order', { level: 'row', columns, settings: facts('unchanged_columns') })
    const { database, client } = await audited(
      `INSERT INTO "Order" SELECT g, 'note', '{"a": 1, "b": 2}', 'long' FROM generate_series(1, 3) g; UPDATE "Order" SET note = 'name'`,
      wanted,
    )
    const { by } = await setUp(database)
    const match = [{ columns: ['id'], value: '1' }]
    const paths = [{ column: 'data', path: ['a'] }]
    expect(
      await erase(client, by, [{ history: HISTORY, match, columns: ['note', 'body'], paths }]),
    ).toMatchObject({ rows: 2 })
    expect(await missed(compare(client, wanted))).toEqual([])
    // The record has the names of its day.
    await database.query(
      `ALTER TABLE ${HISTORY} RENAME COLUMN note TO remark; ALTER TABLE "Order" RENAME COLUMN note TO remark`,
    )
    const renamed = {
      ...wanted,
      columns: columns.map((each) => (each.name === 'note' ? column('remark', 'text') : each)),
    }
    expect(await missed(compare(client, table('Order', renamed)))).toEqual([])
    await database.query(
      `ALTER TABLE ${HISTORY} RENAME COLUMN remark TO note; ALTER TABLE "Order" RENAME COLUMN remark TO note`,
    )
    await database.query(unseen(`UPDATE "Order" SET note = 'other' WHERE id = 2`))
    expect(await missed(compare(client, wanted))).toEqual(['update-missed 2: note'])
    const [recorded] = state(wanted).tables
    if (recorded === undefined) throw new Error('no table')
    const written = await reconcile(client, toldAll(recorded), {
      size: 3,
      lockTimeout: 2000,
      settings: new Map(),
      signal: new AbortController().signal,
      onProgress: () => {},
    })
    expect(written).toMatchObject({ written: 1 })
    // A value that was changed back by hand, in a row that was written since, is a finding again.
    await database.query(
      `UPDATE "Order" SET note = 'new' WHERE id = 1; ${unseen(`UPDATE "Order" SET note = 'x' WHERE id = 1`)}`,
    )
    expect(await missed(compare(client, wanted))).toEqual(['update-missed 1: note'])
  })

  it('keys of several columns, of text in any case, and names that need quotes are told apart as the history does', async () => {
    const wanted = table('Order "x"', {
      columns: [column('Land "a"', 'text'), column('no', 'integer'), column('note', 'text')],
      key: ['Land "a"', 'no'],
      settings: [setting('username String?')],
    })
    const database = await auditedDatabase(
      `INSERT INTO "Order ""x""" SELECT l, g, 'n' FROM unnest(ARRAY['a', 'A', 'ä', '', 'z''"']) l, generate_series(1, 3) g`,
      wanted,
    )
    const client = await connected(database)
    expect(await compare(client, wanted)).toMatchObject({ missed: 0, rows: 15 })
    await database.query(
      unseen(
        `DELETE FROM "Order ""x""" WHERE "Land ""a""" = 'A' AND no = 2; UPDATE "Order ""x""" SET note = 'm' WHERE "Land ""a""" = '' AND no = 3`,
      ),
    )
    expect(await missed(compare(client, wanted))).toEqual(['update-missed /3: note', 'delete-missed A/2'])
  })

  it('a run that is ended goes on where it was, and says the same', async () => {
    const { database, wanted, client } = await audited(SEVEN)
    await database.query(
      unseen(`UPDATE "Order" SET note = 'x' WHERE id IN (1, 7); DELETE FROM "Order" WHERE id = 2`),
    )
    const whole = await compare(client, wanted)
    let reached = undefined as Awaited<ReturnType<typeof compare>> | undefined
    for (let runs = 1; reached?.pass !== 'done'; runs += 1) {
      expect(runs).toBeLessThan(20)
      const stop = new AbortController()
      let pages = 0
      const onProgress = () => {
        pages += 1
        if (pages > 1) stop.abort()
      }
      reached = await compare(client, wanted, {}, { signal: stop.signal, onProgress }, reached)
    }
    const plain = ({ findings, ...rest }: typeof whole) => ({
      ...rest,
      findings: findings.map(({ before: _, ...each }) => each),
    })
    expect(plain(reached)).toEqual(plain(whole))
  })

  it('while others write, nothing is called missed that is under way', async () => {
    const { database, wanted, client } = await audited(SEVEN)
    const pool = database.pool({ max: 4 })
    let isDone = false
    const errors: unknown[] = []
    const writer = async (n: number) => {
      for (let at = n; !isDone; at += 4) {
        await pool
          .query(
            at % 3 === 0
              ? `UPDATE "Order" SET note = '${at}' WHERE id = ${1 + (at % 7)}`
              : at % 3 === 1
                ? `BEGIN; DELETE FROM "Order" WHERE id = ${8 + (at % 5)}; INSERT INTO "Order" VALUES (${8 + (at % 5)}, '${at}') ON CONFLICT DO NOTHING; COMMIT`
                : `UPDATE "Order" SET id = ${20 + at} WHERE id > 20`,
          )
          .catch((error) => {
            if (error.code === '23505') return
            errors.push(error)
            isDone = true
          })
      }
    }
    const writers = [0, 1, 2, 3].map(writer)
    const found: unknown[] = []
    try {
      for (let run = 0; run < 15; run += 1)
        found.push(...(await compare(client, wanted, {}, { size: 1000 })).findings)
    } finally {
      isDone = true
      await Promise.all(writers)
    }
    expect([errors, found]).toEqual([[], []])
  })

  it('random writes unseen among seen ones: exactly those are found', async () => {
    const { database, wanted, client } = await audited('SELECT 1')
    const writes = fc.array(
      fc.record({
        id: fc.integer({ min: 1, max: 12 }),
        kind: fc.constantFrom('put', 'delete', 'move'),
        isSeen: fc.boolean(),
        value: fc.integer({ min: 1, max: 3 }),
      }),
      { maxLength: 25 },
    )
    let found = 0
    await fc.assert(
      fc.asyncProperty(writes, async (all) => {
        await database.query(`TRUNCATE "Order"; ${unguarded(HISTORY, `TRUNCATE ${HISTORY}`)}`)
        // What the history says, and what is.
        const says = new Map<number, number>()
        const is = new Map<number, number>()
        for (const { id, kind, isSeen, value } of all) {
          const former = is.get(id)
          const sql =
            kind === 'put'
              ? former === undefined
                ? `INSERT INTO "Order" VALUES (${id}, '${value}')`
                : `UPDATE "Order" SET note = '${value}' WHERE id = ${id}`
              : kind === 'delete'
                ? `DELETE FROM "Order" WHERE id = ${id}`
                : `UPDATE "Order" SET id = id + 20 WHERE id = ${id} AND NOT EXISTS (SELECT FROM "Order" WHERE id = ${id + 20})`
          await database.query(isSeen ? sql : unseen(sql))
          if (kind !== 'put' && former === undefined) continue
          if (kind === 'move' && is.has(id + 20)) continue
          for (const map of isSeen ? [says, is] : [is]) {
            if (kind === 'put') map.set(id, value)
            else map.delete(id)
            if (kind === 'move') map.set(id + 20, former ?? 0)
          }
        }
        const expected = [
          ...[...is].filter(([id]) => !says.has(id)).map(([id]) => `insert-missed ${id}`),
          ...[...is]
            .filter(([id, value]) => says.has(id) && says.get(id) !== value)
            .map(([id]) => `update-missed ${id}: note`),
          ...[...says.keys()].filter((id) => !is.has(id)).map((id) => `delete-missed ${id}`),
        ]
        found += expected.length
        expect([...(await missed(compare(client, wanted)))].sort()).toEqual(expected.sort())
      }),
      { numRuns: 40 },
    )
    expect(found).toBeGreaterThan(10)
  })

  it('the index of the history finds the newest row of a key, and that of the table where a page begins', async () => {
    const { database, wanted } = await audited(
      `INSERT INTO "Order" SELECT g, 'n' FROM generate_series(1, 20000) g; UPDATE "Order" SET note = 'm'`,
    )
    await database.query('ANALYZE')
    const [recorded] = state(wanted).tables
    if (recorded === undefined) throw new Error('no table')
    const plan = async (text: string, value: string) => {
      const rows = await database.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text.replaceAll('$1', value)}`)
      return rows.map((row) => row['QUERY PLAN']).join('\n')
    }
    const live = await plan(renderLivePage(toldAll(recorded), 100, [null]), `'10000'`)
    expect(live).toContain('Order_pkey')
    expect(live).toContain('Order_audit_key')
    expect(live).not.toContain('Seq Scan')
    const history = await plan(renderHistoryPage(toldAll(recorded), 20), `'10000'`)
    expect(history).toContain('Order_audit_pkey')
    expect(history).not.toContain('Seq Scan')
  })
})
