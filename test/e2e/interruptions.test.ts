import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { IS_FULL, SEED } from '../../packages/generator/test/sql/folding-property.ts'
import { FORGOTTEN } from '../../packages/generator/test/sql/old-partitions.ts'
import { type CountingProxy, startCountingProxy } from '../support/counting-proxy.ts'
import { type SetUpProject, useSetUpProject } from './commands/set-up-project.ts'

vi.setConfig({ testTimeout: IS_FULL ? 1_800_000 : 240_000, hookTimeout: 240_000 })

interface Command {
  readonly args: readonly string[]
  /** What there is for it to do. */
  given?(project: SetUpProject): Promise<unknown>
  /** What it says that it takes only once it has looked. */
  confirm?(project: SetUpProject, args: readonly string[]): Promise<readonly string[]>
  readonly as?: 'officer'
  /** What it does as a whole, or not at all. */
  readonly whole?: string
}

const HISTORY = 'audit."Order_audit"'
const more = ({ write }: SetUpProject) =>
  write(
    `INSERT INTO "Order" (total) SELECT g FROM generate_series(1, 25) g; UPDATE "Order" SET total = 0 WHERE id = 1`,
  )
const done = async ({ wrapped }: SetUpProject, ...args: readonly string[]) => {
  const result = await wrapped.audit(args)
  expect([result.exitCode, result.stdout + result.stderr]).toEqual([0, expect.anything()])
}

const COMMANDS: Readonly<Record<string, Command>> = {
  install: {
    args: ['install'],
    given: ({ wrapped: { database } }) =>
      database.query(
        'DROP TRIGGER audit_insert ON "Order"; DROP TRIGGER audit_insert ON "Plain"; DROP TRIGGER audit_update ON "Plain"',
      ),
  },
  uninstall: { args: ['uninstall'] },
  pause: { args: ['pause', '--reason', 'x'] },
  resume: {
    args: ['resume', '--set', 'username=ops'],
    async given(project) {
      await done(project, 'pause', '--reason', 'x')
      await more(project)
    },
  },
  seal: { args: ['seal', '--wait', '60'], given: more },
  backfill: {
    args: ['backfill', '--batch-size', '5'],
    given: ({ wrapped: { database } }) =>
      database.query(
        `SET session_replication_role = replica; INSERT INTO "Order" (total) SELECT g FROM generate_series(1, 25) g; RESET session_replication_role`,
      ),
  },
  erase: {
    args: ['erase', '--model', 'Order', '--id', '1', '--fields', 'total'],
    as: 'officer',
    given: more,
    async confirm({ wrapped }, args) {
      const planned = await wrapped.audit(args)
      const plan = /--confirm ([0-9a-f]{16})/.exec(planned.stdout)?.[1]
      return plan === undefined ? args : [...args, '--reason', 'x', '--confirm', plan]
    },
    whole: `SELECT count(total) AS n FROM ${HISTORY} WHERE id = 1`,
  },
  hold: { args: ['hold', '--model', 'Order', '--id', '2', '--reason', 'x'] },
  prune: {
    args: ['prune', '--older-than', '13mo', '--reason', 'x', '--batch-size', '20'],
    as: 'officer',
    async given(project) {
      await done(project, 'seal', '--wait', '60')
      const old = 'SELECT id FROM "Order" ORDER BY id DESC LIMIT 30'
      await project.write(`INSERT INTO "Order" (total) SELECT g FROM generate_series(1, 30) g; UPDATE "Order" SET total = -1 WHERE id IN (${old});
        DELETE FROM "Order" WHERE id IN (${old})`)
      // Not what is sealed: that would be a forgery.
      await project.wrapped.database.query(`ALTER TABLE ${HISTORY} DISABLE TRIGGER append_only;
        UPDATE ${HISTORY} SET audit_operation_timestamp = audit_operation_timestamp - interval '16 months'
        WHERE audit_id > (SELECT max(last_id) FROM audit.seal WHERE history = '${HISTORY}'::regclass);
        ALTER TABLE ${HISTORY} ENABLE ALWAYS TRIGGER append_only`)
      await done(project, 'seal', '--wait', '60')
    },
  },
  partition: { args: ['partition'], given: ({ wrapped: { database } }) => database.query(FORGOTTEN) },
  'after-restore': {
    args: ['after-restore', '--reconcile', '--set', 'username=ops'],
    async given(project) {
      await project.wrapped.database.query(
        'DROP TRIGGER audit_insert ON "Order"; DROP TRIGGER audit_insert ON "Plain"',
      )
      await more(project)
    },
  },
}
const names = Object.keys(COMMANDS)

const project = useSetUpProject()
const proxies: Record<'owner' | 'officer', CountingProxy | undefined> = {
  owner: undefined,
  officer: undefined,
}
let onRoundTrip = () => {}

