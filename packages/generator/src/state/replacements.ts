import { nameKey, type QualifiedName } from '../model/names.ts'
import type { SourcePlace } from '../model/place.ts'
import type { SourceTable } from '../model/source-database.ts'
import type { PositionOf } from './folder-order.ts'
import type { MigrationStep, TableStep } from './migration-step.ts'

/** A step that finds our triggers on another table than the one that has the name now. */
export type ReplacingStep = Extract<TableStep, { kind: 'retireTable' | 'resumeTable' }> & {
  readonly replaced: QualifiedName
}

export function replaces(step: MigrationStep): step is ReplacingStep {
  return (step.kind === 'retireTable' || step.kind === 'resumeTable') && step.replaced !== undefined
}

/** What the table is called now that carried the triggers before; undefined where the same one still has the name. */
export function replacedBy({
  steps,
}: {
  readonly steps: readonly MigrationStep[]
}): QualifiedName | undefined {
  return steps.find(replaces)?.replaced
}

/** A table that was renamed away, and another one under its name that goes on with its history. */
export interface Replacement {
  readonly source: QualifiedName
  /** What the former table is called now. */
  readonly replaced: QualifiedName
  /** Of the statement that renamed it. */
  readonly place: SourcePlace
}

/**
 * Tables that were written unrecorded until the steps, since another one took the triggers along.
 *
 * @param draft a migration that is applied together with the steps: what it does is no risk
 */
export function findReplacements(
  steps: readonly MigrationStep[],
  tables: readonly SourceTable[],
  { positionOf, draft }: { readonly positionOf: PositionOf; readonly draft?: string | undefined },
): readonly Replacement[] {
  return steps.filter(replaces).flatMap(({ kind, source, replaced }): Replacement[] => {
    const now = tables.find((table) => nameKey(table) === nameKey(replaced))
    const former = now?.formerNames?.findLast((name) => nameKey(name) === nameKey(source))
    if (former === undefined || kind === 'retireTable') return []
    if (draft !== undefined && positionOf(former.until) === positionOf(draft)) return []
    return [{ source, replaced, place: former.place }]
  })
}
