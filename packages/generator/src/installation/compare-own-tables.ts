import { LATER_TABLES, type QualifiedName, SEAL_TABLES } from '../model/names.ts'
import { closeTable, giveTable, quoted } from '../sql/repair-statements.ts'
import { type AuditHome, type DatabaseState, homeOf } from '../state/database-state.ts'
import { hasHashes, hashKeyTable } from '../state/hashing.ts'
import { hasWaiverTable, waiverTable } from '../state/waiver.ts'
import { compareDetails } from './compare-details.ts'
import type { FunctionsThere } from './compare-functions.ts'
import { compareOwnGuard } from './compare-guard.ts'
import { compareOwner, compareWriters, renderGrant } from './compare-rights.ts'
import { compareSequences } from './compare-sequences.ts'
import { type Finding, mendedBy } from './installation-status.ts'
import type { Grant, LiveDatabase, LiveDetails } from './live-database.ts'

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
  return [...missing, ...there.flatMap((found) => compareOwnTable(home, found, live, functions))]
}

function compareOwnTable(
  home: AuditHome,
  found: LiveDetails,
  live: LiveDatabase,
  functions: FunctionsThere,
): readonly Finding[] {
  const name = { schema: home.schema, name: found.name }
  const object = `table ${quoted(name)}`
  const { owner } = functions
  const isOfKeys = found.name === hashKeyTable(home).name
  // What is to be sealed next is no history.
  const isGuarded = found.name !== SEAL_TABLES.watermark[home.shared ? 'shared' : 'own']
  return [
    ...compareOwner(object, found.owner, owner, giveTable(name, owner)),
    ...(isOfKeys ? compareReaders(name, found.grants) : compareWriters(name, found.grants)),
    ...(isGuarded
      ? compareOwnGuard({ ...home, names: { table: found.name } }, live.triggers, functions)
      : []),
    ...compareDetails(name, found),
    ...compareSequences(name, live),
  ]
}

/** Keys are secret. */
function compareReaders(name: QualifiedName, grants: readonly Grant[]): readonly Finding[] {
  if (grants.length === 0) return []
  const message = `may be read or changed by others than its owner: ${grants.map(renderGrant).join('; ')}`
  const finding = { state: 'tampered', object: `table ${quoted(name)}`, message } as const
  const roles = grants.map(({ role }) => role)
  return [mendedBy(finding, closeTable(name, roles))]
}
