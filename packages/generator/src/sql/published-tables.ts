import { type AuditHome, type DatabaseState, homeOf } from '../state/database-state.ts'
import { hasWaiverTable } from '../state/waiver.ts'
import type { HistoryTable } from './look-first.ts'
import { APPEND_ONLY, sealTable } from './seal-tables.ts'
import { waiverHistory } from './waiver-table.ts'

/*
 * What leaves the primary: every history, retired ones too, the table of waivers, and the seals, by which the copy can be verified.
 * Never the keys of hashed columns, by which values could be guessed, and not the watermarks, which are of the primary's own
 * transactions.
 */

/** Tables that migrations make: they have to be there. */
export function publishedHistories({ schema, tables }: DatabaseState): readonly HistoryTable[] {
  if (schema === undefined) return []
  const waivers = hasWaiverTable(schema) ? [waiverHistory(homeOf(schema))] : []
  return [...tables, ...waivers]
}

/** Tables that the first `seal` makes. */
export function publishedSeals(home: AuditHome): readonly HistoryTable[] {
  return APPEND_ONLY.map((role) => sealTable(home, role))
}