beforeAll(async () => {
  const { wrapped, urlOf } = project()
  const listen = (url: string) => startCountingProxy(url, 0, 0, () => onRoundTrip())
  proxies.owner = await listen(wrapped.database.url)
  proxies.officer = await listen(urlOf('officer'))
  // So that signals come in the middle of scripts, too.
  await wrapped.database.query(`CREATE FUNCTION slowly() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); END $$;
    CREATE EVENT TRIGGER slowly ON ddl_command_end EXECUTE FUNCTION slowly()`)
})
afterAll(async () => {
  for (const proxy of Object.values(proxies)) await proxy?.close()
})

/** By the signal itself; a shell says 130. */
const KILLED = -1
/** Round trips until the connection is there. */
const CONNECTING = 2

/** Where Ctrl-C comes: in which part of the round trips, how long after that one began, and whether once more. */
const points = fc.record({
  part: fc.integer({ min: 0, max: 99 }),
  delay: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 300 })),
  again: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
})

test.for(names)('%s is ended by Ctrl-C anywhere, and nothing is half done', async (name) => {
  const command = COMMANDS[name]
  const proxy = proxies[command?.as ?? 'owner']
  if (command === undefined || proxy === undefined) throw new Error(name)
  const { wrapped, write, restore } = project()
  const flags = async () => {
    const args = [...command.args, '--url', proxy.url]
    return (await command.confirm?.(project(), args)) ?? args
  }
  onTestFinished(restore)
  await command.given?.(project())
  const whole = await flags()
  const roundTrips = await proxy.count(async () => {
    const { exitCode, stdout, stderr } = await wrapped.audit(whole)
    expect([exitCode, stdout + stderr]).toEqual([0, expect.anything()])
  })
  const after = await state(command)
  await restore()
  const ends = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(points, async ({ part, delay, again }) => {
      await command.given?.(project())
      const before = await state(command)
      // Another point for each command, of one seed.
      const at = 1 + ((part + names.indexOf(name) * 37) % 100) * (roundTrips / 100)
      const { exitCode, stdout, stderr } = await interrupted(await flags(), Math.floor(at), delay, again)
      ends.set(exitCode, (ends.get(exitCode) ?? 0) + 1)
      const where = `${name}, round trip ${Math.floor(at)} of ${roundTrips}`
      expect([130, 0, KILLED], `${where}: ${stdout}${stderr}`).toContain(exitCode)
      if (exitCode === 130) expect(stdout + stderr, where).toMatch(/ended/)
      // Who asks twice ends the process. Else nothing is begun yet, or all is done and said.
      if (exitCode === KILLED && again === undefined && at >= 1 + CONNECTING)
        expect(stdout + stderr, where).toMatch(/^audit: /m)
      expect(stderr, where).not.toContain('    at ')
      const found = await state(command)
      for (const [what, is] of found)
        expect([before.get(what), after.get(what)], `${where}: ${what}`).toContain(is)
      await write(`INSERT INTO "Order" (total) VALUES (2); INSERT INTO "Plain" VALUES ('p' || random())`)
      const next = await wrapped.audit(await flags())
      expect([next.exitCode, next.stdout + next.stderr], where).toEqual([0, expect.anything()])
      // It ends with 0 where all is installed, and nothing is missed.
      await restore()
      const verified = await wrapped.audit(['verify'])
      expect([verified.exitCode, verified.stdout + verified.stderr], where).toEqual([0, expect.anything()])
    }),
    { numRuns: IS_FULL ? 20 : 1, seed: SEED, endOnFailure: true },
  )
  console.info(name, roundTrips, [...ends].map(([exitCode, count]) => `${count} × ${exitCode}`).join(', '))
})

/** Of each table of the application its triggers, which are as they were or as they should be, and what is all or nothing. */
async function state({ whole }: Command): Promise<ReadonlyMap<string, string>> {
  const { database } = project().wrapped
  const rows = await database.query<{ name: string; triggers: string }>(
    `SELECT c.relname AS name, coalesce(string_agg(t.tgname || ' ' || t.tgenabled::text, ' ' ORDER BY t.tgname), '') AS triggers
     FROM pg_class AS c LEFT JOIN pg_trigger AS t ON t.tgrelid = c.oid AND NOT t.tgisinternal
     WHERE c.relname IN ('Order', 'Plain') GROUP BY 1`,
  )
  const [row] = whole === undefined ? [] : await database.query<{ n: string }>(whole)
  return new Map([
    ...rows.map(({ name, triggers }) => [name, triggers] as const),
    ...(row === undefined ? [] : [['whole', String(row.n)] as const]),
  ])
}

async function interrupted(args: readonly string[], at: number, delay: number, again: number | undefined) {
  let kill: (signal: NodeJS.Signals) => void = () => {}
  let left = at
  onRoundTrip = () => {
    left -= 1
    if (left !== 0) return
    setTimeout(async () => {
      kill('SIGINT')
      if (again === undefined) return
      await sleep(again)
      kill('SIGINT')
    }, delay)
  }
  try {
    return await project().wrapped.audit(args, { onStart: (by) => (kill = by) })
  } finally {
    onRoundTrip = () => {}
  }
}
