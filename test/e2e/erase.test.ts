import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/test-database.ts'
import { installedProject } from './migrate/wrapped-project.ts'

vi.setConfig({ testTimeout: 240_000 })

const MODELS = `/// @audit(enabled)
model User {
  id      Int     @id @default(autoincrement())
  email   String?
  name    String?
  profile Json?
}
`
const TABLES = `CREATE TABLE "User" ("id" SERIAL NOT NULL, "email" TEXT, "name" TEXT, "profile" JSONB, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));\n`
const COMMAND = fileURLToPath(
  new URL('../../packages/generator/bin/prisma-generator-audit.js', import.meta.url),
)
const HISTORY = '"audit"."User_audit"'

/** A project with the history of two people, erasure set up, and the officer's URL. */
async function prepared() {
  const { database, project, audit } = await installedProject(MODELS, TABLES)
  await database.query(`BEGIN; SELECT set_config('audit.username', 'ann', true);
    INSERT INTO "User" (email, name, profile) VALUES ('a@example.com', 'Ann', '{"city": "x", "street": "y"}'), ('b@example.com', 'Bob', NULL);
    UPDATE "User" SET name = 'Anna' WHERE id = 1; COMMIT`)
  const roles = { eraser: `${database.name}_eraser`, by: `${database.name}_officer` }
  onTestFinished(async () => {
    for (const role of Object.values(roles)) {
      await database.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`)
    }
  })
  const printed = await audit(['eraser', '--role', roles.eraser, '--by', roles.by])
  expect(printed).toMatchObject({ exitCode: 0, stderr: '' })
  await database.query(printed.stdout)
  await database.query(`ALTER ROLE "${roles.by}" PASSWORD 'x'`)
  const ask = ['erase', '--url', urlOf(database, roles.by)]
  const wish = [...ask, '--model', 'User', '--id', '1', '--fields', 'email,name,profile.street']
  const rows = () => database.query(`SELECT id, email, name, profile FROM ${HISTORY} ORDER BY audit_id`)
  return { database, project, audit, roles, ask, wish, rows, setup: printed.stdout }
}

function urlOf({ url: owner }: TestDatabase, role: string): string {
  const url = new URL(owner)
  url.username = role
  url.password = 'x'
  return url.href
}

const planOf = (output: string) => /--confirm ([0-9a-f]{16})/.exec(output)?.[1] ?? ''
const why = ['--reason', 'ticket 4711']
const ANN = { id: 1, email: 'a@example.com', name: 'Ann', profile: { city: 'x', street: 'y' } }
const BOB = { id: 2, email: 'b@example.com', name: 'Bob', profile: null }
const ERASED = { id: 1, email: null, name: null, profile: { city: 'x' } }

test('an erasure is planned, confirmed by the hash of the plan, done in one piece, and recorded; verify knows it', async () => {
  const { database, project, audit, wish, rows, setup } = await prepared()
  expect(await audit(['seal', '--wait', '60'])).toMatchObject({ exitCode: 0 })
  expect(await audit(['status'])).toMatchObject({ exitCode: 0 })
  const planned = await audit(wish)
  expect(planned).toMatchObject({ exitCode: 0, stderr: '' })
  expect(planned.stdout).toMatch(
    /"audit"\."User_audit": 2 rows, from \d{4}-.* to .*, 2 of them sealed\naudit: {3}email: 2 values\naudit: {3}name: 2 values\naudit: {3}profile, without street: 2 values\naudit: Nothing is erased yet\./,
  )
  expect(planned.stdout).not.toContain('example.com')
  expect(await rows()).toEqual([ANN, BOB, { ...ANN, name: 'Anna' }])
  expect((await audit([...wish, '--dry-run'])).stdout).toBe(planned.stdout)

  const record = join(project.dir, 'erasures.jsonl')
  const confirm = ['--confirm', planOf(planned.stdout)]
  expect(await audit([...wish, ...confirm])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('An erasure needs a reason'),
  })
  const done = await audit([...wish, ...confirm, ...why, '--record', record])
  expect(done).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('erased, in one transaction; record 1.'),
    stderr: expect.stringContaining('what was erased in this database: 1 erasure, 1 of them new'),
  })
  expect(await rows()).toEqual([ERASED, BOB, ERASED])
  expect(await audit(['verify'])).toMatchObject({ exitCode: 0 })
  expect(JSON.parse((await audit(['verify', '--json'])).stdout)).toMatchObject({
    intact: true,
    histories: expect.arrayContaining([expect.objectContaining({ history: HISTORY, erasedRows: 2 })]),
  })
  expect(await audit(['status'])).toMatchObject({ exitCode: 0 })

  const line = JSON.parse(readFileSync(record, 'utf8'))
  expect(line).toMatchObject({
    number: '1',
    reason: 'ticket 4711',
    by: expect.stringContaining('_officer'),
    erased: [
      {
        history: HISTORY,
        rows: [
          ['1', expect.any(String)],
          ['3', expect.any(String)],
        ],
      },
    ],
  })
  expect(readFileSync(record, 'utf8')).not.toContain('example.com')
  expect(await audit([...wish, ...confirm, ...why])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('is not what would be erased now'),
  })
  expect(await audit(wish)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('nothing is left to erase'),
  })
  // Whoever replaced the function has a way through every guard.
  await database.query(
    `CREATE OR REPLACE FUNCTION audit.erase(request jsonb, reason text, confirmed text) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
     AS $$ BEGIN RETURN NULL; END $$`,
  )
  const tampered = await audit(['status'])
  expect(tampered).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('is not as the set-up of erasure makes it'),
  })
  await database.query(setup)
  expect(await audit(['status'])).toMatchObject({ exitCode: 0 })
  // One of the same name that takes something else is called by whoever casts otherwise.
  await database.query(
    `CREATE FUNCTION audit.erase(request json) RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS 'SELECT NULL::jsonb'`,
  )
  expect(await audit(['status'])).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('function "audit"."erase"(json) belongs to no audited table'),
  })
  await database.query('DROP FUNCTION audit.erase(json)')
  // The record and what it did are sealed as all history is.
  expect(await audit(['seal', '--wait', '60'])).toMatchObject({ exitCode: 0 })
  await database.query(`ALTER TABLE audit.erasure DISABLE TRIGGER append_only; UPDATE audit.erasure SET reason = 'other';
    ALTER TABLE audit.erasure ENABLE ALWAYS TRIGGER append_only`)
  expect(await audit(['verify'])).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('"audit"."erasure": rows were changed'),
  })
})

test('a plan that something has been added to since is not carried out', async () => {
  const { database, audit, wish, rows } = await prepared()
  const plan = planOf((await audit(wish)).stdout)
  await database.query(
    `BEGIN; SELECT set_config('audit.username', 'ann', true); UPDATE "User" SET email = 'c' WHERE id = 1; COMMIT`,
  )
  const before = await rows()
  const refused = await audit([...wish, ...why, '--confirm', plan])
  expect(refused).toMatchObject({
    exitCode: 1,
    stdout: '',
    stderr: expect.stringContaining('Look at the plan again'),
  })
  expect(await rows()).toEqual(before)
})

test('after a restore the record is replayed, and what is written since under the numbers of then is left alone', async () => {
  const { database, project, audit, wish } = await prepared()
  expect(await audit(['seal', '--wait', '60'])).toMatchObject({ exitCode: 0 })
  const wait = createDatabase()
  const other = await wait
  onTestFinished(() => other.drop())
  await other.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database.name}'`,
  )
  const backup = await createDatabase({ template: { databaseName: database.name } })
  onTestFinished(() => backup.drop())
  await database.query(
    `BEGIN; SELECT set_config('audit.username', 'ann', true); UPDATE "User" SET email = 'late@example.com' WHERE id = 1; COMMIT`,
  )
  const record = join(project.dir, 'erasures.jsonl')
  const plan = planOf((await audit(wish)).stdout)
  expect(await audit([...wish, ...why, '--confirm', plan, '--record', record])).toMatchObject({ exitCode: 0 })

  // The copy is what a backup from before the erasure is, and somebody else's row gets a number that was Ann's.
  await backup.query(
    `BEGIN; SELECT set_config('audit.username', 'bob', true); UPDATE "User" SET name = 'Bo' WHERE id = 2; COMMIT`,
  )
  const restored = [
    'erase',
    '--url',
    backup.url.replace(/\/\/[^@]*@/, `//${database.name}_officer:x@`),
    '--replay',
    record,
  ]
  const planned = await audit(restored)
  expect(planned).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('2 rows') })
  expect(await audit([...restored, '--confirm', planOf(planned.stdout)])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('erased, in one transaction; record 1'),
  })
  expect(await backup.query(`SELECT id, email, name, profile FROM ${HISTORY} ORDER BY audit_id`)).toEqual([
    ERASED,
    BOB,
    ERASED,
    { ...BOB, name: 'Bo' },
  ])
  expect(await backup.query('SELECT reason FROM audit.erasure')).toEqual([
    { reason: 'replay of 1 erasure: ticket 4711' },
  ])
  expect(await audit(['verify', '--url', backup.url])).toMatchObject({ exitCode: 0 })
  expect(await audit(restored)).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('nothing is left to erase'),
  })
})

