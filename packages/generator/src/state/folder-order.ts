import { nameKey, type QualifiedName } from '../model/names.ts'
import type { FormerName, SourceTable } from '../model/source-database.ts'

/** Where a migration stands in the folder, by its directory's name or its file's path; -1 for none of them. */
export type PositionOf = (migration: string) => number

export function folderOrder(files: readonly { readonly name: string; readonly path: string }[]): PositionOf {
  const positions = new Map(files.flatMap(({ name, path }, index) => [[name, index] as const, [path, index]]))
  return (migration) => positions.get(migration) ?? -1
}

/** What a name of an earlier migration is called now; nothing is left of it where the result is undefined. */
export interface SourceNames {
  /** @param known the position of the migration that used the name */
  tableNow(source: QualifiedName, known: number): SourceTable | undefined
  columnNow(table: SourceTable, column: string, known: number): string | undefined
}

/** Follows the renames that the folder's migrations make. Those of the part's own file come before the part. */
export function sourceNames(tables: readonly SourceTable[], positionOf: PositionOf): SourceNames {
  const byName = new Map(tables.map((table) => [nameKey(table), table]))
  const renamed = tables.filter(({ formerNames }) => formerNames !== undefined)
  const nameAt = (table: SourceTable, position: number): QualifiedName | FormerName =>
    table.formerNames?.find(({ until }) => positionOf(until) > position) ?? table
  const isIt = (table: SourceTable | undefined, key: string, known: number) =>
    table !== undefined && positionOf(table.place.file) <= known && nameKey(nameAt(table, known)) === key
  return {
    tableNow(source, known) {
      const key = nameKey(source)
      const same = byName.get(key)
      return isIt(same, key, known) ? same : renamed.find((table) => isIt(table, key, known))
    },
    columnNow({ columnChanges = [] }, column, known) {
      let current = column
      for (const change of columnChanges) {
        if (change.column !== current || positionOf(change.migration) <= known) continue
        if (change.kind === 'dropped') return undefined
        current = change.to ?? current
      }
      return current
    },
  }
}
