import { AUDIT_COLUMNS } from '../sql/object-names.ts'
import { giveTable, quoted } from '../sql/repair-statements.ts'
import { type AuditHome, type AuditTableObject, type DatabaseState, homeOf } from '../state/database-state.ts'
import { compareDetails, compareLost, compareNumbers } from './compare-details.ts'
import type { FunctionsThere } from './compare-functions.ts'
import { compareOwnGuard } from './compare-guard.ts'
import { compareEachPartition } from './compare-partitions.ts'
import { compareOwner, compareWriters } from './compare-rights.ts'
import { compareSequences } from './compare-sequences.ts'
import type { Finding } from './installation-status.ts'
import type { LiveDatabase, LiveHistory } from './live-database.ts'

/**
 * The histories that are there and written no more: those of the migrations that capture no longer, and those that say by their comment that
 * they are ours.
 */
export function retiredHistories(state: DatabaseState, live: LiveDatabase): readonly LiveHistory[] {
  return live.histories.filter((found) => {
    const table = tableOf(state, found)
    return table === undefined ? isOurs(found.comment) && found.isNumbered : !table.capturing
  })
}

function tableOf({ tables }: DatabaseState, { name }: LiveHistory): AuditTableObject | undefined {
  return tables.find(({ names }) => names.table === name)
}

/** Nothing is written to them, and they are as much worth as the others: their columns, owner, guard, rights, and those of their partitions. */
export function compareRetired(
  state: DatabaseState,
  live: LiveDatabase,
  functions: FunctionsThere,
): readonly Finding[] {
  if (state.schema === undefined) return []
  const home = homeOf(state.schema)
  return retiredHistories(state, live).flatMap((found) =>
    compareOne(home, found, tableOf(state, found), live, functions),
  )
}

function compareOne(
  home: AuditHome,
  found: LiveHistory,
  table: AuditTableObject | undefined,
  live: LiveDatabase,
  functions: FunctionsThere,
): readonly Finding[] {
  const name = { schema: home.schema, name: found.name }
  const { details, triggers } = live
  const { owner } = functions
  const more = details.find((each) => each.name === found.name)
  const columns = [
    ...Object.values(AUDIT_COLUMNS),
    ...(table?.settings ?? []).map(({ column }) => column),
    ...(table?.columns ?? []).map((column) => column.name),
  ]
  return [
    ...compareLost(name, found.columns, columns),
    ...compareOwner(`table ${quoted(name)}`, found.owner, owner, giveTable(name, owner), 'others'),
    ...compareWriters(name, found.grants),
    ...compareOwnGuard({ ...home, names: { table: found.name } }, triggers, functions),
    ...(more === undefined ? [] : [...compareDetails(name, more), ...compareNumbers(name, more)]),
    // A model may have its history back.
    ...compareSequences(name, live),
    ...compareEachPartition(home, found, triggers, functions),
  ]
}

function isOurs(comment: string | null): boolean {
  return comment !== null && /^(Retired, written no more\. )?History of /.test(comment)
}
