import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { FORGOTTEN } from '../../packages/generator/test/sql/old-partitions.ts'
import { useSetUpProject } from './commands/set-up-project.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

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
  partition: { args: ['partition'], given: FORGOTTEN, refused: owner, waitsFor: HISTORY },
}
const names = Object.keys(COMMANDS)
const of = (name: string): Command => COMMANDS[name] ?? { args: [], refused: undefined, waitsFor: '' }

// One project for all of them: nothing that is refused or interrupted may change it.
const project = useSetUpProject()
const audit = (name: string, ...more: readonly string[]) =>
  project().wrapped.audit([...of(name).args, ...more])

/** Triggers and rights, and the rows of all tables of the audit: whatever a command could have half done. */
async function state() {
  const rows = await project().wrapped.database.query<{ line: string }>(`
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
    const { exitCode, stdout, stderr } = await audit(name, '--url', project().urlOf('nobody'))
    expect(await state()).toEqual(before)
    if (refused === undefined) {
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      return
    }
    expect([exitCode, stdout + stderr]).toEqual([refusal, expect.stringMatching(refused)])
    expect(stderr).not.toContain('    at ')
  } finally {
    await project().restore()
  }
})

test.for(names)(
  '%s ended by Ctrl-C says so, ends with 130, leaves nothing half done, and the next run does it',
  async (name) => {
    const { wrapped, urlOf, write, restore } = project()
    const { as, waitsFor, given } = of(name)
    const flags = as === undefined ? [] : ['--url', urlOf('officer')]
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
  const { wrapped } = project()
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
  const { wrapped } = project()
  if (given === 'PAUSE')
    expect(await wrapped.audit(['pause', '--reason', 'x'])).toMatchObject({ exitCode: 0 })
  else if (given !== undefined) await wrapped.database.query(given)
}
