import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'

/** One transaction of the application: its statements, each with the table whose rows it changes. */
export type Transaction = readonly (readonly [table: string, sql: string])[]

export interface Traffic {
  /** What was refused or aborted. Nothing should be. */
  readonly failures: readonly { readonly code: string; readonly message: string; readonly sql: string }[]
  /** The longest time that a write was seen waiting for the lock of a table, in milliseconds, since `forget`. */
  longestWait(): number
  /** Rows that committed transactions changed, by table. */
  readonly rows: ReadonlyMap<string, number>
  transactions(): number
  forget(): void
  /** Resolves when every writer has committed once more. */
  goOn(): Promise<void>
  /** Waits for the transactions under way, and begins no other until `resume`. */
  pause(): Promise<void>
  resume(): void
  stop(): Promise<void>
}

/** How long a writer of this database has been waiting for a table. */
const WAITS = `SELECT max(extract(epoch FROM clock_timestamp() - l.waitstart) * 1000)::float8 AS milliseconds
  FROM pg_locks AS l
  JOIN pg_stat_activity AS a ON a.pid = l.pid
  WHERE l.locktype = 'relation' AND NOT l.granted
    AND a.datname = current_database() AND a.application_name = 'traffic'`

/**
 * Writers on one pool, each of them on whatever connection is free, as an application has it.
 *
 * @param openPool opens the pool, with the configuration that it is given
 * @param context the statement that says who writes
 */
export function startTraffic(
  openPool: (config: pg.PoolConfig) => pg.Pool,
  writers: number,
  next: (writer: number) => Transaction,
  context: string,
): Traffic {
  const pool = openPool({ max: writers + 1, application_name: 'traffic' })
  const failures: { code: string; message: string; sql: string }[] = []
  const rows = new Map<string, number>()
  const commits = Array.from({ length: writers }, () => 0)
  let [longestWait, isPaused, isStopped, underWay] = [0, false, false, 0]

  const names = new Map<string, string>()
  const write = async (client: pg.PoolClient, sql: string) => {
    // A statement with a name is prepared once a connection: its plan is older than the deployment.
    const name = names.get(sql) ?? `write ${names.size}`
    names.set(sql, name)
    try {
      return await client.query({ name, text: sql })
    } catch (error) {
      failures.push({ code: Object(error).code, message: String(error), sql })
      throw error
    }
  }

  const run = async (writer: number) => {
    const client = await pool.connect()
    try {
      const changed: [string, number][] = []
      await client.query('BEGIN')
      await client.query(context)
      for (const [table, sql] of next(writer)) {
        const { rowCount } = await write(client, sql)
        changed.push([table, rowCount ?? 0])
      }
      await client.query('COMMIT')
      for (const [table, count] of changed) rows.set(table, (rows.get(table) ?? 0) + count)
      commits[writer] = (commits[writer] ?? 0) + 1
    } catch {
      await client.query('ROLLBACK')
    } finally {
      client.release()
    }
  }

  const loop = async (writer: number) => {
    while (!isStopped) {
      if (!isPaused) {
        underWay += 1
        await run(writer)
        underWay -= 1
      }
      await sleep(3)
    }
  }
  const watch = async () => {
    const client = await pool.connect()
    while (!isStopped) {
      const { rows } = await client.query(WAITS)
      longestWait = Math.max(longestWait, rows[0]?.milliseconds ?? 0)
      await sleep(20)
    }
    client.release()
  }
  const loops = [watch(), ...commits.map((_, writer) => loop(writer))]

  return {
    failures,
    rows,
    longestWait: () => longestWait,
    transactions: () => commits.reduce((sum, each) => sum + each, 0),
    forget: () => {
      longestWait = 0
    },
    async goOn() {
      const targets = commits.map((count) => count + 2)
      while (commits.some((count, writer) => count < (targets[writer] ?? 0)) && failures.length === 0) {
        await sleep(5)
      }
    },
    async pause() {
      isPaused = true
      while (underWay > 0) await sleep(2)
    },
    resume: () => {
      isPaused = false
    },
    async stop() {
      isStopped = true
      isPaused = false
      await Promise.all(loops)
    },
  }
}
