import { expect, it } from 'vitest'
import { table } from './fixture.ts'
import { auditedDatabase, connected, findingsOf, seal, verify } from './sealing.ts'

const NOW = { wait: 0 }

async function three(writes = 'SELECT 1') {
  const database = await auditedDatabase(writes, table('Order'))
  const [sealer, early, late] = [
    await connected(database),
    await connected(database),
    await connected(database),
  ]
  return { database, sealer, early, late }
}

it('a lower id that commits after a higher one is not passed over: its range waits for it', async () => {
  const { sealer, early, late } = await three()
  // No transaction ends in between: the snapshot's xmax is the id of the first one that is open.
  await early.query('BEGIN; INSERT INTO "Order" VALUES (1)')
  await late.query('INSERT INTO "Order" VALUES (2)')
  expect(await seal(sealer, NOW)).toMatchObject([{ rows: 0, isWaiting: true }])
  await late.query('INSERT INTO "Order" VALUES (3)')
  expect(await seal(sealer, NOW)).toMatchObject([{ rows: 0, isWaiting: true }])
  await early.query('COMMIT')
  expect(await seal(sealer)).toMatchObject([{ rows: 3 }])
  expect(await findingsOf(verify(sealer))).toEqual([])
})

it('one that is open alone, with the newest transaction id of all, is waited for', async () => {
  const { sealer, early } = await three('INSERT INTO "Order" VALUES (0)')
  await early.query('BEGIN; INSERT INTO "Order" VALUES (1)')
  expect(await seal(sealer, NOW)).toMatchObject([{ rows: 0, isWaiting: true }])
  await early.query('COMMIT')
  expect(await seal(sealer)).toMatchObject([{ rows: 2 }])
})

it('what is final of an earlier run is sealed, however long other transactions are open by now', async () => {
  const { sealer, early, late } = await three()
  await early.query('BEGIN; INSERT INTO "Order" VALUES (1)')
  await seal(sealer, NOW)
  await early.query('COMMIT')
  await late.query('BEGIN; INSERT INTO "Order" VALUES (2)')
  // Transactions of other databases are waited for, too, and a test that runs beside this one may have a long one.
  await expect
    .poll(async () => (await seal(sealer, NOW))[0], { timeout: 120_000 })
    .toMatchObject({ rows: 1, isWaiting: true })
  await late.query('ROLLBACK')
  expect(await seal(sealer)).toMatchObject([{ rows: 0, ranges: 1, isWaiting: false }])
  expect(await findingsOf(verify(sealer))).toEqual([])
})

it('--wait ends as soon as the transaction has ended', async () => {
  const { sealer, early } = await three()
  await early.query('BEGIN; INSERT INTO "Order" VALUES (1)')
  const run = seal(sealer, { wait: 30_000 })
  await new Promise((resolve) => setTimeout(resolve, 300))
  await early.query('COMMIT')
  expect(await run).toMatchObject([{ rows: 1, isWaiting: false }])
})

it('a transaction that takes a number of the history before it has an id of its own is waited for', async () => {
  // The first number is logged, which takes an id; the second is not.
  const { sealer, early, late } = await three('INSERT INTO "Order" VALUES (0)')
  await late.query('BEGIN; SELECT pg_advisory_xact_lock(7)')
  await early.query('BEGIN')
  const insert = early.query(
    `INSERT INTO audit."Order_audit" (audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id, id)
     VALUES ('I', now(), now(), 'x', length(pg_advisory_xact_lock_shared(7)::text), 1)`,
  )
  const numberAndId = async () => {
    const { rows } = await late.query<{ last: string; id: string | null }>(
      `SELECT last_value AS last, (SELECT backend_xid FROM pg_stat_activity WHERE pid = ${Reflect.get(early, 'processID')}) AS id
       FROM audit."Order_audit_audit_id_seq"`,
    )
    return rows
  }
  await expect.poll(numberAndId, { timeout: 5000 }).toEqual([{ last: '2', id: null }])
  expect(await seal(sealer, NOW)).toMatchObject([{ rows: 0, isWaiting: true }])
  await late.query('COMMIT')
  await insert
  await early.query('COMMIT')
  expect(await seal(sealer)).toMatchObject([{ rows: 2 }])
  expect(await findingsOf(verify(sealer))).toEqual([])
})

it('a prepared transaction only delays', async () => {
  const { sealer, early } = await three()
  const { rows } = await sealer.query<{ max: number }>(
    `SELECT current_setting('max_prepared_transactions')::int AS max`,
  )
  if (rows[0]?.max === 0) {
    console.info('max_prepared_transactions is 0 on this server: nothing can be prepared here')
    await expect(early.query(`BEGIN; PREPARE TRANSACTION 'x'`)).rejects.toThrow(/prepared/)
    return
  }
  await early.query(`BEGIN; INSERT INTO "Order" VALUES (1); PREPARE TRANSACTION 'seal_order'`)
  expect(await seal(sealer, NOW)).toMatchObject([{ rows: 0, isWaiting: true }])
  await early.query(`COMMIT PREPARED 'seal_order'`)
  expect(await seal(sealer)).toMatchObject([{ rows: 1 }])
})

it('a watermark that came with a dump from a server with higher transaction ids is not believed', async () => {
  const { database, sealer, early } = await three('INSERT INTO "Order" VALUES (1)')
  await seal(sealer)
  await database.query(
    `UPDATE audit.seal_watermark SET transaction_id = transaction_id + 1000000000, last_id = 1`,
  )
  await early.query('BEGIN; INSERT INTO "Order" VALUES (2)')
  expect(await seal(sealer, NOW)).toMatchObject([{ rows: 0, isWaiting: true }])
  await early.query('COMMIT')
  expect(await seal(sealer)).toMatchObject([{ rows: 1 }])
})

it('while many write, commit late and roll back, run after run seals what is final, and there is no false alarm', async () => {
  const { database, sealer } = await three()
  const pool = database.pool({ max: 8 })
  let isDone = false
  let next = 0
  const writer = async () => {
    while (!isDone) {
      const connection = await pool.connect()
      next += 1
      await connection.query(`BEGIN; INSERT INTO "Order" VALUES (${next})`)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
      await connection.query(Math.random() < 0.3 ? 'ROLLBACK' : 'COMMIT')
      connection.release()
    }
  }
  const writers = Array.from({ length: 7 }, writer)
  for (let run = 0; run < 25; run += 1) {
    await seal(sealer, { wait: run % 2 === 0 ? 0 : 200 })
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  isDone = true
  await Promise.all(writers)
  const before = await verify(sealer)
  expect(before.findings).toEqual([])
  expect(before.histories[0]?.rows).toBeGreaterThan(100)
  await seal(sealer)
  expect(await verify(sealer)).toMatchObject({ findings: [], histories: [{ unsealed: { rows: 0 } }] })
})
