import type { Client } from 'pg'
import { describe, expect, it, vi } from 'vitest'
import type { TestDatabase } from '../../../../test/support/test-database.ts'
import { defineInstallationCheck } from '../../../client-extension/src/installation.ts'
import { clearHistory } from '../../../client-extension/src/testing/clear-history.ts'
import { writeBaseline } from '../../src/cli/baseline-batches.ts'
import { readLiveDatabase } from '../../src/cli/read-live-database.ts'
import { reconcile } from '../../src/cli/reconcile.ts'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import { renderBeginHolding, renderHold } from '../../src/sql/erasing.ts'
import { renderGiveAudit } from '../../src/sql/give-audit.ts'
import { renderHistoryRows } from '../../src/sql/pruning.ts'
import { renderPublication } from '../../src/sql/publication.ts'
import { renderHistories } from '../../src/sql/sealed-histories.ts'
import { disableTriggers, enableTriggers } from '../../src/sql/touch-triggers.ts'
import { compare, missed, toldAll, unseen } from '../sql/comparing.ts'
import { callErase, erase, setUp } from '../sql/erasing.ts'
import { state, table } from '../sql/fixture.ts'
import { aged, datedBack, filled, HISTORY, monthsAgo } from '../sql/old-partitions.ts'
import { partitioned } from '../sql/partitioning.ts'
import { prune, setUpPruning } from '../sql/pruning.ts'
import { auditedDatabase, connected, findingsOf, HOME, seal, unguarded, verify } from '../sql/sealing.ts'

vi.setConfig({ testTimeout: 120_000 })

/** Three months with rows: those of sixteen months ago, of fourteen, and of this one. */
const WRITES = [
  `INSERT INTO "Order" SELECT g, 'a' FROM generate_series(1, 12) g`,
  aged('16 months'),
  `UPDATE "Order" SET note = 'b' WHERE id < 9; DELETE FROM "Order" WHERE id = 12`,
  aged('14 months'),
  `UPDATE "Order" SET note = 'c' WHERE id < 4; INSERT INTO "Order" VALUES (13, 'n')`,
]

async function histories(wishes: Partial<AuditedTable> = {}, writes: readonly string[] = WRITES) {
  const wanted = partitioned(table('Order', wishes))
  const database = await auditedDatabase('', wanted)
  await datedBack(database, 18)
  for (const each of writes) await database.query(each)
  const client = await connected(database)
  return { database, client, wanted }
}

const live = (client: Client, wanted: AuditedTable) =>
  readLiveDatabase(client, HOME, state(wanted).tables, { parts: [], migrationsSchema: undefined }, undefined)

