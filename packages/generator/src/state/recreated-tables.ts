import { nameKey, type QualifiedName } from '../model/names.ts'
import type { SourceTable } from '../model/source-database.ts'
import type { DatabaseState } from './database-state.ts'
import type { MigrationStep, UnsupportedStep } from './migration-step.ts'

export interface FoldedFolder {
  /** The migrations in Prisma's order. */
  readonly files: readonly { readonly name: string; readonly path: string }[]
  readonly tables: readonly SourceTable[]
  /** By `nameKey` of the source: the migration that put the triggers on it last. */
  readonly attached: ReadonlyMap<string, string>
  readonly dropped: readonly {
    readonly trigger: string
    readonly schema: string | undefined
    readonly table: string
    readonly file: string
  }[]
}

/**
 * Audited tables that lost triggers after these were made, and would be written in silence: dropped and created
 * anew, or by a `DROP TRIGGER`, which a migration that retypes a column of the key needs. What the part's own file
 * does comes before the part.
 *
 * @param from the recorded state: only what it captures can have been lost
 * @param to the state that is wanted and can be reached
 */
export function recreatedTables(
  from: DatabaseState,
  to: DatabaseState,
  { files, tables, attached, dropped }: FoldedFolder,
): readonly QualifiedName[] {
  const positions = new Map(files.flatMap(({ name, path }, index) => [[name, index] as const, [path, index]]))
  const created = new Map(tables.map((table) => [nameKey(table), positions.get(table.place.file)]))
  const wanted = new Set(to.tables.filter(({ capturing }) => capturing).map(({ source }) => nameKey(source)))
  return from.tables
    .filter(({ capturing, source, names }) => {
      const key = nameKey(source)
      const audited = positions.get(attached.get(key) ?? '')
      if (!capturing || !wanted.has(key) || audited === undefined) return false
      const own = new Set(Object.values(names))
      const lost = dropped.filter(
        ({ trigger, schema, table }) =>
          own.has(trigger) && table === source.name && (schema ?? source.schema) === source.schema,
      )
      return [created.get(key), ...lost.map(({ file }) => positions.get(file))].some(
        (position) => position !== undefined && position > audited,
      )
    })
    .map(({ source }) => source)
}

/** The steps that put the triggers on again, for the tables that do not wait for Prisma. */
export function resumeSteps(
  recreated: readonly QualifiedName[],
  waiting: readonly QualifiedName[],
): readonly MigrationStep[] {
  const waits = new Set(waiting.map(nameKey))
  return recreated
    .filter((source) => !waits.has(nameKey(source)))
    .map(({ schema, name }) => ({ kind: 'resumeTable' as const, source: { schema, name } }))
}

/**
 * Audited tables that were renamed or moved under their triggers: these go on writing the old history, and dropping
 * their functions would fail (2BP01). Until there is a step for it, nothing is written.
 */
export function renamedSteps(
  from: DatabaseState,
  { files, tables, attached }: Omit<FoldedFolder, 'dropped'>,
): readonly UnsupportedStep[] {
  const positions = new Map(files.flatMap(({ name, path }, index) => [[name, index] as const, [path, index]]))
  const present = new Set(tables.map(nameKey))
  return from.tables
    .filter(({ capturing, source }) => capturing && !present.has(nameKey(source)))
    .flatMap(({ source, names }): UnsupportedStep[] => {
      const key = nameKey(source)
      const audited = positions.get(attached.get(key) ?? '') ?? -1
      const now = tables.find((table) =>
        table.formerNames?.some(
          (name) => nameKey(name) === key && (positions.get(name.until) ?? -1) > audited,
        ),
      )
      if (now === undefined) return []
      const detail = `the table is now "${now.schema}"."${now.name}", and its triggers go on writing "${names.table}"`
      return [{ kind: 'unsupported', source, change: 'moved table', detail }]
    })
}
