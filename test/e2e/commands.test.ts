import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { TestDatabase } from '../support/test-database.ts'
import { installedProject, type WrappedProject } from './migrate/wrapped-project.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const MODELS = `/// @audit(enabled, backfill: batches)
model Order {
  id    Int @id @default(autoincrement())
  total Int
}

/// @audit(enabled)
model Plain {
  name String @id
}
`
const TABLES = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "total" INTEGER NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Plain" ("name" TEXT NOT NULL, CONSTRAINT "Plain_pkey" PRIMARY KEY ("name"));
`

interface Command {
  readonly args: readonly string[]
  /** What a role without any right is told; undefined where it may. */
  readonly refused: RegExp | undefined
  /** The exit code of that. */
  readonly refusal?: number
  /** The table that a lock is on while it is interrupted. */
  readonly waitsFor: string
  /** What is wrong with the database before. */
  readonly given?: string
  /** The role that the set-ups let in. */
  readonly as?: 'officer'
  /** What the run says that comes after the one that was interrupted. */
  readonly exitCode?: number
}

const HISTORY = 'audit."Order_audit"'
const owner = /permission denied[\s\S]*Run it as the owner of the audit tables|must be owner/

const COMMANDS: Readonly<Record<string, Command>> = {
  status: { args: ['status'], refused: undefined, waitsFor: HISTORY },
  install: {
    args: ['install'],
    given: 'DROP TRIGGER audit_insert ON "Order"; DROP TRIGGER audit_insert ON "Plain"',
    refused: owner,
    waitsFor: '"Plain"',
  },
  uninstall: { args: ['uninstall'], refused: owner, waitsFor: '"Plain"' },
  seal: { args: ['seal', '--wait', '60'], refused: owner, refusal: 1, waitsFor: 'audit.seal' },
  verify: { args: ['verify'], refused: owner, waitsFor: HISTORY },
  'verify --live': { args: ['verify', '--live'], refused: owner, waitsFor: '"Order"' },
  pause: { args: ['pause', '--reason', 'x'], refused: owner, waitsFor: '"Plain"' },
  resume: {
    args: ['resume', '--set', 'username=ops'],
    given: 'PAUSE',
    refused: owner,
    waitsFor: '"Plain"',
  },
  'after-restore': {
    args: ['after-restore', '--reconcile', '--set', 'username=ops'],
    given: 'DROP TRIGGER audit_insert ON "Order"',
    refused: owner,
    waitsFor: '"Order"',
  },
  erase: {
    args: ['erase', '--model', 'Plain', '--id', 'a', '--settings', 'username'],
    as: 'officer',
    refused: /Connect as the role that the set-up lets erase/,
    refusal: 1,
    waitsFor: 'audit."Plain_audit"',
  },
  hold: {
    args: ['hold', '--all', '--reason', 'x'],
    refused: owner,
    refusal: 1,
    waitsFor: 'audit.legal_hold',
  },
  prune: {
    args: ['prune', '--older-than', '2y', '--reason', 'x'],
    as: 'officer',
    refused: /Connect as the role that the set-up lets prune/,
    refusal: 1,
    waitsFor: HISTORY,
  },
  backfill: { args: ['backfill'], refused: owner, refusal: 1, waitsFor: HISTORY },
}
const names = Object.keys(COMMANDS)
const of = (name: string): Command => COMMANDS[name] ?? { args: [], refused: undefined, waitsFor: '' }

let wrapped: WrappedProject
let roles: Readonly<Record<'eraser' | 'pruner' | 'officer' | 'nobody', string>>
let finish = async () => {}

const urlOf = ({ url }: TestDatabase, role: string) => {
  const found = new URL(url)
  found.username = role
  found.password = 'x'
  return found.href
}
const audit = (name: string, ...more: readonly string[]) => wrapped.audit([...of(name).args, ...more])

