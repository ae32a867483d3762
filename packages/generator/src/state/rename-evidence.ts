import { isJoinTable } from '../model/audit-model.ts'
import { nameKey, type QualifiedName } from '../model/names.ts'
import type { DatabaseState } from './database-state.ts'
import { sourceNames } from './folder-order.ts'
import type { ColumnRenamings } from './rename-columns.ts'
import type { SourceRenamings } from './rename-tables.ts'
import type { RenamesInput } from './renames.ts'
import { sourceColumn } from './source-column.ts'
import type { TableHistory } from './table-history.ts'

/** What the folder and the schema say about former names. */
export interface RenameEvidence {
  /** @param waits by `nameKey`: tables that have to wait */
  ofTables(desired: DatabaseState, waits: ReadonlySet<string>): SourceRenamings
  /**
   * @param source as the table is called now
   * @param history of the table that it was when it was recorded
   * @param isOther another table had the name then
   */
  ofColumns(source: QualifiedName, history: TableHistory | undefined, isOther: boolean): ColumnRenamings
}

export function renameEvidence(input: Omit<RenamesInput, 'recorded' | 'desired'>): RenameEvidence {
  const { histories, model, database, declared, positionOf } = input
  const names = sourceNames(database.tables, positionOf)
  const tables = new Map(database.tables.map((table) => [nameKey(table), table]))
  const audited = new Map(model.tables.map((table) => [nameKey(table.source), table]))
  const declaredKeys = new Set(declared.map(nameKey))
  const renamedFrom = new Map(
    [...audited].flatMap(([key, { renamedFrom: former }]) => (former ? [[key, former] as const] : [])),
  )
  return {
    ofTables(desired, waits) {
      const isReady = (source: QualifiedName) => !waits.has(nameKey(source))
      const known = (source: QualifiedName) => positionOf(histories.get(nameKey(source))?.named ?? '')
      return {
        tableNow: ({ source }) => names.tableNow(source, known(source)),
        isThere: (name) => tables.has(nameKey(name)),
        wanted: desired.tables.filter(({ source }) => isReady(source) && tables.has(nameKey(source))),
        declared: declared.filter(isReady),
        isReplaced({ source }, now) {
          const [name, other] = [nameKey(source), nameKey(now)]
          // A model of its own that is not audited asks for no history either; one that is takes it along.
          const isAsked = declaredKeys.has(other) ? audited.has(name) : declaredKeys.has(name)
          return tables.has(name) && isAsked && !audited.has(other)
        },
        renamedFrom,
      }
    },
    ofColumns(source, history, isOther) {
      const table = tables.get(nameKey(source))
      const present = new Set(table?.columns.map(({ name }) => name))
      // A table that was dropped and created anew knows nothing of what its columns were called before.
      const isSame =
        table !== undefined && !isOther && positionOf(table.place.file) <= positionOf(history?.attached ?? '')
      const model = audited.get(nameKey(source))
      const repointed = model !== undefined && isJoinTable(model) ? (table?.repointed ?? []) : []
      return {
        isSameTable: isSame,
        columnNow(column) {
          const known = positionOf(history?.columns.get(column.name) ?? '')
          const now = isSame ? names.columnNow(table, sourceColumn(column), known) : sourceColumn(column)
          // `A` that holds the keys of other rows by now is another column.
          const isAnother = repointed.some(
            (each) => each.column === now && positionOf(each.migration) > known,
          )
          return now !== undefined && present.has(now) && !isAnother ? now : undefined
        },
        renamedFrom: new Map(
          (model?.columns ?? []).flatMap(({ name, renamedFrom: former }) =>
            former === undefined ? [] : [[name, former] as const],
          ),
        ),
      }
    },
  }
}
