import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface PgbenchRun {
  readonly url: string
  /** By name; each call draws one of them at random. */
  readonly scripts: ReadonlyMap<string, string>
  /** By name, what they begin with. */
  readonly variables: ReadonlyMap<string, number>
  readonly clients: number
  /** Calls of each client, of all scripts together. */
  readonly calls: number
}

const COMMANDS = ['/usr/lib/postgresql/17/bin/pgbench', '/usr/lib/postgresql/15/bin/pgbench', 'pgbench']

/**
 * Runs scripts in one run of pgbench, drawn at random, so that the machine's moods and the server's meet all of them alike:
 * separate runs of one script differ by up to five times.
 *
 * @returns by script the latencies of its calls, in microseconds, in the order of the calls
 * @throws Error with pgbench's own words, or where there is none (Debian: the package `postgresql`)
 */
export function runPgbench({ url, scripts, variables, clients, calls }: PgbenchRun): Map<string, number[]> {
  const dir = mkdtempSync(join(tmpdir(), 'audit-pgbench-'))
  try {
    const names = [...scripts.keys()]
    const files = names.map((name, index) => {
      const file = join(dir, `${index}.sql`)
      writeFileSync(file, scripts.get(name) ?? '')
      return file
    })
    const args = [
      ...['--no-vacuum', '--protocol=prepared', '--log', `--client=${clients}`, `--transactions=${calls}`],
      ...[...variables].map(([name, value]) => `--define=${name}=${value}`),
      ...files.map((file) => `--file=${file}`),
      url,
    ]
    const { status, stderr } = run(args, dir)
    if (status !== 0 || /aborted|ERROR/.test(stderr)) throw new Error(`pgbench:\n${stderr}`)
    return latencies(dir, names)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function run(args: readonly string[], cwd: string) {
  const env = { ...process.env, PGOPTIONS: '-c synchronous_commit=off -c audit.username=bench' }
  const command = findPgbench()
  if (command === undefined) throw new Error(NO_PGBENCH)
  return spawnSync(command, args, { cwd, env, encoding: 'utf8' })
}

export const NO_PGBENCH = 'There is no pgbench here. On Debian: apt-get install postgresql'

export function findPgbench(): string | undefined {
  return COMMANDS.find((command) => spawnSync(command, ['--version']).error === undefined)
}

/** A line of the log: client, number of the call, microseconds, script, and when. */
function latencies(dir: string, names: readonly string[]): Map<string, number[]> {
  const found = new Map<string, number[]>(names.map((name) => [name, []]))
  for (const file of readdirSync(dir).filter((each) => each.startsWith('pgbench_log'))) {
    for (const line of readFileSync(join(dir, file), 'utf8').split('\n')) {
      const [, , time, script] = line.split(' ')
      const name = names[Number(script)]
      if (script !== undefined && name !== undefined) found.get(name)?.push(Number(time))
    }
  }
  return found
}
