import { nameKey } from '../model/names.ts'
import { appendOnlyTrigger } from '../sql/audit-table.ts'
import type { HistoryTable } from '../sql/look-first.ts'
import { APPEND_ONLY_TRIGGER } from '../sql/object-names.ts'
import { enableTrigger, quoted, replaceGuard } from '../sql/repair-statements.ts'
import { sqlText } from '../sql/sql.ts'
import type { FunctionsThere } from './compare-functions.ts'
import { compareTrigger } from './compare-trigger.ts'
import { type Finding, mendedBy } from './installation-status.ts'
import type { LiveTrigger } from './live-database.ts'

/**
 * Whether what refuses changes of a table of the audit schema is there, as it is made, and fires for everybody.
 *
 * @param on how the table is named in the finding
 */
export function compareGuard(
  table: HistoryTable,
  triggers: readonly LiveTrigger[],
  functions: FunctionsThere,
  on = quotedTable(table),
): readonly Finding[] {
  const name = { schema: table.schema, name: table.names.table }
  const found = triggers.find(
    (each) => each.name === APPEND_ONLY_TRIGGER && nameKey(each.on) === nameKey(name),
  )
  return compareTrigger(
    `trigger "${APPEND_ONLY_TRIGGER}" on ${on}`,
    found,
    { name: APPEND_ONLY_TRIGGER, statement: sqlText(appendOnlyTrigger(table)), always: true },
    functions,
    enableTrigger(name, APPEND_ONLY_TRIGGER, true),
  )
}

/** The same of a table that no part of a migration is made again for: a statement of its own mends the guard. */
export function compareOwnGuard(
  table: HistoryTable,
  triggers: readonly LiveTrigger[],
  functions: FunctionsThere,
  on = quotedTable(table),
): readonly Finding[] {
  return compareGuard(table, triggers, functions, on).map(({ trigger: _, ...finding }) =>
    finding.statement !== undefined || functions.isBehind ? finding : mendedBy(finding, replaceGuard(table)),
  )
}

function quotedTable({ schema, names }: HistoryTable): string {
  return quoted({ schema, name: names.table })
}
