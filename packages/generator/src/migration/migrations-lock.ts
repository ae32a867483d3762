import { createHash } from 'node:crypto'
import { accessSync, constants, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { lock } from 'proper-lockfile'
import { hasCode, MigrationsFolderError } from './migrations-folder-error.ts'

/** A lock that its owner has not touched for this long belongs to a process that died. */
const STALE_MS = 5_000

/**
 * Runs `work` while no other process of ours writes to the migrations folder. Read the folder inside: another
 * process may have written what you were about to write. The lock stands beside the folder, not in it, because
 * Prisma takes every directory in it for a migration. One left over by a process that died is taken over.
 *
 * @throws MigrationsFolderError where another process keeps the lock for more than 30 seconds.
 */
export async function withMigrationsLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const folder = realpathSync(dir)
  const lockfilePath = lockPath(folder)
  let release: () => Promise<void>
  try {
    release = await lock(folder, {
      lockfilePath,
      stale: STALE_MS,
      realpath: false,
      retries: { retries: 300, factor: 1, minTimeout: 100, maxTimeout: 100, randomize: false },
      // Whoever took the lock over waited until we seemed dead; the rename into place decides then.
      onCompromised: () => {},
    })
  } catch (error) {
    if (!hasCode(error, 'ELOCKED')) throw error
    throw new MigrationsFolderError(
      `Another process has been writing to ${dir} for 30 seconds. If none is running, remove ${lockfilePath}.`,
      { cause: error },
    )
  }
  try {
    return await work()
  } finally {
    await release().catch(() => {})
  }
}

/** Beside the folder; where that cannot be written, in the system's temporary directory. */
function lockPath(folder: string): string {
  const parent = dirname(folder)
  try {
    accessSync(parent, constants.W_OK)
    return join(parent, `.${basename(folder)}.audit-lock`)
  } catch {
    const name = createHash('sha256').update(folder).digest('hex').slice(0, 16)
    return join(tmpdir(), `prisma-generator-audit-${name}.lock`)
  }
}
