import type { AuditNames } from '../model/audit-model.ts'
import { nameKey } from '../model/names.ts'
import { FUNCTION_PARTS, sameNames } from './audit-names.ts'
import type { AuditHome, AuditTableObject, DatabaseState } from './database-state.ts'
import { findTable } from './database-state.ts'
import { freeName } from './free-name.ts'
import type { TableStep } from './migration-step.ts'
import { orderRenamings } from './rename-order.ts'

interface Objects extends AuditHome {
  readonly names: AuditNames
}

/**
 * The steps that give audit tables, functions and triggers their new names, or take them to another audit schema. A
 * table that is audited no more makes room for one that is.
 *
 * @param before the recorded state, its sources under today's names
 * @param wanted the tables that are wanted and can be reached now
 * @param home the audit schema, where all tables go to; undefined: each stays where it is
 */
export function renameObjects(
  before: DatabaseState,
  wanted: readonly AuditTableObject[],
  home: AuditHome | undefined,
): readonly TableStep[] {
  const targets = new Map(wanted.map((table) => [nameKey(table.source), table]))
  const claimed = new Set(wanted.filter(isRecordedIn(before)).map(({ names }) => names.table))
  const used = new Set([...before.tables, ...wanted].flatMap(({ names }) => globalNames(names)))
  const reserve = (name: string) => {
    const free = freeName(name, used)
    used.add(free)
    return free
  }
  const renamings = before.tables.flatMap((table) => {
    const objects = objectsOf(table, targets.get(nameKey(table.source)), home, claimed, reserve)
    if (isSame(table, objects)) return []
    return [{ item: { table, objects }, from: keysOf(table), to: keysOf(objects) }]
  })
  return orderRenamings(renamings).map(({ kind, item: { table, objects } }) =>
    step(table, kind === 'rename' ? objects : { ...objects, names: unusedNames(objects.names, reserve) }),
  )
}

function objectsOf(
  table: AuditTableObject,
  target: AuditTableObject | undefined,
  home: AuditHome | undefined,
  claimed: ReadonlySet<string>,
  reserve: (name: string) => string,
): Objects {
  if (target !== undefined) return target
  const { names } = table
  const isInTheWay = claimed.has(names.table)
  return { ...homeOfObjects(home ?? table), names: isInTheWay ? unusedNames(names, reserve) : names }
}

function isRecordedIn(state: DatabaseState): (table: AuditTableObject) => boolean {
  return ({ source }) => findTable(state, source) !== undefined
}

function homeOfObjects({ schema, shared }: AuditHome): AuditHome {
  return { schema, ...(shared ? { shared } : {}) }
}

function isSame(table: AuditTableObject, to: Objects): boolean {
  return table.schema === to.schema && table.shared === to.shared && sameNames(table.names, to.names)
}

/** Every name that no other table's object may have in the same schema; functions of a table at rest are gone. */
function keysOf(objects: Objects & { readonly capturing?: boolean }): readonly string[] {
  const { schema, names, capturing } = objects
  const functions = capturing === false ? [] : FUNCTION_PARTS.map((part) => `function ${names[part]}`)
  return [`table ${names.table}`, ...functions].map((name) => nameKey({ schema, name }))
}

function globalNames(names: AuditNames): readonly string[] {
  return [names.table, ...FUNCTION_PARTS.map((part) => names[part])]
}

function unusedNames(names: AuditNames, reserve: (name: string) => string): AuditNames {
  const functions = FUNCTION_PARTS.map((part) => [part, reserve(names[part])] as const)
  return { ...names, table: reserve(names.table), ...Object.fromEntries(functions) }
}

function step({ source }: AuditTableObject, { schema, shared, names }: Objects): TableStep {
  return { kind: 'renameObjects', source, schema, ...(shared ? { shared } : {}), names }
}