test('a legal hold wins, is named, and is ended by the owner only', async () => {
  const { database, audit, wish, rows, roles } = await prepared()
  const before = await rows()
  const plan = planOf((await audit(wish)).stdout)
  expect(await audit(['hold'])).toMatchObject({ exitCode: 0, stdout: 'audit: nothing is held\n' })
  expect(await audit(['hold', '--model', 'User', '--id', '1'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('needs a reason'),
  })
  expect(await audit(['hold', '--model', 'User', '--id', '1', '--reason', 'case 12 O 345/26'])).toMatchObject(
    {
      exitCode: 0,
      stdout: expect.stringMatching(
        /^audit: hold 1: audit\."User_audit" id 1, since .* by .*: case 12 O 345\/26\n$/,
      ),
    },
  )
  for (const more of [[], [...why, '--confirm', plan]]) {
    expect(await audit([...wish, ...more])).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(/legal hold 1 since .*case 12 O 345\/26\nA legal hold wins/s),
    })
  }
  expect(await rows()).toEqual(before)
  const other = wish.map((word) => (word === '1' ? '2' : word))
  expect(await audit(other)).toMatchObject({ exitCode: 0 })
  const asOfficer = ['--url', urlOf(database, roles.by)]
  expect(await audit(['hold', '--release', '1', '--reason', 'x', ...asOfficer])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('permission denied'),
  })
  expect(await audit(['hold', '--release', '7', '--reason', 'x'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('no hold 7 in force'),
  })
  expect(await audit(['hold', '--release', '1', '--reason', 'settled'])).toMatchObject({
    exitCode: 0,
    stdout: 'audit: nothing is held\n',
  })
  expect(await audit(['hold', '--release', '1', '--reason', 'settled'])).toMatchObject({ exitCode: 2 })
  expect(await audit([...wish, ...why, '--confirm', plan])).toMatchObject({ exitCode: 0 })
  expect(await audit(['hold', '--all', '--reason', 'litigation'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('hold 3: every history'),
  })
  expect(await audit(other)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('legal hold 3') })
  expect(await audit(['status'])).toMatchObject({ exitCode: 0 })
})

