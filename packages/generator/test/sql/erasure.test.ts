import { expect, it } from 'vitest'
import { renderBeginHolding } from '../../src/sql/erasing.ts'
import { callErase, erase, setUp } from './erasing.ts'
import { column, setting, table, type } from './fixture.ts'
import { auditedDatabase, connected, findingsOf, HOME, seal, unguarded, verify } from './sealing.ts'

const HISTORY = '"audit"."User_audit"'
const user = table('User', {
  columns: [
    column('id', 'integer'),
    column('email', 'text'),
    column('code', type('char', [4])),
    column('profile', 'jsonb'),
  ],
  settings: [setting('username String'), setting('reason String?')],
})
const people = `BEGIN; SELECT set_config('audit.username', 'ann', true), set_config('audit.reason', 'why', true);
  INSERT INTO "User" SELECT g, 'mail' || g || '@example.com', 'c', jsonb_build_object('name', 'n' || g, 'address', jsonb_build_object('street', 's', 'city', 'c'))
  FROM generate_series(1, 25) g; UPDATE "User" SET email = 'new@example.com' WHERE id = 15; COMMIT`

async function people25(isSealed = true) {
  const database = await auditedDatabase(people, user)
  const client = await connected(database)
  if (isSealed) await seal(client)
  const roles = await setUp(database)
  return { database, client, ...roles }
}

const of = (id: number) => [{ columns: ['id'], value: String(id) }]
const street = { column: 'profile', path: ['address', 'street'] }

it('it takes the fields of all versions of a row, and no other; what is left is protected as before', async () => {
  const { database, client, by } = await people25()
  const targets = [{ history: HISTORY, match: of(15), columns: ['email', 'code'] }]
  const plan = await callErase(client, by, targets)
  expect(plan).toMatchObject({
    rows: 2,
    number: null,
    targets: [{ rows: 2, names: ['code', 'email'], filled: [2, 2], sealed: 2 }],
  })
  const before = await database.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)
  expect(await callErase(client, by, targets, 'asked for', plan.plan)).toMatchObject({ rows: 2, number: 1 })
  const after = await database.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)
  expect(after).toEqual(before.map((row) => (row.id === 15 ? { ...row, email: null, code: null } : row)))
  expect(await erasedRows(client)).toBe(2)
  const changed = async (statement: string) => {
    await database.query(unguarded(HISTORY, statement))
    return findingsOf(verify(client))
  }
  expect(await changed(`UPDATE ${HISTORY} SET email = 'forged' WHERE audit_id = 15`)).toEqual([
    'rows-changed 11–20',
  ])
  expect(await changed(`UPDATE ${HISTORY} SET email = NULL WHERE audit_id = 15`)).toEqual([])
  expect(await changed(`UPDATE ${HISTORY} SET audit_reason = NULL WHERE audit_id = 15`)).toEqual([
    'rows-changed 11–20',
  ])
})

it('of a document it takes paths, and the rest of it is protected, also after another erasure', async () => {
  const { database, client, by } = await people25()
  await erase(client, by, [{ history: HISTORY, match: of(7), paths: [street] }])
  const [row] = await database.query(`SELECT profile FROM ${HISTORY} WHERE id = 7`)
  expect(row).toEqual({ profile: { name: 'n7', address: { city: 'c' } } })
  expect(await findingsOf(verify(client))).toEqual([])
  await erase(client, by, [
    { history: HISTORY, match: of(7), paths: [{ column: 'profile', path: ['name'] }, street] },
  ])
  expect(await findingsOf(verify(client))).toEqual([])
  await database.query(
    unguarded(HISTORY, `UPDATE ${HISTORY} SET profile = '{"address": {"city": "forged"}}' WHERE id = 7`),
  )
  expect(await findingsOf(verify(client))).toEqual(['rows-changed 0–10'])
  // What was forged stays found, whatever is erased later.
  await erase(client, by, [
    { history: HISTORY, match: of(7), paths: [{ column: 'profile', path: ['address', 'city'] }] },
  ])
  expect(await findingsOf(verify(client))).toEqual(['rows-changed 0–10'])
  await erase(client, by, [{ history: HISTORY, match: of(7), columns: ['profile'] }])
  expect(await findingsOf(verify(client))).toEqual(['rows-changed 0–10'])
})

