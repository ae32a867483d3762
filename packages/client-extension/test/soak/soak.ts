import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { makeRandom } from '../../../../test/support/large-project/random.ts'
import { type Expectation, faults, type Recorded } from './expectation.ts'
import { type Failure, failureOf } from './failure.ts'
import { heapInUse } from './heap.ts'
import { leaks } from './leaks.ts'
import { type Clients, hotRows, type Operation, operations } from './operations.ts'
import { type Access, applicationName, openClients } from './soak-clients.ts'

/** The database must have the ledger's tables and triggers, and be nobody else's. */
export interface SoakOptions extends Access {
  readonly operations: number
  readonly seed: number
  onProgress?(done: number, outcomes: SoakReport['outcomes']): void
}

export interface SoakReport {
  /** How many operations ended in which way. */
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>
  readonly killed: number
  readonly seconds: number
  /** Each is a sentence about a row or a connection that should not be as it is. */
  readonly faults: readonly string[]
  /** Bytes in use after a garbage collection, after each tenth. */
  readonly heap: readonly number[]
}

type Outcome = 'committed' | Failure

const identities = 18

/** Random concurrent operations by many identities, while connections are killed; then every row is looked at. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const admin = new pg.Pool({ connectionString: options.url, max: 2 })
  const clients = openClients(options)
  try {
    await admin.query(
      `INSERT INTO "Account" (name, code) SELECT 'hot', 'hot ' || n
         FROM generate_series(0, $1::integer - 1) AS n, set_config('audit.username', 'setup', true)`,
      [hotRows],
    )
    return await run(options, admin, clients)
  } finally {
    await clients.close()
    await admin.end()
  }
}

async function run(
  options: SoakOptions,
  admin: pg.Pool,
  clients: ReturnType<typeof openClients>,
): Promise<SoakReport> {
  const random = makeRandom(options.seed)
  const possible = operations.filter(({ needsAdapter }) => options.withAdapter || !needsAdapter)
  const outcomes: Partial<Record<Outcome, number>> = {}
  const found: string[] = []
  const heap: number[] = []
  const started = performance.now()
  let killed = 0
  let done = 0
  let lastId = await newestRow(admin)
  while (done < options.operations) {
    const expected = new Map<string, Expectation>()
    const end = Math.min(done + Math.ceil(options.operations / 10), options.operations)
    while (done < end) {
      // A wave is released in one tick; while it runs a connection is killed.
      const size = Math.min(1 + random.below(400), end - done)
      const wave = Array.from({ length: size }, (_, index) =>
        prepare(random, possible, clients, done + index),
      )
      const running = Promise.all(
        wave.map(async ({ label, operation, rows, start }) => {
          const outcome = await start().then(() => 'committed' as const, failureOf)
          outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
          expected.set(label, { operation, rows, outcome })
        }),
      )
      const delays = [random.below(40), random.below(150)]
      for (const delay of delays) killed += await sleep(delay).then(() => kill(admin))
      await running
      done += size
    }
    found.push(...(await leaks(clients.pools, admin, options.through === undefined)))
    found.push(...faults(expected, await recordedAfter(admin, lastId)))
    lastId = await newestRow(admin)
    heap.push(await heapInUse())
    options.onProgress?.(done, outcomes)
  }
  return { outcomes, killed, seconds: (performance.now() - started) / 1000, faults: found, heap }
}

/** Everything random is decided here, before the wave, so that a seed gives the same operations again. */
function prepare(
  random: ReturnType<typeof makeRandom>,
  possible: readonly Operation[],
  clients: { as(username: string, reason: string): Clients },
  index: number,
) {
  const username = `user ${random.below(identities)}`
  const label = `${username}|${index}`
  const { name, rows, run } = random.pick(possible)
  const own = makeRandom(random.below(2 ** 31))
  const given = clients.as(username, label)
  return { label, operation: name, rows, start: async () => run(given, label, own) }
}

/** Ends one session of the clients, whichever; gives how many that were. */
async function kill(admin: pg.Pool): Promise<number> {
  const { rowCount } = await admin.query(
    `SELECT pg_terminate_backend(pid) FROM (
       SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1
       ORDER BY state = 'idle', random() LIMIT 1
     ) AS victim`,
    [applicationName],
  )
  return rowCount ?? 0
}

async function newestRow(admin: pg.Pool): Promise<string> {
  const { rows } = await admin.query<{ id: string }>(
    'SELECT coalesce(max(audit_id), 0) AS id FROM audit.history',
  )
  return rows[0]?.id ?? '0'
}

async function recordedAfter(admin: pg.Pool, id: string): Promise<Recorded[]> {
  const { rows } = await admin.query<Recorded>(
    `SELECT label, count(*)::integer AS count, count(DISTINCT transaction_id)::integer AS transactions,
       count(*) FILTER (
         WHERE username IS DISTINCT FROM split_part(label, '|', 1) OR reason IS DISTINCT FROM label
       )::integer AS wrong
     FROM audit.history WHERE audit_id > $1 GROUP BY label`,
    [id],
  )
  return rows
}
