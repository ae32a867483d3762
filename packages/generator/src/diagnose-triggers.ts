import type { Diagnostic } from './diagnostics.ts'
import type { SelfWritingTrigger } from './migration/self-writing-triggers.ts'
import type { AuditedTable } from './model/audit-model.ts'
import { nameKey, type QualifiedName } from './model/names.ts'

/** Triggers of the application that write the row again which called them, where that is recorded in the wrong order. */
export function diagnoseOwnTriggers(
  triggers: readonly SelfWritingTrigger[],
  tables: readonly AuditedTable[],
  partitioned: readonly QualifiedName[] = [],
): readonly Diagnostic[] {
  return triggers.flatMap((trigger) => {
    const table = tables.find(
      ({ source }) => source.name === trigger.table && (trigger.schema ?? source.schema) === source.schema,
    )
    if (table === undefined) return []
    const isFirst = trigger.events.some((event) => trigger.trigger < nameOf(table, event))
    const byRow = table.level === 'row' || partitioned.some((each) => nameKey(each) === nameKey(table.source))
    if (!byRow) return trigger.forEachRow || isFirst ? [needsRows(trigger, table)] : []
    return trigger.forEachRow && isFirst ? [firesFirst(trigger, table)] : []
  })
}

function nameOf({ names }: AuditedTable, event: SelfWritingTrigger['events'][number]): string {
  switch (event) {
    case 'INSERT':
      return names.insertTrigger
    case 'UPDATE':
      return names.updateTrigger
    case 'DELETE':
      return names.deleteTrigger
  }
}

function needsRows({ trigger, place }: SelfWritingTrigger, { model, source }: AuditedTable): Diagnostic {
  return {
    code: 'AUD620',
    severity: 'warning',
    message: `The trigger "${trigger}" writes rows of "${source.schema}"."${source.name}" again before the statement that called it is recorded: history has the two writes in the wrong order.`,
    place,
    model,
    hint: `Record the model row by row, in the order of the writes: @audit(enabled, level: row)`,
  }
}

function firesFirst({ trigger, place }: SelfWritingTrigger, { model, names }: AuditedTable): Diagnostic {
  return {
    code: 'AUD621',
    severity: 'warning',
    message: `The trigger "${trigger}" sorts before "${names.insertTrigger}", so PostgreSQL calls it first: what it writes is recorded before the write that called it.`,
    place,
    model,
    hint: 'Rename it, or let ours sort first: @audit(enabled, level: row, trigger: "0_audit_{operation}")',
  }
}
