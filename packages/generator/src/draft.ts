import { bareDraft, isEmptyDraft, terminated } from './migration/draft-text.ts'
import type { MigrationFile } from './migration/migration-file.ts'
import { nameKey } from './model/names.ts'
import type { SourceDatabase } from './model/source-database.ts'
import type { RenderOptions } from './sql/render-migration.ts'
import type { DatabaseState } from './state/database-state.ts'
import { isSchemaStep, type MigrationStep } from './state/migration-step.ts'

/** The last migration of the folder, not applied anywhere yet, into which an audit part goes. */
export interface Draft {
  /** The name of its directory. */
  readonly name: string
  /** Of its migration.sql, as places name it. */
  readonly path: string
  /** Its text without audit part. */
  readonly text: string
  readonly database: SourceDatabase
}

/**
 * @param name the directory's name; it must be the last one
 * @throws Error where it is not
 */
export function openDraft(
  name: string,
  folder: { readonly files: readonly MigrationFile[]; readonly database: SourceDatabase },
): Draft {
  const file = folder.files.at(-1)
  if (file?.name !== name) throw new Error(`${name} is not the last migration of the folder`)
  return { name, path: file.path, text: terminated(bareDraft(file.text)), database: folder.database }
}

/**
 * The steps that belong into the draft: those of the tables that it touches, which its transaction locks anyway. The
 * others would lock live tables besides; they are for a migration of their own. An empty draft takes all.
 *
 * @param recorded tables at rest in it lock nothing live: they make room for the others' names
 */
export function draftSteps(
  draft: Draft,
  steps: readonly MigrationStep[],
  recorded: DatabaseState,
): readonly MigrationStep[] {
  // Every table moves with its schema.
  if (isEmptyDraft(draft.text) || steps.some((step) => step.kind === 'moveSchema')) return steps
  const atRest = recorded.tables.filter(({ capturing }) => !capturing).map(({ source }) => nameKey(source))
  const touched = new Set([...touchedTables(draft), ...atRest])
  const own = steps.filter((step) => {
    if (isSchemaStep(step) || step.source === undefined) return true
    const isTouched = touched.has(nameKey(step.source))
    if (step.kind !== 'renameTable') return isTouched
    // The steps that follow are about the same table, under its new name.
    if (isTouched) touched.add(nameKey(step.to))
    return isTouched || touched.has(nameKey(step.to))
  })
  return own.every(isSchemaStep) ? [] : withoutEarly(own, steps)
}

/** The functions of the waiver go when no table's function calls them any more. */
function withoutEarly(
  own: readonly MigrationStep[],
  all: readonly MigrationStep[],
): readonly MigrationStep[] {
  const isLeft = all.some((step) => step.kind === 'changeWaivable' && !step.waivable && !own.includes(step))
  return isLeft ? own.filter((step) => step.kind !== 'changeWaiver' || step.role !== undefined) : own
}

function touchedTables({ name, database }: Draft): ReadonlySet<string> {
  const changed = database.tables.filter(({ columnChanges }) => columnChanges?.some(isOf(name)))
  const dropped = database.droppedTables.filter(isOf(name))
  return new Set([...(database.last?.touched ?? []), ...changed, ...dropped].map(nameKey))
}

const isOf =
  (name: string) =>
  ({ migration }: { readonly migration: string }): boolean =>
    migration === name

/** How the draft's audit part is rendered: in the transaction of the statements that it has, if it has any. */
export function appendedTo({ text }: Draft): Pick<RenderOptions, 'appended' | 'above'> {
  return { appended: !isEmptyDraft(text), above: isEmptyDraft(text) ? '' : text }
}
