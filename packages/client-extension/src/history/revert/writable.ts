import { type Cell, cellsOf } from '../cells.ts'
import type { HistoryModel } from '../history-model.ts'

/** The columns of the source whose values a version holds. */
export function writableCells(model: HistoryModel): readonly Cell[] {
  return cellsOf(model).filter(({ spec }) => !spec.policy && !('kind' in spec && spec.kind === 'retired'))
}

/**
 * What a version does not say, so that a revert leaves it alone: redacted and hashed fields, and a field that came later and is
 * NULL, for it may not have been there yet.
 */
export function skippedFields(
  model: HistoryModel,
  version: Readonly<Record<string, unknown>>,
): readonly string[] {
  return cellsOf(model)
    .filter(
      ({ name, isField, spec }) =>
        isField && (spec.policy !== undefined || isFromBefore(spec, version[name])),
    )
    .map(({ name }) => name)
}

function isFromBefore(spec: Cell['spec'], value: unknown): boolean {
  return (
    value === null &&
    (('added' in spec && spec.added === true) || ('former' in spec && spec.former !== undefined))
  )
}
