import { nameKey, type QualifiedName } from '../model/names.ts'
import type { Interference, NotInterpreted, SourceDatabase } from '../model/source-database.ts'
import type { AuditTableObject, DatabaseState } from './database-state.ts'
import type { LostTable } from './fold-parts.ts'
import type { PositionOf } from './folder-order.ts'
import { undoes } from './lost-objects.ts'
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
  return interference.kind === 'triggers disabled' && later.some((each) => undoes(each, interference))
}

function concerns(
  { kind, target, trigger }: Interference,
  { schema, names }: AuditTableObject,
  sources: readonly QualifiedName[],
): boolean {
  const own: readonly string[] = Object.values(names)
  switch (kind) {
    case 'triggers disabled':
      return (
        sources.some((source) => nameKey(source) === nameKey(target)) &&
        (trigger === undefined || own.includes(trigger))
      )
    case 'triggers enabled':
      return false
    case 'function dropped':
      return target.schema === schema && own.includes(target.name)
    case 'audit table dropped':
    case 'schema dropped':
      // The fold of the parts knows: they are in no recorded state any more.
      return false
  }
}

/** The name in quotes, or as a word of its own; a string that puts a name together is beyond us. */
function mentions(text: string, name: string): boolean {
  const word = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return (
    text.includes(`"${name.replaceAll('"', '""')}"`) ||
    new RegExp(`(?<![\\p{L}\\p{N}_$"])${word}(?![\\p{L}\\p{N}_$"])`, 'iu').test(text)
  )
}