it('where a value has to be, a fixed word is left, and no other word passes for it', async () => {
  const { database, client, by } = await people25()
  await erase(client, by, [
    { history: HISTORY, match: of(15), columns: ['audit_username', 'audit_reason', 'audit_current_user'] },
  ])
  expect(
    await database.query(
      `SELECT audit_username, audit_reason, audit_current_user FROM ${HISTORY} WHERE id = 15 LIMIT 1`,
    ),
  ).toEqual([{ audit_username: '[erased]', audit_reason: null, audit_current_user: '[erased]' }])
  expect(await findingsOf(verify(client))).toEqual([])
  await database.query(unguarded(HISTORY, `UPDATE ${HISTORY} SET audit_username = 'bob' WHERE audit_id = 15`))
  expect(await findingsOf(verify(client))).toEqual(['rows-changed 11–20'])
})

it('a row that was forged before it was erased is still found, and so is one that was emptied without an erasure', async () => {
  const { database, client, by } = await people25()
  await database.query(unguarded(HISTORY, `UPDATE ${HISTORY} SET email = 'forged' WHERE audit_id = 3`))
  await erase(client, by, [{ history: HISTORY, match: of(3), columns: ['email'] }])
  await database.query(unguarded(HISTORY, `UPDATE ${HISTORY} SET email = NULL WHERE audit_id = 24`))
  expect(await findingsOf(verify(client))).toEqual(['rows-changed 0–10', 'rows-changed 21–26'])
})

it('rows that are missing in a sealed range end it, and nothing is erased', async () => {
  const { database, client, by } = await people25()
  await database.query(unguarded(HISTORY, `DELETE FROM ${HISTORY} WHERE audit_id = 13`))
  const targets = [{ history: HISTORY, match: of(15), columns: ['email'] }]
  await expect(erase(client, by, targets)).rejects.toMatchObject({
    code: 'AU006',
    message: expect.stringContaining('ids 11 to 20, seal 2'),
  })
  expect(await database.query(`SELECT FROM ${HISTORY} WHERE id = 15 AND email IS NULL`)).toEqual([])
  expect(await database.query('SELECT FROM audit.seal_erasure')).toEqual([])
})

it('rows that are not sealed yet, and a baseline, are erased like others, and sealed afterwards', async () => {
  const { database, client, by } = await people25(false)
  await database.query(
    `INSERT INTO ${HISTORY} (audit_id, audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id, audit_username, id, email)
     OVERRIDING SYSTEM VALUE SELECT - nextval('audit."User_audit_audit_id_seq"'), 'B', now(), now(), 'x', 1, 'nobody', g, 'mail' FROM generate_series(14, 16) g`,
  )
  const targets = [{ history: HISTORY, match: of(15), columns: ['email'] }]
  expect(await erase(client, by, targets)).toMatchObject({ rows: 3, targets: [{ sealed: 0 }] })
  await seal(client)
  expect(await findingsOf(verify(client))).toEqual([])
  const others = [{ history: HISTORY, match: of(16), columns: ['email'] }]
  expect(await erase(client, by, others)).toMatchObject({ rows: 2, targets: [{ sealed: 2 }] })
  expect(await findingsOf(verify(client))).toEqual([])
})

it('seals and erasures at the same time: no alarm, and nothing that was erased is sealed as it was', async () => {
  const { database, client, by } = await people25(false)
  const other = await connected(database)
  await seal(other, { size: 2, wait: 0 })
  const writer = await connected(database)
  for (let id = 1; id <= 12; id += 1) {
    await writer.query(
      `BEGIN; SELECT set_config('audit.username', 'ann', true); UPDATE "User" SET code = 'd' WHERE id = ${id}; COMMIT`,
    )
    await Promise.all([
      seal(other, { size: 2, wait: 0 }),
      erase(client, by, [{ history: HISTORY, match: of(id), columns: ['email', 'code'], paths: [street] }]),
    ])
  }
  await seal(other, { size: 2 })
  expect(await findingsOf(verify(client))).toEqual([])
  expect(await database.query(`SELECT FROM ${HISTORY} WHERE id <= 12 AND email IS NOT NULL`)).toEqual([])
})

