import { expect, test, vi } from 'vitest'
import { compareReplication } from '../../packages/generator/src/installation/compare-replication.ts'
import { NAME, replication, running, useTwoServers } from './replication/two-servers.ts'

vi.setConfig({ testTimeout: 240_000 })

const servers = useTwoServers()

const models = `
/// @audit(enabled)
model Order {
  id    Int    @id @default(autoincrement())
  /// @audit(hash)
  email String
}
`
const tables = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "email" TEXT NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
`
const HISTORY = 'audit."Order_audit"'
const ten = `INSERT INTO "Order" (email) SELECT 'a@b' FROM generate_series(1, 10) g`
const orders = () => replication(servers(), models, tables)

test('status says how far the second server is behind, to any role, and that nobody reads a slot', async () => {
  const made = await running(await orders())
  const slot = made.primary.name
  await made.primary.query(ten)
  await made.expectSame(HISTORY)
  await made.primary.query(`CREATE ROLE "${slot}" LOGIN PASSWORD 'x'`)
  const url = new URL(made.primary.url)
  url.username = slot
  url.password = 'x'
  const active = await made.audit('status', '--url', url.href)
  expect([active.exitCode, active.stderr]).toEqual([0, ''])
  expect(active.stdout).toMatch(new RegExp(`^replication slot ${slot} is \\d+ (bytes|kB) behind$`, 'm'))
  expect(active.stdout).not.toContain('publication')

  await made.second.query(`ALTER SUBSCRIPTION ${NAME} DISABLE`)
  await made.primary.query(ten)
  const unread = () => made.audit('status').then(({ stdout }) => stdout)
  await expect
    .poll(unread, { timeout: 60_000 })
    .toMatch(
      new RegExp(
        `^replication slot ${slot} is read by nobody; it is \\d+ (bytes|kB) behind and keeps \\d+`,
        'm',
      ),
    )
  const { replication: json } = JSON.parse((await made.audit('status', '--json')).stdout)
  expect(json).toEqual({
    publications: [{ name: NAME, more: [], lacking: [], publishesKeys: false }],
    slots: [{ name: slot, isActive: false, lagBytes: expect.any(Number), retainedBytes: expect.any(Number) }],
  })
  await made.second.query(`ALTER SUBSCRIPTION ${NAME} ENABLE`)
  await made.expectSame(HISTORY)
})

test('status says what a publication leaves out, and what it should not publish', async () => {
  const made = await orders()
  expect((await made.audit('status')).stdout).not.toContain('replication')
  await made.setUp('publisher')
  await made.primary.query(
    await made.migrate(
      `${models}\n/// @audit(enabled)\nmodel Line {\n  id Int @id\n}\n`,
      'CREATE TABLE "Line" ("id" INTEGER NOT NULL, CONSTRAINT "Line_pkey" PRIMARY KEY ("id"));\n',
    ),
  )
  await made.primary.query('CREATE PUBLICATION everything FOR ALL TABLES')
  const { stdout, exitCode } = await made.audit('status')
  expect(exitCode).toBe(0)
  const said = stdout.split('\n').filter((line) => line.startsWith('publication'))
  expect(said).toEqual([
    'publication everything publishes the keys of hashed columns: whoever reads it can test guesses',
    'publication everything publishes more than inserts: UPDATE, DELETE, TRUNCATE',
    `publication ${NAME} leaves out Line_audit`,
  ])
})

test('status says that tables which commands made later are not published, until the publisher is run again', async () => {
  const made = await orders()
  await made.setUp('publisher')
  const lacking = async () => {
    const { stdout } = await made.audit('status')
    return stdout.split('\n').filter((line) => line.startsWith('publication'))
  }
  expect(await lacking()).toEqual([])
  expect(await made.audit('seal')).toMatchObject({ exitCode: 0 })
  expect(await made.audit('pause', '--model', 'Order', '--reason', 'load')).toMatchObject({ exitCode: 0 })
  expect(await made.audit('resume')).toMatchObject({ exitCode: 0 })
  expect(await lacking()).toEqual([
    `publication ${NAME} leaves out seal, seal_salt, seal_erasure, seal_pruned, seal_anchor, pause`,
  ])
  await made.setUp('publisher')
  expect(await lacking()).toEqual([])
})

test('a slot that PostgreSQL gave up makes status fail, and copying again brings all that is missing', async () => {
  const made = await running(await orders())
  await made.primary.query(ten)
  await made.expectSame(HISTORY)
  await made.second.query(`ALTER SUBSCRIPTION ${NAME} DISABLE`)
  await made.primary.query("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
  await made.primary.query('SELECT pg_reload_conf()')
  for (let segment = 0; segment < 4; segment += 1) {
    await made.primary.query(ten)
    await made.primary.query('SELECT pg_switch_wal()')
  }
  await made.primary.query('CHECKPOINT')
  const { stdout, exitCode } = await made.audit('status')
  expect(exitCode).toBe(1)
  expect(stdout).toContain(
    `disabled   replication slot "${made.primary.name}" was given up by PostgreSQL: its reader lacks what was written since`,
  )
  await made.second.query(`DROP SUBSCRIPTION ${NAME}`)
  await made.subscribe()
  await made.copied()
  await made.expectSame(HISTORY)
  expect((await made.audit('status')).exitCode).toBe(0)
})

test('a slot that nobody reads is a finding once it keeps a gigabyte', () => {
  const publication = { name: NAME, more: [], tables: ['Order_audit'] }
  const slot = { name: 's', isActive: false, lagBytes: 2 ** 30, isLost: false, isUnlimited: true }
  const findings = (retainedBytes: number, isActive = false) =>
    compareReplication(['Order_audit'], [publication], [{ ...slot, isActive, retainedBytes }]).findings.map(
      ({ message, hint }) => [message, hint],
    )
  expect(findings(2 ** 30 - 1)).toEqual([])
  expect(findings(2 ** 31, true)).toEqual([])
  expect(findings(2 ** 31)).toEqual([
    [
      'is read by nobody, and keeps 2 GB of the log until the disk is full (max_slot_wal_keep_size = -1)',
      "Start its reader. If that is gone for good: SELECT pg_catalog.pg_drop_replication_slot('s');",
    ],
  ])
})
