import { join, relative } from 'node:path'
import { type Compilation, compile, type NextMigration } from '../compile.ts'
import { hasErrors } from '../diagnostics.ts'
import { readDraft, writeDraft } from '../migration/append-to-draft.ts'
import { bareDraft, isEmptyDraft } from '../migration/draft-text.ts'
import type { MigrationsFolder } from '../migration/migration-file.ts'
import { withMigrationsLock } from '../migration/migrations-lock.ts'
import { standsAlone } from '../migration/repeatable.ts'
import type { SourceFile } from '../model/place.ts'
import type { Project } from '../project.ts'

/** A migration directory that nobody has applied, so that it may be written to. */
export interface DraftDirectory {
  /** The migrations folder, absolute. */
  readonly dir: string
  readonly name: string
}

export interface DraftOutcome {
  readonly kind: 'completed' | 'nothing to add' | 'errors'
  /** As a person knows it: of migration.sql, relative to the working directory. */
  readonly path: string
  /** Prisma's part holds no statement. */
  readonly isEmpty: boolean
  readonly compilation: Compilation
  readonly migration: NextMigration | undefined
  readonly folder: MigrationsFolder
  /** For the frames of diagnostics. */
  readonly files: readonly SourceFile[]
}

/**
 * Puts into a draft what the audit needs there, in place of what an earlier run put there. A draft that cannot be
 * completed, because something in it is an error, stays without.
 *
 * @throws MigrationsFolderError where it cannot be read or written
 */
export async function completeDraft(
  project: Project,
  { dir, name }: DraftDirectory,
  cwd: string,
): Promise<DraftOutcome> {
  const directory = join(dir, name)
  return withMigrationsLock(dir, async () => {
    const text = await readDraft(directory)
    const bare = bareDraft(text)
    if (bare !== text) await writeDraft(directory, text, { file: bare, downSql: undefined })
    const folder = await project.readFolder()
    if (folder === undefined) throw new Error(`${dir} vanished`)
    // What its audit needs goes into a migration of its own.
    const isAlone = await standsAlone(bare)
    const compilation = compile({ ...project.input, folder, draft: isAlone ? undefined : name })
    const { diagnostics } = compilation
    const migration = isAlone ? undefined : compilation.migration
    if (migration !== undefined) {
      const { file, downSql } = migration
      await writeDraft(directory, bare, { file, downSql: downSql === '' ? undefined : downSql })
    }
    const kind = hasErrors(diagnostics)
      ? ('errors' as const)
      : migration === undefined
        ? ('nothing to add' as const)
        : ('completed' as const)
    return {
      kind,
      path: relative(cwd, join(directory, 'migration.sql')),
      isEmpty: isEmptyDraft(bare),
      compilation,
      migration,
      folder,
      files: [...project.schemaFiles, ...folder.files],
    }
  })
}
