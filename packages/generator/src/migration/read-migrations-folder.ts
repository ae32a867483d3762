import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { findCacheDirectory } from './cache-directory.ts'
import { condenseFile } from './condense-file.ts'
import { type CondensedMigration, type FoldedDatabase, foldCondensed } from './fold-migrations.ts'
import type { FoldOptions, MigrationFile, MigrationsFolder } from './migration-file.ts'
import { hasCode, MigrationsFolderError } from './migrations-folder-error.ts'
import { openParseCache } from './parse-cache.ts'
import { loadSqlParser, type SqlParser } from './sql-parser.ts'

export interface ReadOptions extends FoldOptions {
  /** `false`: none. Default: the project's `node_modules/.cache`, else the user's cache directory. */
  readonly cacheDir?: string | false
  /** The directory that paths in messages are relative to. Default: the working directory. */
  readonly cwd?: string
}

/**
 * Reads and folds a migrations folder. Only files that are not in the cache are parsed; where all are, the
 * parser is not even loaded.
 *
 * @throws MigrationsFolderError where the folder or a file in it cannot be read, or a migration has no SQL.
 */
export async function readMigrationsFolder(
  dir: string,
  options: ReadOptions = {},
): Promise<MigrationsFolder & { readonly database: FoldedDatabase }> {
  const files = readMigrationFiles(dir, options.cwd ?? process.cwd())
  const cacheDir = options.cacheDir ?? findCacheDirectory(dir, process.env)
  const cache = openParseCache(dir, cacheDir === false ? undefined : cacheDir)
  let parser: SqlParser | undefined
  const condensed: CondensedMigration[] = []
  for (const { name, path, text } of files) {
    let found = cache.get(text)
    if (!found) {
      parser ??= await loadSqlParser()
      found = condenseFile(text, parser)
      cache.put(text, found)
    }
    condensed.push({ name, path, condensed: found })
  }
  cache.save()
  return { dir, files, database: foldCondensed(condensed, options) }
}

/** The files, in Prisma's order. Like Prisma, every directory counts as a migration, hidden ones too. */
function readMigrationFiles(dir: string, cwd: string): MigrationFile[] {
  return listMigrations(dir, cwd).map((name) => {
    const path = join(dir, name, 'migration.sql')
    const shown = relative(cwd, path) || path
    const text = readMigration(path, shown)
    const isMarked = text.startsWith('\uFEFF')
    return {
      name,
      path: shown,
      text: isMarked ? text.slice(1) : text,
      ...(isMarked ? { hasByteOrderMark: true } : {}),
    }
  })
}

/**
 * Names of the migration directories, sorted as Prisma's command line sorts them (`localeCompare`).
 *
 * @throws MigrationsFolderError where `dir` cannot be read.
 */
export function listMigrations(dir: string, cwd: string = process.cwd()): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort((a, b) => a.localeCompare(b))
  } catch (error) {
    const shown = relative(cwd, dir) || dir
    if (hasCode(error, 'ENOENT')) {
      throw new MigrationsFolderError(`The migrations folder ${shown} does not exist.`, { cause: error })
    }
    if (hasCode(error, 'ENOTDIR')) {
      throw new MigrationsFolderError(
        `The migrations folder ${shown} is a file. Set the generator's option "migrations" to the folder.`,
        { cause: error },
      )
    }
    if (hasCode(error, 'EACCES', 'EPERM')) {
      throw new MigrationsFolderError(
        `The migrations folder ${shown} cannot be read: permission denied. Give this user read access to it.`,
        { cause: error },
      )
    }
    throw error
  }
}

function readMigration(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EISDIR', 'ENOTDIR')) {
      throw new MigrationsFolderError(
        `${shown} is missing. Prisma stops there too (P3015): restore the file, or remove its directory if the migration was never applied.`,
        { cause: error },
      )
    }
    if (hasCode(error, 'EACCES', 'EPERM')) {
      throw new MigrationsFolderError(
        `${shown} cannot be read: permission denied. Give this user read access to it.`,
        { cause: error },
      )
    }
    throw error
  }
}