// One project for all of them: nothing that is refused or interrupted may change it.
beforeAll(async () => {
  const kept: (() => Promise<void> | void)[] = []
  finish = async () => {
    for (const each of kept.reverse()) await each()
  }
  wrapped = await installedProject(MODELS, TABLES, (each) => kept.push(each))
  const { database } = wrapped
  const named = (role: string) => `${database.name}_${role}`
  roles = {
    eraser: named('eraser'),
    pruner: named('pruner'),
    officer: named('officer'),
    nobody: named('nobody'),
  }
  await database.query(`CREATE ROLE "${roles.nobody}" LOGIN PASSWORD 'x'`)
  const by = ['--by', roles.officer]
  const eraser = await wrapped.audit(['eraser', '--role', roles.eraser, ...by])
  const pruner = await wrapped.audit(['pruner', '--role', roles.pruner, ...by, '--at-least', '1y'])
  await database.query(eraser.stdout)
  await database.query(pruner.stdout)
  await database.query(`ALTER ROLE "${roles.officer}" PASSWORD 'x'`)
  await write(
    `INSERT INTO "Order" (total) SELECT g FROM generate_series(1, 50) g; INSERT INTO "Plain" VALUES ('a')`,
  )
  expect(await wrapped.audit(['hold', '--model', 'Plain', '--reason', 'x'])).toMatchObject({ exitCode: 0 })
  expect(await wrapped.audit(['hold', '--release', '1', '--reason', 'x'])).toMatchObject({ exitCode: 0 })
  expect(await wrapped.audit(['seal', '--wait', '60'])).toMatchObject({ exitCode: 0 })
  // Those that the set-ups could not know.
  await database.query(eraser.stdout)
  await database.query(pruner.stdout)
})
afterAll(async () => {
  for (const role of Object.values(roles)) {
    await wrapped.database.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`)
  }
  await finish()
})

const write = (sql: string) =>
  wrapped.database.query(`BEGIN; SELECT set_config('audit.username', 'ann', true); ${sql}; COMMIT`)

/** Triggers and rights, and the rows of all tables of the audit: whatever a command could have half done. */
async function state() {
  const rows = await wrapped.database.query<{ line: string }>(`
    SELECT concat_ws(' ', t.tgrelid::regclass, t.tgname, t.tgenabled) AS line FROM pg_trigger t WHERE NOT t.tgisinternal
    UNION ALL SELECT concat_ws(' ', f.oid::regprocedure, f.proacl, md5(f.prosrc)) FROM pg_proc f WHERE f.pronamespace = 'audit'::regnamespace
    UNION ALL SELECT concat_ws(' ', c.oid::regclass, c.relacl,
      CASE WHEN c.relname <> 'seal_watermark' THEN (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', c.oid::regclass), false, true, '')))[1] END)
      FROM pg_class c WHERE c.relnamespace = 'audit'::regnamespace AND c.relkind = 'r'
    ORDER BY 1`)
  return rows.map(({ line }) => line)
}

test.for(names)('%s --help says what it does and how it ends', async (name) => {
  const { exitCode, stdout, stderr } = await audit(name, '--help')
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toMatch(/^Usage: prisma-generator-audit /)
  expect(stdout).toContain('Exit code: 0 ')
})

test.for(names)('%s with an unknown flag ends with 2 and names the flag', async (name) => {
  const { exitCode, stdout, stderr } = await audit(name, '--shcema', 'x')
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toMatch(/unknown option '--shcema'[\s\S]*Did you mean --schema\?/)
})

test.for(names)('%s without a connection ends with 2 and says why', async (name) => {
  const { exitCode, stdout, stderr } = await audit(name, '--url', 'postgresql://127.0.0.1:1/none')
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toMatch(/^The database cannot be reached: .*ECONNREFUSED.*\n$/)
})

test.for(names)('%s by a role without rights changes nothing, and says whose it is', async (name) => {
  const { refused, refusal = 2, given } = of(name)
  await prepare(given)
  try {
    const before = await state()
    const { exitCode, stdout, stderr } = await audit(name, '--url', urlOf(wrapped.database, roles.nobody))
    expect(await state()).toEqual(before)
    if (refused === undefined) {
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      return
    }
    expect([exitCode, stdout + stderr]).toEqual([refusal, expect.stringMatching(refused)])
    expect(stderr).not.toContain('    at ')
  } finally {
    await restore()
  }
})

test.for(names)(
  '%s ended by Ctrl-C says so, ends with 130, leaves nothing half done, and the next run does it',
  async (name) => {
    const { as, waitsFor, given } = of(name)
    const flags = as === undefined ? [] : ['--url', urlOf(wrapped.database, roles.officer)]
    await prepare(given)
    const other = new pg.Client({ connectionString: wrapped.database.url })
    await other.connect()
    try {
      // Something new, for those that would otherwise have nothing to do.
      if (name === 'seal') await write(`INSERT INTO "Order" (total) VALUES (1)`)
      const before = await state()
      await other.query(`BEGIN; LOCK TABLE ${waitsFor} IN ACCESS EXCLUSIVE MODE`)
      const { exitCode, stdout, stderr } = await interrupted(name, flags)
      expect([exitCode, stdout + stderr]).toEqual([130, expect.stringMatching(/ended/)])
      expect(stderr).not.toContain('    at ')
      await other.query('ROLLBACK')
      if (waitsFor !== '"Plain"') expect(await state()).toEqual(before)
      // No write fails, whatever was done.
      await write(`INSERT INTO "Order" (total) VALUES (2); INSERT INTO "Plain" VALUES ('${name}')`)
      const next = await audit(name, ...flags)
      expect([next.exitCode, next.stderr]).toEqual([0, expect.anything()])
    } finally {
      await other.end()
      await restore()
    }
    expect(await wrapped.audit(['status'])).toMatchObject({ exitCode: 0 })
  },
)

/** Ctrl-C once PostgreSQL says that it waits, and once more for those that would end their step first. */
async function interrupted(name: string, flags: readonly string[]) {
  const waiting = async () =>
    (
      await wrapped.database.query(
        `SELECT FROM pg_stat_activity WHERE application_name LIKE 'prisma-generator-audit%' AND wait_event_type = 'Lock'`,
      )
    ).length
  let kill: (signal: NodeJS.Signals) => void = () => {}
  let hasEnded = false
  const run = wrapped
    .audit([...of(name).args, ...flags], { onStart: (by) => (kill = by) })
    .finally(() => (hasEnded = true))
  await expect.poll(waiting, { timeout: 60_000, interval: 20 }).toBe(1)
  kill('SIGINT')
  await sleep(500)
  if (!hasEnded) kill('SIGINT')
  const begun = Date.now()
  const result = await run
  expect(Date.now() - begun).toBeLessThan(8000)
  return result
}

async function prepare(given: string | undefined) {
  if (given === 'PAUSE')
    expect(await wrapped.audit(['pause', '--reason', 'x'])).toMatchObject({ exitCode: 0 })
  else if (given !== undefined) await wrapped.database.query(given)
}

/** As it was installed, whatever a test has done. */
async function restore() {
  const context = ['--set', 'username=test']
  await wrapped.audit(['resume', ...context])
  const { exitCode, stderr } = await wrapped.audit(['after-restore', '--reconcile', ...context])
  expect([exitCode, stderr]).toEqual([0, expect.anything()])
}
