import { nameKey, type QualifiedName } from '../model/names.ts'
import type { SourceTable } from '../model/source-database.ts'
import { type DatabaseState, findTable } from './database-state.ts'
import type { MigrationStep } from './migration-step.ts'
import { sourceColumn } from './source-column.ts'

/**
 * What comes of a `renamedFrom`: it is followed by these steps, or can be yet; its name is `unknown`, because it was
 * followed before or was never true; or both names have histories of their own, which are kept `apart`.
 */
export type RenamedFromEffect = 'followed' | 'possible' | 'unknown' | 'apart'

export interface RenamedFromEffects {
  ofTable(source: QualifiedName, from: QualifiedName): RenamedFromEffect
  ofColumn(source: QualifiedName, column: string, from: string): RenamedFromEffect
}

export function renamedFromEffects(
  recorded: DatabaseState,
  steps: readonly MigrationStep[],
  tables: readonly SourceTable[],
): RenamedFromEffects {
  const there = new Map(tables.map((table) => [nameKey(table), table]))
  const arrives = (source: QualifiedName) =>
    steps.some((step) => step.kind === 'renameTable' && nameKey(step.to) === nameKey(source))
  return {
    ofTable(source, from) {
      if (arrives(source)) return 'followed'
      if (there.has(nameKey(from))) return 'possible'
      if (findTable(recorded, from) === undefined) return 'unknown'
      return findTable(recorded, source) === undefined ? 'possible' : 'apart'
    },
    ofColumn(source, column, from) {
      const table = there.get(nameKey(source))
      const own = findTable(recorded, source)
      const isFollowed = steps.some(
        (step) =>
          step.kind === 'renameColumn' && step.to === column && nameKey(step.source) === nameKey(source),
      )
      if (arrives(source) || isFollowed) return 'followed'
      if (table === undefined || table.columns.some(({ name }) => name === from)) return 'possible'
      if (!own?.columns.some((each) => each.name === from || sourceColumn(each) === from)) return 'unknown'
      return own.columns.some(({ name, retired }) => name === column && !retired) ? 'apart' : 'possible'
    },
  }
}
