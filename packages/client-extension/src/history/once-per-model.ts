import type { HistoryModel } from './history-model.ts'

/** Makes once for each model what depends on nothing else: a question is asked many times. */
export function oncePerModel<T>(make: (model: HistoryModel) => T): (model: HistoryModel) => T {
  const known = new WeakMap<HistoryModel, T>()
  return (model) => {
    const found = known.get(model)
    if (found !== undefined) return found
    const made = make(model)
    known.set(model, made)
    return made
  }
}