test('what is asked for wrongly, without rights or without a database is said, with the right exit code, and nothing is erased', async () => {
  const { database, project, audit, wish, ask, rows } = await prepared()
  const before = await rows()
  const plan = planOf((await audit(wish)).stdout)
  const said = async (args: readonly string[], exitCode: number, words: string | RegExp) => {
    const result = await audit(args)
    expect([args, result.exitCode, result.stderr, result.stdout]).toEqual([
      args,
      exitCode,
      typeof words === 'string' ? expect.stringContaining(words) : expect.stringMatching(words),
      '',
    ])
    expect(result.stderr).not.toContain('    at ')
  }
  expect((await audit(['erase', '--help'])).stdout).toContain('--confirm <plan>')
  await said(['erase', '--confrim', 'x'], 2, '--confirm')
  await said(ask, 2, 'Say what is to be erased')
  await said([...ask, '--model', 'User'], 2, 'Say whose history is meant')
  await said([...ask, '--model', 'User', '--id', '1'], 2, '--fields email,name')
  await said(
    [...ask, '--model', 'Usr', '--id', '1', '--fields', 'email'],
    2,
    'No model "Usr" is audited. There are: User',
  )
  await said(
    [...ask, '--model', 'User', '--id', '1', '--fields', 'mail'],
    2,
    'has no field mail. It has: id, email, name, profile',
  )
  await said([...ask, '--model', 'User', '--id', '1', '--fields', 'name.first'], 2, 'holds no documents')
  await said([...ask, '--model', 'User', '--id', '1', '--fields', 'id'], 2, 'id is part of the key of User')
  await said(
    [...ask, '--model', 'User', '--id', '1', '--settings', 'user'],
    2,
    'It has: username, current_user',
  )
  await said([...wish, '--dry-run', '--confirm', plan], 2, 'give one of them')
  await said([...wish, '--replay', 'x'], 2, '--replay says what is to be erased')
  await said([...ask, '--replay', join(project.dir, 'none.jsonl')], 2, 'cannot be read')
  writeFileSync(join(project.dir, 'odd.jsonl'), '{"a":1}\n')
  await said(
    [...ask, '--replay', join(project.dir, 'odd.jsonl')],
    2,
    'odd.jsonl:1 is no record of an erasure',
  )
  await said([...wish, ...why, '--confirm', plan, '--record', project.dir], 2, 'cannot be written')
  await said(
    [...wish, ...why, '--confirm', plan, '--record', join(project.dir, 'odd.jsonl')],
    2,
    'odd.jsonl:1 is no record of an erasure',
  )
  await said(
    [...ask, '--model', 'User', '--id', 'x', '--fields', 'email'],
    1,
    'invalid input syntax for type integer: "x"',
  )
  await said([...wish, '--url', 'postgresql://localhost:1/none'], 2, 'The database cannot be reached')
  const stranger = `${database.name}_stranger`
  await database.query(`CREATE ROLE "${stranger}" LOGIN PASSWORD 'x'`)
  onTestFinished(async () => void (await database.query(`DROP ROLE "${stranger}"`)))
  await said(
    [...wish, '--url', urlOf(database, stranger)],
    1,
    /permission denied for function erase\nConnect as the role that the set-up lets erase/,
  )
  await said(['eraser', '--role', 'pg_x', '--by', 'y'], 1, "PostgreSQL's own")
  await said(['eraser', '--role', 'y', '--by', 'y'], 1, 'are both "y"')
  expect(await rows()).toEqual(before)
  expect(existsSync(join(project.dir, 'erasures.jsonl'))).toBe(false)
})

