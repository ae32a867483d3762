import { nameKey, type QualifiedName } from '../model/names.ts'
import type { SourceTable } from '../model/source-database.ts'
import type { DatabaseState } from './database-state.ts'
import type { PositionOf } from './folder-order.ts'
import type { LostObject } from './lost-objects.ts'
import type { MigrationStep } from './migration-step.ts'
import { ownNames } from './own-names.ts'
import type { TableHistories } from './table-history.ts'

export interface FoldedFolder {
  readonly positionOf: PositionOf
  readonly tables: readonly SourceTable[]
  readonly histories: TableHistories
  readonly lost: readonly LostObject[]
  /** See `RenamedTables`. */
  readonly replaced: ReadonlyMap<string, QualifiedName | undefined>
}

/**
 * Audited tables that lost triggers after these were made, and would be written in silence: dropped or renamed, and
 * created anew, or by a `DROP TRIGGER`, which a migration that retypes a column of the key needs. What the part's own file
 * does comes before the part.
 *
 * @param from the recorded state, under today's names: only what it captures can have been lost
 * @param to the state that is wanted and can be reached
 */
export function recreatedTables(
  from: DatabaseState,
  to: DatabaseState,
  { positionOf, tables, histories, lost, replaced }: FoldedFolder,
): readonly QualifiedName[] {
  const created = new Map(tables.map((table) => [nameKey(table), table]))
  const wanted = new Set(to.tables.filter(({ capturing }) => capturing).map(({ source }) => nameKey(source)))
  return from.tables
    .filter((recorded) => {
      const { capturing, source, names } = recorded
      const key = nameKey(source)
      const history = histories.get(key)
      if (!capturing || !wanted.has(key) || history === undefined) return false
      if (replaced.has(key)) return true
      const table = created.get(key)
      const sources = [source, ...(table?.formerNames ?? [])]
      const own = new Set(ownNames(recorded))
      const losses = lost.filter(
        (object) =>
          (object.name === undefined || own.has(object.name)) &&
          (object.table === undefined || sources.some((each) => isMeant(object, each))),
      )
      const isLost = ({ name, file }: LostObject) =>
        positionOf(file) > positionOf(name === names.keyTrigger ? history.keyed : history.attached)
      const isNew = table !== undefined && positionOf(table.place.file) > positionOf(history.attached)
      return isNew || losses.some(isLost)
    })
    .map(({ source }) => source)
}

function isMeant({ schema, table }: LostObject, source: QualifiedName): boolean {
  return table === source.name && (schema ?? source.schema) === source.schema
}

/**
 * The steps that put the triggers on again, for the tables that do not wait for Prisma.
 *
 * @param waits by `nameKey`: what has to wait, and whose history waits to follow its table
 */
export function resumeSteps(
  recreated: readonly QualifiedName[],
  waits: ReadonlySet<string>,
): readonly MigrationStep[] {
  return recreated
    .filter((source) => !waits.has(nameKey(source)))
    .map(({ schema, name }) => ({ kind: 'resumeTable' as const, source: { schema, name } }))
}
