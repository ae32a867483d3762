import { TOGETHER } from './diagnose-risks.ts'
import type { Diagnostic } from './diagnostics.ts'
import type { AuditedTable, AuditModel } from './model/audit-model.ts'
import { nameKey } from './model/names.ts'
import type { SourcePlace } from './model/place.ts'
import type { PartitionPlace, SourceTable } from './model/source-database.ts'
import type { PositionOf } from './state/folder-order.ts'
import type { MigrationStep } from './state/migration-step.ts'

/**
 * Partitions of audited tables that are to have an audit of their own: PostgreSQL clones the row triggers of the root to them, and a table has
 * one trigger of a name.
 *
 * @param places where each audited table's model stands, by the `nameKey` of its source
 */
export function diagnosePartitions(
  { tables }: AuditModel,
  sources: ReadonlyMap<string, SourceTable>,
  places: ReadonlyMap<string, SourcePlace>,
): readonly Diagnostic[] {
  const audited = new Map(tables.map((table) => [nameKey(table.source), table]))
  return tables.flatMap((table) => {
    const { of = [] } = sources.get(nameKey(table.source))?.partition ?? {}
    const root = of
      .flatMap((name) => audited.get(nameKey(name)) ?? [])
      .find((each) => rowTriggers(each).some((name) => rowTriggers(table).includes(name)))
    return root === undefined ? [] : [recordedAlready(table, root, places.get(nameKey(table.source)))]
  })
}

function rowTriggers({ names, key }: AuditedTable): readonly string[] {
  const each = [names.insertTrigger, names.updateTrigger, names.deleteTrigger]
  return key.length === 0 ? each : [...each, names.keyTrigger]
}

function recordedAlready(
  table: AuditedTable,
  root: AuditedTable,
  place: SourcePlace | undefined,
): Diagnostic {
  const { schema, name } = table.source
  return {
    code: 'AUD628',
    severity: 'error',
    message: `"${schema}"."${name}" is a partition of the table of "${root.model}", which is audited: what is written to it is in that history already.`,
    ...(place === undefined ? {} : { place }),
    model: table.model,
    hint: 'Put @audit(disabled) above this model, by a migration before an ATTACH PARTITION. For a history of its own besides, give its triggers other names: @audit(enabled, trigger: "audit_own_{operation}").',
  }
}

/** Said while the audit part is written that records a table by row which a migration before it has made a partition. */
export function diagnoseAttached(
  steps: readonly MigrationStep[],
  sources: ReadonlyMap<string, SourceTable>,
  { positionOf, draft }: { readonly positionOf: PositionOf; readonly draft: string | undefined },
): readonly Diagnostic[] {
  return steps.flatMap((step) => {
    if (step.kind !== 'changeLevel' || step.level !== 'row') return []
    const partition = sources.get(nameKey(step.source))?.partition
    if (partition === undefined) return []
    const isDraft = draft !== undefined && positionOf(partition.place.file) === positionOf(draft)
    return isDraft ? [] : [attachedBefore(step.source.name, partition)]
  })
}

function attachedBefore(name: string, { of, place }: PartitionPlace): Diagnostic {
  const [root] = of
  const whole = root === undefined ? 'what it is a partition of' : `"${root.schema}"."${root.name}"`
  return {
    code: 'AUD629',
    severity: 'warning',
    message: `What is written to "${name}" by a statement on ${whole} is not recorded from this migration on until the next audit migration is applied: this makes it a partition.`,
    place,
    hint: TOGETHER,
  }
}
