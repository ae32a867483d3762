import type { Draft } from './draft.ts'
import { nameKey, type QualifiedName } from './model/names.ts'
import type { SourcePlace } from './model/place.ts'
import type { FormerName, SourceDatabase, SourceTable } from './model/source-database.ts'
import type { AuditTableObject } from './state/database-state.ts'
import { sourceColumn } from './state/source-column.ts'

export type DraftPlace = SourcePlace | 'start' | 'end'

/** The one stands before the other. */
export function stands(one: SourcePlace, other: SourcePlace): boolean {
  return one.line === other.line ? one.column < other.column : one.line < other.line
}

/** The table whose history the audit table holds, under whatever name the folder leaves it. */
export function sourceOf({ tables }: SourceDatabase, { source }: AuditTableObject): SourceTable | undefined {
  const key = nameKey(source)
  return tables.find(
    (each) => nameKey(each) === key || each.formerNames?.some((former) => nameKey(former) === key),
  )
}

/**
 * The table with its columns as its source calls them at a place of the draft: statements above may have renamed or dropped
 * them.
 */
export function calledAt(draft: Draft, table: AuditTableObject, place: DraftPlace): AuditTableObject {
  if (place === 'start') return table
  const isAbove = (each: SourcePlace) => place === 'end' || stands(each, place)
  const { names, dropped } = columnsAt(draft, table, isAbove)
  return {
    ...table,
    source: nameAt(draft, table, isAbove),
    columns: table.columns.flatMap((column) => {
      if (column.retired) return [column]
      if (dropped.has(column.name)) return []
      const sourceName = names.get(column.name) ?? sourceColumn(column)
      return [sourceName === sourceColumn(column) ? column : { ...column, sourceName }]
    }),
  }
}

function nameAt(
  { path, database }: Draft,
  { source }: AuditTableObject,
  isAbove: (place: SourcePlace) => boolean,
): QualifiedName {
  const key = nameKey(source)
  const ofDraft = (formerNames: readonly FormerName[] = []) =>
    formerNames.filter(({ until }) => until === path)
  const now = database.tables.find(({ formerNames }) =>
    ofDraft(formerNames).some((former) => nameKey(former) === key),
  )
  if (now === undefined) return source
  const own = ofDraft(now.formerNames)
  const start = own.findIndex((former) => nameKey(former) === key)
  const then = own.slice(start).find((former) => !isAbove(former.place)) ?? now
  return { schema: then.schema, name: then.name }
}

/** By the recorded name of a column: its last name, and whether it is gone. */
function columnsAt(
  { name: migration, database }: Draft,
  table: AuditTableObject,
  isAbove: (place: SourcePlace) => boolean,
): { readonly names: ReadonlyMap<string, string>; readonly dropped: ReadonlySet<string> } {
  const live = table.columns.filter(({ retired }) => !retired)
  const names = new Map(live.map((column) => [column.name, sourceColumn(column)]))
  const dropped = new Set<string>()
  for (const change of sourceOf(database, table)?.columnChanges ?? []) {
    if (change.migration !== migration || !isAbove(change.place)) continue
    const found = live.find(({ name }) => !dropped.has(name) && names.get(name) === change.column)
    if (found === undefined) continue
    if (change.kind === 'dropped') dropped.add(found.name)
    if (change.kind === 'renamed') names.set(found.name, change.to ?? change.column)
  }
  return { names, dropped }
}
