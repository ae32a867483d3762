import { nameKey, type QualifiedName } from '../model/names.ts'
import type { Interference, NotInterpreted, SourceDatabase } from '../model/source-database.ts'
import type { AuditTableObject, DatabaseState } from './database-state.ts'
import type { LostTable } from './fold-parts.ts'
import type { PositionOf } from './folder-order.ts'
import { undoes } from './lost-objects.ts'
import { ownNames } from './own-names.ts'
import type { TableHistories } from './table-history.ts'

/** What a migration did to the audit's own objects, or may have done to an audited table, since these were emitted. */
export type Finding =
  | { readonly interference: Interference; readonly source: QualifiedName; readonly isUndone: boolean }
  | { readonly notInterpreted: NotInterpreted; readonly source: QualifiedName }

/** A later audit part of the same table settles what came before it: its author has seen it, or it is repaired. */
export function findInterferences(
  recorded: {
    readonly state: DatabaseState
    readonly histories: TableHistories
    readonly lost: readonly LostTable[]
  },
  database: SourceDatabase,
  positionOf: PositionOf,
): readonly Finding[] {
  const { interferences, notInterpreted, tables } = database
  const sources = new Map(tables.map((table) => [nameKey(table), table]))
  const live = [...recorded.state.tables, ...recorded.lost.map(({ table }) => table)].filter(
    ({ capturing }) => capturing,
  )
  const lost = recorded.lost.map(({ interference, table }) => ({
    interference,
    source: table.source,
    isUndone: false,
  }))
  const findings = live.flatMap((table): Finding[] => {
    const { source } = table
    const known = positionOf(recorded.histories.get(nameKey(source))?.emitted ?? '')
    const isLater = ({ migration }: { readonly migration: string }) => positionOf(migration) > known
    const names = [source, ...(sources.get(nameKey(source))?.formerNames ?? [])]
    return [
      ...interferences.flatMap((each, index) =>
        isLater(each) && concerns(each, table, names)
          ? [{ interference: each, source, isUndone: isUndone(each, interferences.slice(index)) }]
          : [],
      ),
      ...notInterpreted.flatMap((each) =>
        isLater(each) && names.some(({ name }) => mentions(each.text ?? '', name))
          ? [{ notInterpreted: each, source }]
          : [],
      ),
    ]
  })
  return [...lost, ...findings]
}

function isUndone(interference: Interference, later: readonly Interference[]): boolean {
  const { kind, target, trigger, column, to, isLocal } = interference
  const isSameTable = (each: Interference) => nameKey(each.target) === nameKey(target)
  switch (kind) {
    case 'triggers disabled':
      return later.some((each) => undoes(each, interference))
    case 'triggers silenced':
      return isLocal === true || later.some((each) => each.kind === 'triggers heard')
    case 'trigger renamed':
      return later.some(
        (each) => each.kind === kind && isSameTable(each) && each.trigger === to && each.to === trigger,
      )
    case 'audit column renamed':
      return later.some(
        (each) => each.kind === kind && isSameTable(each) && each.column === to && each.to === column,
      )
    case 'audit column dropped':
      return later.some(
        (each) => each.kind === 'audit column added' && isSameTable(each) && each.column === column,
      )
    case 'function renamed':
    case 'audit table renamed':
    case 'schema renamed':
      return later.some((each) => each.kind === kind && each.target.name === to && each.to === target.name)
    default:
      return false
  }
}

function concerns(
  { kind, target, trigger, column }: Interference,
  table: AuditTableObject,
  sources: readonly QualifiedName[],
): boolean {
  const own = ownNames(table)
  const isOwn = target.schema === table.schema && own.includes(target.name)
  switch (kind) {
    case 'triggers disabled':
    case 'trigger renamed':
      return (
        sources.some((source) => nameKey(source) === nameKey(target)) &&
        (trigger === undefined || own.includes(trigger))
      )
    case 'triggers silenced':
      return true
    case 'function dropped':
    case 'function changed':
    case 'function renamed':
    case 'audit table renamed':
      return isOwn
    case 'audit column dropped':
    case 'audit column renamed':
      return isOwn && column !== undefined && isWritten(table, column)
    case 'schema renamed':
      return target.name === table.schema
    case 'triggers enabled':
    case 'triggers heard':
    case 'audit column added':
      return false
    case 'audit table dropped':
    case 'schema dropped':
      // The fold of the parts knows: they are in no recorded state any more.
      return false
  }
}

/** Nothing writes a retired column, or one that is the application's own. */
function isWritten({ columns, settings }: AuditTableObject, column: string): boolean {
  return (
    columns.some(({ name, retired }) => name === column && !retired) ||
    settings.some((setting) => setting.column === column && !setting.retired) ||
    // Those that every audit table has; an application's own column of such a name is said once too often.
    column.startsWith('audit_')
  )
}

/** The name in quotes, or as a word of its own; a string that puts a name together is beyond us. */
export function mentions(text: string, name: string): boolean {
  const word = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return (
    text.includes(`"${name.replaceAll('"', '""')}"`) ||
    new RegExp(`(?<![\\p{L}\\p{N}_$"])${word}(?![\\p{L}\\p{N}_$"])`, 'iu').test(text)
  )
}
