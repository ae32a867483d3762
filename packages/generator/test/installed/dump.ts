import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { serverBinaries } from '../../../../test/support/tested-server.ts'

/** A plain dump of one database, read into another one, by the programs of this server. */
export function dumpAndRestore(from: string, to: string): void {
  run('psql', to, ['--quiet', '--set=ON_ERROR_STOP=1'], run('pg_dump', from, []))
}

function run(name: string, url: string, args: readonly string[], input?: Buffer): Buffer {
  const { stdout, stderr, status, error } = spawnSync(
    join(serverBinaries(), name),
    [...args, `--dbname=${url}`],
    { maxBuffer: 2 ** 28, ...(input === undefined ? {} : { input }) },
  )
  if (error) throw error
  if (status !== 0) throw new Error(`${name}: ${stderr}`)
  return stdout
}
