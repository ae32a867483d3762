import { AuditHistoryError } from './history-error.ts'
import type { HistoryModel, HistoryModels, HistoryRelation } from './history-model.ts'

/**
 * A relation of a model, and the model at its other end.
 *
 * @throws AuditHistoryError `INVALID_ARGUMENT` that lists the relations
 */
export function relationOf(
  models: HistoryModels,
  model: HistoryModel,
  name: string,
): { readonly relation: HistoryRelation; readonly other: HistoryModel } {
  const relation = Object.hasOwn(model.relations, name) ? model.relations[name] : undefined
  const other = relation && models[relation.model]
  if (relation !== undefined && other !== undefined) return { relation, other }
  throw new AuditHistoryError(
    'INVALID_ARGUMENT',
    `The history of ${model.source.name} has no relation "${name}".`,
    {
      hint: `It has ${Object.keys(model.relations).join(', ') || 'none'}: those whose other model is audited too.`,
    },
  )
}
