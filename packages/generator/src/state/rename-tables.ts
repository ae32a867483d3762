import { nameKey, type QualifiedName } from '../model/names.ts'
import type { SourceTable } from '../model/source-database.ts'
import { type AuditTableObject, compareSources, type DatabaseState, findTable } from './database-state.ts'
import { freeName } from './free-name.ts'
import type { MigrationStep } from './migration-step.ts'
import { orderRenamings } from './rename-order.ts'

export interface SourceRenamings {
  /** The folder's table that a recorded one is today; undefined: it was dropped. */
  readonly tableNow: (table: AuditTableObject) => SourceTable | undefined
  /** Whether the folder has a table of this name, whatever its past. */
  readonly isThere: (name: QualifiedName) => boolean
  /** What the schema wants of the tables that can be brought about now. */
  readonly wanted: readonly AuditTableObject[]
  /** The tables that the schema still has, audited or not, without those that have to wait. */
  readonly declared: readonly QualifiedName[]
  /** Whether another table has taken the place of a renamed one, which is called `now`. */
  readonly isReplaced: (table: AuditTableObject, now: QualifiedName) => boolean
  /** By the `nameKey` of the new table: what it was called, as the schema says. */
  readonly renamedFrom: ReadonlyMap<string, QualifiedName>
}

export interface RenamedTables {
  readonly steps: readonly MigrationStep[]
  /** By `nameKey` of the recorded source: what it is called now, where the audit does not follow yet. */
  readonly left: ReadonlyMap<string, QualifiedName>
  /**
   * By `nameKey` of the recorded source: what the table that had this name is called now, where another one stands under
   * it and goes on with the history; undefined where the former one is gone.
   */
  readonly replaced: ReadonlyMap<string, QualifiedName | undefined>
}

/**
 * The steps by which audit tables follow their source tables: those that were renamed or moved, and those whose history
 * another table goes on with, because the schema says so or because both have one audit table by name. An audit table
 * whose source is gone makes room for the one that takes its name. Where a table was renamed away and another one was
 * made under its name, the history stays with the model, that is, with the name.
 */
export function renameTables(recorded: DatabaseState, renamings: SourceRenamings): RenamedTables {
  const { tableNow, isThere, wanted, declared, isReplaced, renamedFrom } = renamings
  const now = new Map(recorded.tables.map((table) => [table, tableNow(table)]))
  const wantedKeys = new Set(wanted.map(({ source }) => nameKey(source)))
  const declaredKeys = new Set(declared.map(nameKey))
  const going = new Map<AuditTableObject, QualifiedName>()
  const left = new Map<string, QualifiedName>()
  const replaced = new Map<string, QualifiedName | undefined>()
  // An audited table that took a name brings a history of its own, also where it waits.
  const brought = new Set(
    [...now].flatMap(([table, source]) => (table.capturing && source ? nameKey(source) : [])),
  )
  for (const [table, source] of now) {
    const key = nameKey(table.source)
    const mayStay = table.capturing && !brought.has(key)
    if (source === undefined) {
      if (mayStay && isThere(table.source)) replaced.set(key, undefined)
      continue
    }
    if (nameKey(source) === key) continue
    const to = { schema: source.schema, name: source.name }
    if (mayStay && isReplaced(table, to)) replaced.set(key, to)
    else if ((table.capturing ? declaredKeys : wantedKeys).has(nameKey(source))) going.set(table, to)
    else if (table.capturing) left.set(key, to)
  }
  const arriving = new Set([...going.values()].map(nameKey))
  for (const { source, names } of wanted) {
    const own = findTable(recorded, source)
    if (arriving.has(nameKey(source)) || (own !== undefined && !going.has(own))) continue
    const former = renamedFrom.get(nameKey(source))
    const named = former === undefined ? undefined : findTable(recorded, former)
    const isFree = (table: AuditTableObject) => now.get(table) === undefined && !going.has(table)
    if (named !== undefined && isFree(named)) {
      going.set(named, source)
      continue
    }
    const owner = recorded.tables.find(
      (table) =>
        table.names.table === names.table && !going.has(table) && !wantedKeys.has(nameKey(table.source)),
    )
    if (owner !== undefined && isFree(owner) && !isThere(owner.source)) going.set(owner, source)
  }
  // Whoever has the name has to leave first.
  for (let blocked = true; blocked; ) {
    blocked = false
    for (const [table, target] of going) {
      if (!left.has(nameKey(target)) || nameKey(target) === nameKey(table.source)) continue
      going.delete(table)
      if (table.capturing) left.set(nameKey(table.source), target)
      blocked = true
    }
  }
  return { steps: stepsOf(recorded, going, wanted), left, replaced }
}

function stepsOf(
  recorded: DatabaseState,
  going: ReadonlyMap<AuditTableObject, QualifiedName>,
  wanted: readonly AuditTableObject[],
): readonly MigrationStep[] {
  const taken = new Set([...recorded.tables, ...wanted].map(({ source }) => source.name))
  for (const { name } of going.values()) taken.add(name)
  const aside = ({ schema, name }: QualifiedName): QualifiedName => {
    const free = freeName(name, taken)
    taken.add(free)
    return { schema, name: free }
  }
  const all = new Map(going)
  const retired: MigrationStep[] = []
  for (const target of going.values()) {
    const occupant = findTable(recorded, target)
    if (occupant === undefined || going.has(occupant)) continue
    if (occupant.capturing) retired.push({ kind: 'retireTable', source: occupant.source })
    all.set(occupant, aside(target))
  }
  const renamings = [...all]
    .sort(([a], [b]) => compareSources(a.source, b.source))
    .map(([table, to]) => ({ item: { table, to }, from: [nameKey(table.source)], to: [nameKey(to)] }))
  const current = new Map<AuditTableObject, QualifiedName>()
  const renamed = orderRenamings(renamings).map(({ kind, item: { table, to } }): MigrationStep => {
    const source = current.get(table) ?? table.source
    const next = kind === 'rename' ? to : aside(table.source)
    current.set(table, next)
    return { kind: 'renameTable', source, to: { schema: next.schema, name: next.name } }
  })
  return [...retired, ...renamed]
}