async function partitionNames(database: TestDatabase) {
  const rows = await database.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = '${HISTORY}'::regclass`,
  )
  return rows.map(({ name }) => name)
}

describe('whatever looks for histories finds the root, with what is in its partitions', () => {
  it('the look at what is installed counts the rows and the sizes of all partitions', async () => {
    const { database, client, wanted } = await histories()
    expect(await filled(database)).toEqual([`${monthsAgo(16)} 12`, `${monthsAgo(14)} 9`, `${monthsAgo(0)} 4`])
    await database.query('ANALYZE')
    const { histories: found, sequences } = await live(client, wanted)
    expect(found.map(({ name }) => name)).toEqual(['Order_audit'])
    expect(sequences).toEqual([{ table: 'Order_audit', column: 'audit_id', lastId: '25', used: '25' }])
    const [history] = found
    expect(history).toMatchObject({
      isPartitioned: true,
      isNumbered: true,
      rows: 25,
      rowsInDefault: 0,
    })
    expect(history?.partitions).toHaveLength(33)
    expect(history?.columns.find(({ name }) => name === 'note')?.bytes).toBeGreaterThan(25)
    const [total] = await database.query<{ bytes: number }>(
      `SELECT sum(pg_total_relation_size(relid))::float8 AS bytes FROM pg_partition_tree('${HISTORY}')`,
    )
    expect(history?.bytes).toBe(total?.bytes)
    const { rows } = await client.query(renderHistoryRows(), [HISTORY])
    expect(rows).toEqual([{ rows: 25 }])
  })

  it('seals, publications, owners and the rights of erasures and prunings take it as one', async () => {
    const { database, client, wanted } = await histories()
    const { rows } = await client.query<{ name: string }>(renderHistories(HOME, false))
    expect(rows.map(({ name }) => name)).toEqual(['Order_audit'])
    const notices: string[] = []
    client.on('notice', ({ message }) => notices.push(message ?? ''))
    await client.query(
      renderPublication({
        state: state(wanted),
        formerHomes: [],
        publication: 'p',
        role: undefined,
        lockTimeout: 5000,
      }),
    )
    expect(notices.filter((text) => text.includes('not published'))).toEqual([])
    expect(
      await database.query(`SELECT tablename AS name FROM pg_publication_tables WHERE pubname = 'p'`),
    ).toEqual([{ name: 'Order_audit' }])
    const { by } = await setUpPruning(database)
    await setUp(database)
    const acl = await database.query(
      `SELECT FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid CROSS JOIN LATERAL aclexplode(c.relacl) AS a
       WHERE i.inhparent = '${HISTORY}'::regclass AND a.grantee <> c.relowner`,
    )
    expect(acl).toEqual([])
    const [part = ''] = await partitionNames(database)
    await client.query(`SET SESSION AUTHORIZATION "${by}"`)
    await expect(
      client.query('SELECT audit.prune($1)', [
        JSON.stringify({
          history: `audit."${part}"`,
          before: '2020-01-01',
          key: ['id'],
          marks: null,
          after: '-1',
          size: 9,
          reason: 'x',
          isDone: true,
          withRows: false,
        }),
      ]),
    ).rejects.toMatchObject({ code: '42P01' })
    await client.query('RESET SESSION AUTHORIZATION')
    const owner = `${by}_owner`
    await database.query(`CREATE ROLE "${owner}"`)
    try {
      await database.query(renderGiveAudit(HOME, owner))
      const owners = await database.query(
        `SELECT DISTINCT pg_get_userbyid(c.relowner) AS name FROM pg_class AS c WHERE c.oid IN (SELECT relid FROM pg_partition_tree('${HISTORY}'))`,
      )
      expect(owners).toEqual([{ name: owner }])
    } finally {
      await database.query(
        `REASSIGN OWNED BY "${owner}" TO CURRENT_USER; DROP OWNED BY "${owner}"; DROP ROLE "${owner}"`,
      )
    }
  })

  it('an application that starts is told of a partition without its guard, and of a history without DEFAULT', async () => {
    const { database, wanted } = await histories()
    const { insertTrigger, updateTrigger, deleteTrigger, keyTrigger, truncateTrigger } = wanted.names
    const triggers = [insertTrigger, updateTrigger, deleteTrigger, keyTrigger, truncateTrigger]
    const installed = {
      model: 'Order',
      source: wanted.source,
      history: wanted.names.table,
      triggers,
      always: false,
    }
    const check = defineInstallationCheck({ schema: 'audit', tables: [installed] })
    const prisma = {
      $queryRawUnsafe: async (text: string, ...values: unknown[]) =>
        (await database.pool({ max: 1 }).query(text, values)).rows,
    }
    await check(prisma)
    const part = `audit."Order_audit_${monthsAgo(3)}"`
    await database.query(`ALTER TABLE ${part} DISABLE TRIGGER append_only;
      ALTER TABLE ${HISTORY} DETACH PARTITION audit."Order_audit_default"`)
    await expect(check(prisma)).rejects.toMatchObject({
      message: expect.stringContaining(`trigger append_only on ${part} is disabled`),
    })
    await expect(check(prisma)).rejects.toMatchObject({
      message: expect.stringContaining('DEFAULT partition of audit."Order_audit" is not there'),
    })
  })

  it('a test clears all of it, and each guard fires again', async () => {
    const { database } = await histories()
    await clearHistory(
      {
        $executeRawUnsafe: (text: string) => database.query(text),
        $queryRawUnsafe: (text: string) => database.query(text),
      } as never,
      {
        database: database.name,
      },
    )
    expect(await database.query(`SELECT FROM ${HISTORY}`)).toEqual([])
    await database.query(`INSERT INTO "Order" VALUES (20, 'x')`)
    expect(await database.query(`SELECT audit_id::int AS id FROM ${HISTORY}`)).toEqual([{ id: 1 }])
    for (const name of [...(await partitionNames(database)), 'Order_audit']) {
      for (const attack of ['TRUNCATE', 'DELETE FROM'])
        await expect(database.query(`${attack} audit."${name}"`)).rejects.toMatchObject({ code: 'AU002' })
    }
  })
})

describe('on a partitioned history', () => {
  it('seals close rows of several partitions, and verify finds what is changed in any of them', async () => {
    const { client } = await histories()
    await seal(client)
    expect(await findingsOf(verify(client))).toEqual([])
    const attacks: readonly (readonly [string, string])[] = [
      [`UPDATE ${HISTORY} SET note = 'x' WHERE audit_id = 2`, 'rows-changed 0–10'],
      [`DELETE FROM ${HISTORY} WHERE audit_id = 15`, 'rows-removed 11–20'],
      [
        // To another partition, with its facts.
        `UPDATE ${HISTORY} SET audit_operation_timestamp = audit_operation_timestamp - interval '1 month' WHERE audit_id = 24`,
        'rows-changed 21–25',
      ],
    ]
    for (const [attack, found] of attacks) {
      await client.query(`BEGIN; ${unguarded(HISTORY, attack)}`)
      expect(await findingsOf(verify(client, { inSnapshot: (work) => work() }))).toEqual([found])
      await client.query('ROLLBACK')
    }
  })

  it('what went past the triggers is named, and a pause is made up for', async () => {
    const { database, client, wanted } = await histories()
    expect(await missed(compare(client, wanted))).toEqual([])
    await database.query(
      unseen(`UPDATE "Order" SET note = 'past' WHERE id = 5; DELETE FROM "Order" WHERE id = 6`),
    )
    expect(await missed(compare(client, wanted))).toEqual(['update-missed 5: note', 'delete-missed 6'])
    const [audited] = state(wanted).tables
    if (audited === undefined) throw new Error('no table')
    await client.query(
      `${disableTriggers(audited)}; UPDATE "Order" SET note = 'paused' WHERE id = 7; ${enableTriggers(audited)}`,
    )
    const run = {
      size: 3,
      lockTimeout: 5000,
      settings: new Map(),
      signal: new AbortController().signal,
      onProgress: () => {},
    }
    expect(await reconcile(client, toldAll(audited), run)).toMatchObject({ written: 3, isComplete: true })
    expect(await missed(compare(client, wanted))).toEqual([])
  })

  it('an erasure takes a value out of all partitions, and is what verify says it is', async () => {
    const { database, client } = await histories()
    await seal(client)
    const { by } = await setUp(database)
    const targets = [{ history: HISTORY, match: [{ columns: ['id'], value: '2' }], columns: ['note'] }]
    expect(await callErase(client, by, targets)).toMatchObject({ rows: 3 })
    await erase(client, by, targets)
    expect(await database.query(`SELECT FROM ${HISTORY} WHERE id = 2 AND note IS NOT NULL`)).toEqual([])
    expect(await findingsOf(verify(client))).toEqual([])
    await client.query(renderBeginHolding(HOME))
    await client.query(renderHold(HOME), [
      HISTORY,
      JSON.stringify([{ columns: ['id'], value: '3' }]),
      'case 1',
    ])
    const held = [{ ...targets[0], history: HISTORY, match: [{ columns: ['id'], value: '3' }] }]
    await expect(erase(client, by, held)).rejects.toMatchObject({
      message: expect.stringContaining('legal hold'),
    })
  })

  it('rows from before the audit are recorded in batches', async () => {
    const wanted = partitioned(table('Order', { backfill: 'batches' }))
    const database = await auditedDatabase('', wanted)
    await database.query(unseen(`INSERT INTO "Order" SELECT g, 'old' FROM generate_series(1, 7) g`))
    await database.query(`UPDATE "Order" SET note = 'new' WHERE id = 3`)
    const client = await connected(database)
    const [audited] = state(wanted).tables
    if (audited === undefined) throw new Error('no table')
    const run = { size: 2, pause: 0, signal: new AbortController().signal, onProgress: () => {} }
    expect(await writeBaseline(client, audited, run)).toMatchObject({ read: 7, written: 6 })
    expect(await missed(compare(client, wanted))).toEqual([])
  })

  it('a pruning by the root takes from every partition what is old, and keeps the last row of each', async () => {
    const { database, client, wanted } = await histories()
    await seal(client)
    const { by } = await setUpPruning(database)
    const pruned = await prune(client, by, wanted, new Date(Date.now() - 400 * 86_400_000).toISOString())
    expect(pruned).toMatchObject({ pruned: 10, kept: 11 })
    expect(await findingsOf(verify(client))).toEqual([])
    expect(await missed(compare(client, wanted))).toEqual([])
  })
})
