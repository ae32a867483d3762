import { expect, test, vi } from 'vitest'
import { renderPauseTable } from '../../packages/generator/src/sql/pause-table.ts'
import { erase, setUp } from '../../packages/generator/test/sql/erasing.ts'
import { column, table } from '../../packages/generator/test/sql/fixture.ts'
import { prune, setUpPruning } from '../../packages/generator/test/sql/pruning.ts'
import { connected, findingsOf, seal, verify } from '../../packages/generator/test/sql/sealing.ts'
import {
  HEAD,
  NAME,
  ROLE,
  replication,
  running,
  unguarded,
  useTwoServers,
} from './replication/two-servers.ts'

vi.setConfig({ testTimeout: 240_000 })

const servers = useTwoServers()

const models = `
/// @audit(enabled)
model Order {
  id    Int    @id @default(autoincrement())
  /// @audit(hash)
  email String
  note  String
}
`
const tables = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "email" TEXT NOT NULL, "note" TEXT NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
`
const HISTORY = '"audit"."Order_audit"'
const sealed = ({ histories }: Awaited<ReturnType<typeof verify>>) =>
  histories.filter(({ ranges, prunedRanges }) => ranges + prunedRanges > 0)
const orders = () => replication(servers(), models, tables)
/** Commits here wait for no disk, and what is decoded is what is on it. */
const FLUSH = 'CHECKPOINT'
const ten = `INSERT INTO "Order" (email, note) SELECT 'a@b', 'n' || g FROM generate_series(1, 10) g`

test('seals travel: the second server verifies, also what the primary pruned; an erased row is named until it is erased there too', async () => {
  const made = await orders()
  const [primary, second] = [await connected(made.primary), await connected(made.second)]
  await made.primary.query(`${ten}; ${ten}`)
  await seal(primary)
  await running(made)
  await made.primary.query(`${ten}; ${ten}`)
  await seal(primary)
  await made.expectSame('audit.seal')
  await made.expectSame('audit.seal_salt')
  const verified = await verify(second)
  expect(verified.findings).toEqual([])
  expect(sealed(verified).map(({ ranges, rows }) => ({ ranges, rows }))).toEqual([{ ranges: 4, rows: 40 }])

  await made.primary.query(
    `BEGIN; INSERT INTO audit.seal_pruned (seal_number) VALUES (1); ${unguarded(HISTORY, `DELETE FROM ${HISTORY} WHERE audit_id <= 10`)}; COMMIT`,
  )
  const targets = [{ history: HISTORY, match: [{ columns: ['id'], value: '25' }], columns: ['note'] }]
  const { by } = await setUp(made.primary)
  await erase(primary, by, targets)
  expect(await findingsOf(verify(primary))).toEqual([])
  await made.expectSame('audit.seal_erasure')
  expect(await findingsOf(verify(second))).toEqual(['rows-changed 21–30'])
  await erase(second, (await setUp(made.second)).by, targets)
  const after = await verify(second)
  expect(after.findings).toEqual([])
  expect(sealed(after).map(({ rows, erasedRows }) => ({ rows, erasedRows }))).toEqual([
    { rows: 40, erasedRows: 1 },
  ])

  // A copy that begins only now has what the primary has left.
  await made.second.query(`DROP SUBSCRIPTION ${NAME}`)
  await made.second.query('ALTER SCHEMA audit RENAME TO former')
  await made.setUp('subscriber')
  await made.subscribe()
  await made.copied()
  const late = await verify(second)
  expect(late.findings).toEqual([])
  expect(sealed(late).map(({ rows, prunedRows, erasedRows }) => ({ rows, prunedRows, erasedRows }))).toEqual([
    { rows: 30, prunedRows: 10, erasedRows: 1 },
  ])
  await made.second.query('DROP SCHEMA audit CASCADE; ALTER SCHEMA former RENAME TO audit')

  // Forged on the second server, it shows.
  await made.second.query(unguarded(HISTORY, `UPDATE ${HISTORY} SET note = 'forged' WHERE audit_id = 3`))
  expect(await findingsOf(verify(second))).toEqual(['rows-changed 0–10'])
})

test('an erasure that is replayed on the second server leaves there what it left on the primary, marks of required settings included', async () => {
  const made = await replication(servers(), models, tables, HEAD.replace('String?', 'String'))
  const [primary, second] = [await connected(made.primary), await connected(made.second)]
  await made.primary.query(`BEGIN; SELECT set_config('audit.username', 'ann', true); ${ten}; COMMIT`)
  await seal(primary)
  const onPrimary = await setUp(made.primary)
  await running(made)
  const roles = { primary: onPrimary, second: await setUp(made.second) }
  for (const [database, { by }] of [
    [made.primary, roles.primary],
    [made.second, roles.second],
  ] as const) {
    await database.query(`ALTER ROLE "${by}" PASSWORD 'x'`)
  }
  const as = ({ url }: { readonly url: string }, user: string) => {
    const changed = new URL(url)
    changed.username = user
    changed.password = 'x'
    return changed.href
  }
  const confirmed = async (url: string, ...args: string[]) => {
    const plan = await made.audit('erase', ...args, '--url', url, '--json')
    expect(plan.exitCode, plan.stderr).toBe(0)
    const done = await made.audit(
      'erase',
      ...args,
      '--url',
      url,
      '--reason',
      'asked for',
      '--confirm',
      JSON.parse(plan.stdout).plan,
      '--record',
      'erasures.jsonl',
    )
    expect(done.exitCode, done.stderr).toBe(0)
  }
  await confirmed(
    as(made.primary, roles.primary.by),
    '--model',
    'Order',
    '--id',
    '3',
    '--fields',
    'note',
    '--settings',
    'username,current_user',
  )
  await made.expectSame('audit.erasure')
  await made.expectSame('audit.seal_erasure')
  expect(await findingsOf(verify(second))).toEqual(['rows-changed 0–10'])
  await confirmed(as(made.second, roles.second.by), '--replay', 'erasures.jsonl')
  expect(await findingsOf(verify(primary))).toEqual([])
  expect(await findingsOf(verify(second))).toEqual([])
  await made.expectSame(HISTORY)
  expect(
    await made.second.query(`SELECT note, audit_username, audit_current_user FROM ${HISTORY} WHERE id = 3`),
  ).toEqual([{ note: null, audit_username: '[erased]', audit_current_user: '[erased]' }])
})

test('records of erasures, holds and pauses travel and are verified there, and the second server numbers its own where the primary never comes', async () => {
  const made = await orders()
  const [primary, second] = [await connected(made.primary), await connected(made.second)]
  await setUp(made.primary)
  await made.primary.query(renderPauseTable({ schema: 'audit' }))
  await made.primary.query(
    `INSERT INTO audit.pause (history, event, reason, transaction_id) VALUES ('${HISTORY}', 'pause', 'a bad night', 700)`,
    await made.primary.query(
      `INSERT INTO audit.legal_hold (kind, reason, made_by) VALUES ('H', 'a case', 'officer')`,
    ),
  )
  const record = `INSERT INTO audit.erasure (audit_operation, audit_current_user, plan, reason, erased) VALUES ('E', 'officer', 'p', 'r', '[]') RETURNING audit_id`
  await made.primary.query(record)
  await running(made)
  expect(await made.second.query(record)).toEqual([{ audit_id: String(2n ** 62n) }])
  await made.primary.query(`${ten}; ${record}`)
  await seal(primary)
  await made.setUp('publisher')
  await made.second.query(`ALTER SUBSCRIPTION ${NAME} REFRESH PUBLICATION`)
  await made.copied()
  await made.expectSame('audit.seal')
  await made.expectSame('audit.seal_salt')
  await made.expectSame('audit.pause')
  await made.expectSame('audit.legal_hold')
  // What is held on the primary is held there.
  const { by } = await setUp(made.second)
  const wished = { history: HISTORY, match: [{ columns: ['id'], value: '1' }], columns: ['note'] }
  await expect(erase(second, by, [wished])).rejects.toThrow(/held/)
  expect((await verify(second)).findings).toEqual([])
  expect(await made.second.query('SELECT audit_id FROM audit.erasure ORDER BY 1')).toEqual(
    [1n, 2n, 2n ** 62n].map((id) => ({ audit_id: String(id) })),
  )
})

test('the keys of hashed columns, the tables of the application and all rights to write stay away from the role that replicates', async () => {
  const made = await running(await orders())
  await made.primary.query(ten)
  await made.expectSame(HISTORY)
  const published = await made.primary.query<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_publication_tables WHERE pubname = '${NAME}'`,
  )
  expect(published.map(({ name }) => name)).toEqual(['audit.Order_audit'])
  expect(await made.second.query(`SELECT to_regclass('audit.hash_key') AS found`)).toEqual([{ found: null }])
  expect(await made.primary.query('SELECT FROM audit.hash_key')).toHaveLength(1)
  const url = new URL(made.primary.url)
  url.username = ROLE
  url.password = 'x'
  const role = await connected({ ...made.primary, url: url.href })
  expect((await role.query(`SELECT FROM ${HISTORY}`)).rowCount).toBe(10)
  for (const attack of [
    'SELECT FROM audit.hash_key',
    'SELECT FROM "Order"',
    `INSERT INTO ${HISTORY} DEFAULT VALUES`,
    `DELETE FROM ${HISTORY}`,
    `ALTER PUBLICATION ${NAME} SET (publish = 'delete')`,
    `ALTER TABLE ${HISTORY} DISABLE TRIGGER ALL`,
  ]) {
    await expect(role.query(attack), attack).rejects.toThrow(/permission denied|must be owner/)
  }
})

