import { join, relative } from 'node:path'
import { nameKey } from '../model/names.ts'
import { renderRenameColumn } from '../sql/rename-source-column.ts'
import type { DraftDirectory, DraftOutcome } from './complete-draft.ts'
import type { PrismaRun } from './run-prisma.ts'

export interface LossyRename {
  readonly column: string
  readonly to: string
  /** What renames the column and keeps its values. */
  readonly sql: string
}

/** Columns that the schema declares as renamed, and that Prisma's statements drop and add. */
export function findLossyRenames({ migration, folder }: DraftOutcome, draft: string): readonly LossyRename[] {
  return (migration?.plan.steps ?? []).flatMap((step) => {
    if (step.kind !== 'renameColumn') return []
    const table = folder.database.tables.find((each) => nameKey(each) === nameKey(step.source))
    const isDropped = table?.columnChanges?.some(
      (change) => change.migration === draft && change.kind === 'dropped' && change.column === step.column,
    )
    if (!isDropped) return []
    return [{ column: step.column, to: step.to, sql: renderRenameColumn(step.source, step.column, step.to) }]
  })
}

export function adviseLossyRenames(renames: readonly LossyRename[], path: string): string {
  const each = renames.map(
    ({ column, to, sql }) =>
      `  "${column}" is declared as renamed to "${to}", but Prisma drops the one and adds the other: every row would lose its value.
  Put this in place of those two statements, which keeps the values:
    ${sql}`,
  )
  return `audit: ${path} is not applied:
${each.join('\n')}
  Next: edit the file, then npx prisma-generator-audit migrate dev. To apply it as it is: npx prisma migrate dev`
}

/** A draft that others may have applied is not written to, though its audit part does not fit it any more. */
export function adviseTracked({ dir, name }: DraftDirectory, cwd: string): string {
  const path = relative(cwd, join(dir, name, 'migration.sql'))
  return `audit: the statements of ${path} were edited after its audit part had been made for them. It is in version control, so it is left alone.
  Next: if nobody has applied it, git rm --cached ${path}, then npx prisma-generator-audit migrate dev;
        otherwise put its statements back as they were, and make another migration`
}

/** Says on stderr what to do about a draft that Prisma did not apply. */
export function adviseAfterFailure(
  { stderr, isInterrupted }: PrismaRun,
  draft: DraftDirectory,
  cwd: string,
): void {
  const directory = relative(cwd, join(draft.dir, draft.name))
  const [, failed = draft.name] = /^Migration name: (\S+)/m.exec(stderr) ?? []
  const again = 'npx prisma-generator-audit migrate dev'
  if (isInterrupted) {
    console.error(`audit: ${directory} is complete and may not be applied yet.
  Next: npx prisma migrate dev, which applies it`)
    // A failed replay on the shadow database names both.
  } else if (/\bP3018\b/.test(stderr) && !/\bP3006\b/.test(stderr)) {
    console.error(`audit: ${failed} failed on your database. PostgreSQL took it back, up to its last COMMIT if it holds one.
  Next: npx prisma migrate resolve --rolled-back ${failed}
        then correct ${join(directory, 'migration.sql')}, or remove ${directory} and change the schema
        then ${again}`)
  } else {
    console.error(`audit: ${directory} is complete but not applied; your database is as it was.
  Next: correct ${join(directory, 'migration.sql')} and run ${again},
        or remove ${directory} and start again`)
  }
}
