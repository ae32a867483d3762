import { cellsOf } from './cells.ts'
import type { HistoryModel } from './history-model.ts'

/** The fields that the key consists of. */
export function keyFields(model: HistoryModel): readonly string[] {
  return model.key.flatMap((column) => cellsOf(model).find((cell) => cell.column === column)?.name ?? [])
}

/** The key of a version, by field. */
export function keyOf(
  model: HistoryModel,
  version: Readonly<Record<string, unknown>>,
  other: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(keyFields(model).map((name) => [name, version[name] ?? other[name]]))
}

/** A text that is equal for equal keys. */
export function keyText(key: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(
    Object.values(key).map((part) => (part instanceof Date ? part.toISOString() : String(part))),
  )
}
