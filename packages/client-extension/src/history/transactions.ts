import { all } from './fragment.ts'
import { AuditHistoryError } from './history-error.ts'
import type { HistoryModel, HistoryModels } from './history-model.ts'
import { type MergedEntry, readMerged, type Source } from './merged.ts'
import type { Reader } from './reader.ts'
import { versionsOf } from './timeline.ts'
import type { ClientHistoryArgs, HistoryPage } from './types.ts'

type AnyArgs = ClientHistoryArgs<HistoryModels>

/**
 * Everything that a transaction, a request or an actor changed, over all audited models, in order.
 *
 * @throws AuditHistoryError `INVALID_ARGUMENT` for a model or setting that no history has; else as `readTimeline`
 */
export async function readAcross(
  reader: Reader,
  models: HistoryModels,
  args: AnyArgs = {},
): Promise<HistoryPage<MergedEntry>> {
  const { models: names = Object.keys(models), by = {}, take, cursor, order, ...rest } = args
  const asked = Object.keys(by).filter((name) => by[name as keyof typeof by] !== undefined)
  const unknown = asked.find((name) => !Object.values(models).some((model) => hasSetting(model, name)))
  if (unknown !== undefined) {
    throw new AuditHistoryError('INVALID_ARGUMENT', `No history has a setting "${unknown}".`)
  }
  const sources = names.flatMap((name): readonly Source[] => {
    const model = Object.hasOwn(models, name) ? models[name] : undefined
    if (model === undefined) {
      throw new AuditHistoryError('INVALID_ARGUMENT', `There is no history of a model "${String(name)}".`)
    }
    // A history without the column holds nothing that was done by somebody of that name.
    if (!asked.every((each) => hasSetting(model, each))) return []
    return [{ name: String(name), model, condition: all(versionsOf(model, { ...rest, by } as object)) }]
  })
  return readMerged(reader, sources, {
    ...(take === undefined ? {} : { take }),
    ...(cursor === undefined ? {} : { cursor }),
    order: order ?? 'asc',
  })
}

function hasSetting(model: HistoryModel, name: string): boolean {
  return Object.hasOwn(model.settings, name)
}