test('a role with REPLICATION reads every change of the database by a plug-in of its own, published or not', async () => {
  const made = await orders()
  await made.setUp('publisher')
  const url = new URL(made.primary.url)
  url.username = ROLE
  url.password = 'x'
  const role = await connected({ ...made.primary, url: url.href })
  const slot = `'${made.primary.name}_own'`
  await role.query(`SELECT pg_create_logical_replication_slot(${slot}, 'test_decoding')`)
  await made.primary.query(`INSERT INTO "Order" (email, note) VALUES ('secret@example.com', 'n')`)
  await made.primary.query(FLUSH)
  const { rows } = await role.query<{ data: string }>(
    `SELECT data FROM pg_logical_slot_get_changes(${slot}, NULL, NULL)`,
  )
  expect(rows.map(({ data }) => data).join('\n')).toContain('secret@example.com')
})

test('where readers are kept to their tenants the copy is of all rows, and the second server may keep its readers to theirs', async () => {
  const made = await orders()
  await made.primary.query(ten)
  const tenants = `ALTER TABLE ${HISTORY} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY tenants ON ${HISTORY} FOR SELECT TO PUBLIC USING (note = current_setting('audit.note', true))`
  await made.primary.query(tenants)
  await made.setUp('subscriber')
  await made.second.query(tenants)
  await made.setUp('publisher')
  await made.subscribe()
  await made.copied()
  await made.primary.query(ten)
  await made.expectSame(HISTORY)
  expect(await made.second.query(`SELECT FROM ${HISTORY}`)).toHaveLength(20)
})

