import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { serverBinaries } from '../../../../test/support/tested-server.ts'

interface Given {
  readonly input?: string | Buffer
  /** Whether it may end with an error. */
  readonly isForgiving?: boolean
}

/** Runs a program of the tested server on a database: what it prints. */
export function program(
  name: string,
  url: string,
  args: readonly string[],
  { input, isForgiving = false }: Given = {},
): Buffer {
  const { stdout, stderr, status, error } = spawnSync(
    join(serverBinaries(), name),
    [...args, `--dbname=${url}`],
    { maxBuffer: 2 ** 28, input },
  )
  if (error) throw error
  if (status !== 0 && !isForgiving) throw new Error(`${name}: ${stderr}`)
  return stdout
}

/** A database in the format of `pg_restore`. */
export const dump = (url: string, ...args: readonly string[]) =>
  program('pg_dump', url, ['--format=custom', ...args])

/** Fails on an error with `--exit-on-error` only: else `pg_restore` goes on, and so does this. */
export const restore = (url: string, input: Buffer, ...args: readonly string[]) =>
  program('pg_restore', url, args, { input, isForgiving: !args.includes('--exit-on-error') })

/** A plain dump of one database, read into another one, by the programs of this server. */
export function dumpAndRestore(from: string, to: string, ...args: readonly string[]): void {
  program('psql', to, ['--quiet', '--set=ON_ERROR_STOP=1'], { input: program('pg_dump', from, args) })
}
