import { relative } from 'node:path'
import type { Compilation } from './compile.ts'
import type { FoundFolder } from './migration/find-migrations-folder.ts'
import { migrationTime } from './migration/migration-name.ts'
import { withMigrationsLock } from './migration/migrations-lock.ts'
import { observeSurroundings } from './migration/observe-surroundings.ts'
import { type Surroundings, writeDecision } from './migration/write-decision.ts'
import { writeMigrationDirectory } from './migration/write-migration-directory.ts'

/** What became of the next migration. */
export type MigrationOutcome =
  | { readonly kind: 'nothing to write' }
  | { readonly kind: 'no folder'; readonly problem: string }
  | { readonly kind: 'written'; readonly path: string }
  /** `next`: what to do, if it is not to generate elsewhere. */
  | { readonly kind: 'not written'; readonly reason: string; readonly next?: string }

/**
 * Writes the compilation's migration, where somebody will commit it.
 *
 * @param recompile reads the folder again: between reading and locking another process may have written
 * @throws MigrationsFolderError where the folder cannot be written
 */
export async function writeNextMigration(
  { migration }: Compilation,
  found: FoundFolder,
  write: Surroundings['write'],
  recompile: () => Promise<Compilation>,
  cwd: string,
): Promise<MigrationOutcome> {
  const { dir } = found
  if (dir === undefined)
    return { kind: 'no folder', problem: found.problem ?? 'there is no migrations folder' }
  if (migration === undefined) return { kind: 'nothing to write' }
  const decision = writeDecision(observeSurroundings(dir, write))
  if (!decision.write) return { kind: 'not written', reason: decision.reason }
  return withMigrationsLock(dir, async () => {
    const { migration: current } = await recompile()
    if (current === undefined) return { kind: 'nothing to write' }
    const { slug, sql, downSql } = current
    const { path } = await writeMigrationDirectory({
      dir,
      slug,
      sql,
      downSql,
      now: migrationTime(process.env),
    })
    return { kind: 'written', path: relative(cwd, path) || path }
  })
}
