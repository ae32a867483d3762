import { nameKey, type QualifiedName } from '../model/names.ts'
import type { SourceDatabase } from '../model/source-database.ts'
import { type DatabaseState, findTable } from './database-state.ts'

export interface KnownNames {
  isTable(name: QualifiedName): boolean
  /** Whether the audit table of this source, or the source itself, has the column. */
  hasColumn(source: QualifiedName, column: string): boolean
}

/** The names that the recorded state knows, with those that the folder ends with. */
export function knownNames(recorded: DatabaseState, { tables }: Pick<SourceDatabase, 'tables'>): KnownNames {
  const sources = new Map(tables.map((table) => [nameKey(table), table]))
  return {
    isTable: (name) => findTable(recorded, name) !== undefined || sources.has(nameKey(name)),
    hasColumn: (source, column) =>
      [findTable(recorded, source), sources.get(nameKey(source))].some((table) =>
        table?.columns.some(({ name }) => name === column),
      ),
  }
}
