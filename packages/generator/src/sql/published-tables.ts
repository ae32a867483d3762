import {
  type AuditHome,
  type AuditSchemaObject,
  type DatabaseState,
  homeOf,
} from '../state/database-state.ts'
import { hasWaiverTable } from '../state/waiver.ts'
import type { HistoryTable } from './look-first.ts'
import { recordTables } from './replica-records.ts'
import { APPEND_ONLY, sealTable } from './seal-tables.ts'
import { waiverHistory } from './waiver-table.ts'

/*
 * What leaves the primary: every history, retired ones too, the table of waivers, the seals, by which the copy can be verified, and what
 * was erased, is held and rested. Never the keys of hashed columns, by which values could be guessed, and not the watermarks, which are of the primary's own
 * transactions.
 */

/** Tables that migrations make: they have to be there. */
export function publishedHistories({ schema, tables }: DatabaseState): readonly HistoryTable[] {
  return schema === undefined ? [] : [...tables, ...waivers(schema)]
}

/** Tables that the first `seal` makes, or the set-up of erasures, or the first pause. */
export function publishedLater(home: AuditHome): readonly HistoryTable[] {
  return [...APPEND_ONLY.map((role) => sealTable(home, role)), ...recordTables(home)]
}

/** All that is no table's history, as far as it is there. */
export function publishedBesides(schema: AuditSchemaObject): readonly HistoryTable[] {
  return [...waivers(schema), ...publishedLater(homeOf(schema))]
}

function waivers(schema: AuditSchemaObject): readonly HistoryTable[] {
  return hasWaiverTable(schema) ? [waiverHistory(homeOf(schema))] : []
}