it('the plan stands for these rows and columns: one more row, one more column, another order of words', async () => {
  const { database, client, by } = await people25()
  const target = { history: HISTORY, match: of(15), columns: ['email'] }
  const { plan } = await callErase(client, by, [target])
  expect((await callErase(client, by, [target])).plan).toBe(plan)
  expect((await callErase(client, by, [{ ...target, columns: ['email', 'code'] }])).plan).not.toBe(plan)
  expect((await callErase(client, by, [{ ...target, match: of(14) }])).plan).not.toBe(plan)
  await database.query(
    `BEGIN; SELECT set_config('audit.username', 'ann', true); UPDATE "User" SET email = 'x' WHERE id = 15; COMMIT`,
  )
  await expect(callErase(client, by, [target], 'x', plan)).rejects.toMatchObject({ code: 'AU006' })
})

it('where a value may not be empty and no word stands for it, it is refused', async () => {
  const timed = table('User', {
    ...user,
    settings: [setting('at DateTime'), setting('who Uuid'), setting('count Int')],
  })
  const database = await auditedDatabase(
    `BEGIN; SELECT set_config('audit.at', 'now', true), set_config('audit.who', 'b9c1a3e0-0000-4000-8000-000000000001', true), set_config('audit.count', '7', true);
     INSERT INTO "User" VALUES (1, 'a'); COMMIT`,
    timed,
  )
  const client = await connected(database)
  await seal(client)
  const { by } = await setUp(database)
  const target = (columns: readonly string[]) => [{ history: HISTORY, match: of(1), columns }]
  await expect(callErase(client, by, target(['audit_at']))).rejects.toMatchObject({
    code: 'AU006',
    message: expect.stringContaining('timestamp with time zone'),
  })
  await erase(client, by, target(['audit_who', 'audit_count']))
  expect(await database.query(`SELECT audit_who, audit_count FROM ${HISTORY}`)).toEqual([
    { audit_who: '00000000-0000-0000-0000-000000000000', audit_count: 0 },
  ])
  expect(await findingsOf(verify(client))).toEqual([])
})

it('a hold and an erasure that come at the same moment wait for each other, and whoever was first wins', async () => {
  const { database, client, by } = await people25()
  const other = await connected(database)
  const targets = (id: number) => [{ history: HISTORY, match: of(id), columns: ['email'] }]
  const holding = (id: number) =>
    other.query(`BEGIN; ${renderBeginHolding(HOME)} INSERT INTO audit.legal_hold (kind, made_by, history, match, reason)
      VALUES ('H', 'x', '${HISTORY}', '[{"columns": ["id"], "value": "${id}"}]', 'case')`)
  const isWaiting = () =>
    database.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`,
    )
  await holding(1)
  const late = erase(client, by, targets(1)).catch((error) => error)
  await expect.poll(isWaiting).toHaveLength(1)
  await other.query('COMMIT')
  expect(await late).toMatchObject({ code: 'AU005' })

  const { plan } = await callErase(client, by, targets(2))
  await client.query('BEGIN')
  await callErase(client, by, targets(2), 'asked', plan)
  const held = holding(2)
  await expect.poll(isWaiting).toHaveLength(1)
  await client.query('COMMIT')
  await held
  await other.query('COMMIT')
  expect(await database.query(`SELECT id FROM ${HISTORY} WHERE email IS NULL`)).toEqual([{ id: 2 }])
})

async function erasedRows(client: Parameters<typeof verify>[0]): Promise<number | undefined> {
  const { findings, histories } = await verify(client)
  expect(findings).toEqual([])
  return histories.find(({ history }) => history === HISTORY)?.erasedRows
}