test('a reader of pgoutput, as Debezium is one, gets inserts of the published tables and nothing else', async () => {
  const made = await orders()
  await made.setUp('publisher')
  const slot = `'${made.primary.name}_own'`
  await made.primary.query(`SELECT pg_create_logical_replication_slot(${slot}, 'pgoutput')`)
  await made.primary.query(ten)
  await made.primary.query(
    unguarded(
      HISTORY,
      `UPDATE ${HISTORY} SET note = NULL; DELETE FROM ${HISTORY} WHERE audit_id = 1; TRUNCATE ${HISTORY}`,
    ),
  )
  await made.primary.query(ten)
  await made.primary.query(FLUSH)
  const messages = await made.primary.query<{ data: Buffer }>(
    `SELECT data FROM pg_logical_slot_get_binary_changes(${slot}, NULL, NULL, 'proto_version', '1', 'publication_names', '${NAME}')`,
  )
  const kinds = messages.map(({ data }) => String.fromCharCode(data[0] ?? 0)).join('')
  expect(kinds.replaceAll(/[BC]/g, '')).toMatch(/^RI{10}R?I{10}$/)
  const relations = messages.filter(({ data }) => data[0] === 'R'.charCodeAt(0))
  for (const { data } of relations) expect(data.toString('latin1')).toContain('audit\0Order_audit\0')
})

test('what prune takes from the primary stays on the second server, row by row, and both verify', async () => {
  const made = await orders()
  const [primary, second] = [await connected(made.primary), await connected(made.second)]
  await made.primary.query(`${ten}; UPDATE "Order" SET note = 'm' WHERE id <= 5; ${ten}`)
  await seal(primary)
  const { by } = await setUpPruning(made.primary)
  await running(made)
  await made.expectSame('audit.seal')
  // The rows that were updated later go from a range that keeps others.
  const audited = table('Order', {
    columns: [column('id', 'integer'), column('email', 'text'), column('note', 'text')],
  })
  expect(await prune(primary, by, audited, new Date().toISOString())).toMatchObject({ pruned: 5 })
  await seal(primary)
  expect(await findingsOf(verify(primary))).toEqual([])
  await made.expectSame('audit.pruning')
  await made.expectSame('audit.seal')
  await made.primary.query(ten)
  await seal(primary)
  await made.expectSame('audit.seal')
  const verified = await verify(second)
  expect(verified.findings).toEqual([])
  const [kept] = await made.second.query(`SELECT count(*)::int AS rows FROM ${HISTORY}`)
  expect(kept).toEqual({ rows: 35 })
})