test('ended at any point, it has erased all of it or nothing', async () => {
  const { database, project, audit, wish, rows } = await prepared()
  const before = await rows()
  const plan = planOf((await audit(wish)).stdout)
  // Somebody has one of the rows: it waits in the middle of its work.
  const blocker = new pg.Client({ connectionString: database.url })
  await blocker.connect()
  onTestFinished(() => blocker.end())
  await blocker.query(`BEGIN; SELECT FROM ${HISTORY} WHERE audit_id = 3 FOR UPDATE`)
  const isWaiting = () =>
    database.query(
      `SELECT 1 AS there FROM pg_stat_activity WHERE application_name = 'prisma-generator-audit erase' AND wait_event_type = 'Lock'`,
    )
  const confirmed = [...wish, ...why, '--confirm', plan]
  const lost = audit(confirmed)
  await expect.poll(isWaiting, { timeout: 20_000 }).toHaveLength(1)
  await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'prisma-generator-audit erase'`,
  )
  expect(await lost).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('terminating connection') })
  expect(await rows()).toEqual(before)
  expect(await audit(confirmed)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('lock timeout'),
  })
  expect(await rows()).toEqual(before)
  // Ctrl-C while it waits: all that it did is taken back.
  const child = spawn(process.execPath, [COMMAND, ...confirmed], {
    cwd: project.dir,
    env: { ...process.env, DATABASE_URL: database.url, NO_COLOR: '1' },
  })
  const said = text(child.stderr)
  await expect.poll(isWaiting, { timeout: 20_000 }).toHaveLength(1)
  child.kill('SIGINT')
  await sleep(200)
  await blocker.query('COMMIT')
  expect(await once(child, 'close')).toEqual([130, null])
  expect(await said).toBe('audit: it was ended. Nothing was erased.\n')
  expect(await rows()).toEqual(before)
  expect(await audit(confirmed)).toMatchObject({ exitCode: 0 })
  expect(await rows()).toEqual([ERASED, BOB, ERASED])
})
