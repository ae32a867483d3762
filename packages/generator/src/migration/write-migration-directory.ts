import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { migrationName } from './migration-name.ts'
import { hasCode, MigrationsFolderError } from './migrations-folder-error.ts'
import { listMigrations } from './read-migrations-folder.ts'

export interface NewMigrationDirectory {
  readonly dir: string
  /** The `<what>` in `<time stamp>_audit_<what>`. */
  readonly slug: string
  readonly sql: string
  readonly downSql: string
  /** See `migrationTime`. */
  readonly now: Date
  /** Also to be followed, besides the newest directory on disk. */
  readonly newest?: string | undefined
}

/**
 * Writes `<time stamp>_audit_<slug>/` with `migration.sql` and `down.sql`, and gives its path. Call it inside
 * `withMigrationsLock`.
 *
 * The directory is made beside the folder (Prisma takes everything in it for a migration) and renamed into
 * place, so a crash leaves no half-written migration. An existing directory is never touched.
 *
 * @throws MigrationsFolderError where the folder cannot be written.
 */
export async function writeMigrationDirectory(migration: NewMigrationDirectory): Promise<{ path: string }> {
  const { dir, slug, sql, downSql, now } = migration
  const newest = [...listMigrations(dir), ...(migration.newest === undefined ? [] : [migration.newest])]
    .sort((a, b) => a.localeCompare(b))
    .at(-1)
  const path = join(dir, migrationName(slug, now, newest))
  if (existsSync(path)) throw new MigrationsFolderError(`${path} exists already.`)
  const contents = { 'down.sql': downSql, 'migration.sql': sql }
  const draft = join(dirname(dir), `.${basename(dir)}.audit-${randomBytes(6).toString('hex')}`)
  try {
    await fill(draft, contents)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    // The folder alone may be writable, or a file system of its own (a mount): then it is filled in place.
    if (!hasCode(error, 'EXDEV', 'EACCES', 'EPERM', 'EROFS')) throw error
    await fillInPlace(path, contents)
  }
  return { path }
}

async function fillInPlace(path: string, contents: Readonly<Record<string, string>>): Promise<void> {
  try {
    await fill(path, contents)
  } catch (error) {
    await rm(path, { recursive: true, force: true }).catch(() => {})
    if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS')) throw error
    throw new MigrationsFolderError(
      `The migrations folder ${shown(dirname(path))} cannot be written. Give this user write access to it, or run \`prisma generate\` where the migration can be committed.`,
      { cause: error },
    )
  }
}

/** As the user knows it: relative where it lies below the working directory. */
function shown(folder: string): string {
  const path = relative(process.cwd(), folder)
  return path === '' || path.startsWith('..') ? folder : path
}

async function fill(path: string, contents: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(path)
  for (const [name, text] of Object.entries(contents)) {
    const file = await open(join(path, name), 'wx')
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
  }
}
