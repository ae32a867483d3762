import { LATER_TABLES, SEAL_TABLES } from '../model/names.ts'
import { APPEND_ONLY_TRIGGER } from '../sql/object-names.ts'
import {
  closeTable,
  closeToWriters,
  enableTrigger,
  giveTable,
  guardTable,
  quoted,
} from '../sql/repair-statements.ts'
import { type AuditHome, type DatabaseState, homeOf } from '../state/database-state.ts'
import { hasHashes, hashKeyTable } from '../state/hashing.ts'
import { hasWaiverTable, waiverTable } from '../state/waiver.ts'
import { compareDetails } from './compare-details.ts'
import { type FunctionsThere, isWriting, renderGrant } from './compare-functions.ts'
import { type Finding, mendedBy } from './installation-status.ts'
import type { LiveDatabase, LiveDetails } from './live-database.ts'

/** The names of the tables that are no table's history: of keys and of waivers, and those that commands make. */
export function ownTableNames(home: AuditHome): readonly string[] {
  const kind = home.shared ? 'shared' : 'own'
  return [hashKeyTable(home).name, waiverTable(home).name, ...LATER_TABLES.map((each) => each[kind])]
}

/** Those of them that are there. */
export function ownTablesThere(home: AuditHome, details: readonly LiveDetails[], owner: string) {
  const names = new Set(ownTableNames(home))
  // Among the application's tables one of that name may be its own.
  return details.filter((found) => names.has(found.name) && (!home.shared || found.owner === owner))
}

/**
 * Whether the audit's own tables, as far as they are there, belong to whom the history does, are closed and guarded. That of keys is closed to
 * readers, too. The first two have to be there, where something is hashed or could be waived.
 */
export function compareOwnTables(
  state: DatabaseState,
  live: LiveDatabase,
  functions: FunctionsThere,
): readonly Finding[] {
  if (state.schema === undefined) return []
  const home = homeOf(state.schema)
  const wanted = [
    ...(hasHashes(state) ? [hashKeyTable(home).name] : []),
    ...(hasWaiverTable(state.schema) ? [waiverTable(home).name] : []),
  ]
  const missing = wanted
    .filter((name) => !live.details.some((found) => found.name === name))
    .map(
      (name): Finding => ({
        state: 'missing',
        object: `table ${quoted({ schema: home.schema, name })}`,
        message: 'is not there',
        hint: functions.remedy,
        isOfBase: true,
      }),
    )
  const there = ownTablesThere(home, live.details, functions.owner)
  return [...missing, ...there.flatMap((found) => compareOwnTable(home, found, live, functions.owner))]
}

function compareOwnTable(
  home: AuditHome,
  found: LiveDetails,
  { triggers }: LiveDatabase,
  owner: string,
): readonly Finding[] {
  const name = { schema: home.schema, name: found.name }
  const object = `table ${quoted(name)}`
  const findings: Finding[] = []
  if (found.owner !== owner) {
    const message = `belongs to ${found.owner}, and the history to ${owner}`
    findings.push({ state: 'tampered', object, message, hint: giveTable(name, owner), isForPeople: true })
  }
  const isOfKeys = found.name === hashKeyTable(home).name
  const open = isOfKeys ? found.grants : found.grants.filter(isWriting)
  if (open.length > 0) {
    const what = isOfKeys ? 'may be read or changed' : 'may be changed'
    const message = `${what} by others than its owner: ${open.map(renderGrant).join('; ')}`
    const roles = open.map(({ role }) => role)
    findings.push(
      mendedBy({ state: 'tampered', object, message }, (isOfKeys ? closeTable : closeToWriters)(name, roles)),
    )
  }
  return [...findings, ...compareGuard(home, found, triggers), ...compareDetails(name, found)]
}

/** What is to be sealed next is no history. */
function compareGuard(
  home: AuditHome,
  { name }: LiveDetails,
  triggers: LiveDatabase['triggers'],
): readonly Finding[] {
  if (name === SEAL_TABLES.watermark[home.shared ? 'shared' : 'own']) return []
  const table = { schema: home.schema, name }
  const object = `trigger "${APPEND_ONLY_TRIGGER}" on ${quoted(table)}`
  const guard = triggers.find(
    (each) => each.name === APPEND_ONLY_TRIGGER && each.on.schema === home.schema && each.on.name === name,
  )
  if (guard === undefined) {
    const statement = guardTable({ ...home, names: { table: name } })
    return [mendedBy({ state: 'missing', object, message: 'is not there' }, statement)]
  }
  if (guard.enabled === 'A') return []
  const message = guard.enabled === 'D' ? 'is disabled' : 'does not fire for everybody'
  return [mendedBy({ state: 'disabled', object, message }, enableTrigger(table, APPEND_ONLY_TRIGGER, true))]
}
