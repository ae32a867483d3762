import { exactKey } from './filter.ts'
import { AuditHistoryError } from './history-error.ts'
import type { HistoryModel } from './history-model.ts'
import { keyFields } from './key.ts'
import type { Reader } from './reader.ts'
import { readTimeline } from './timeline.ts'
import type { HistoryEntry } from './types.ts'

type AnyEntry = HistoryEntry<unknown, HistoryModel>

const STEP = 100

/**
 * Who gave each field of a row the value that it has: the newest entry that changed it, else the one that made the row or found
 * it there. `null` where the history begins with an update that may have changed it or not.
 *
 * @throws AuditHistoryError `INVALID_ARGUMENT` unless `where` names one row by its key; `NOT_FOUND` where it has no history
 */
export async function readBlame(
  reader: Reader,
  model: HistoryModel,
  where: object,
): Promise<Readonly<Record<string, AnyEntry | null>>> {
  if (exactKey(model, where) === undefined) {
    throw new AuditHistoryError('INVALID_ARGUMENT', 'Say whose fields: by the key of one row.', {
      hint: `The key is ${keyFields(model).join(', ')}.`,
    })
  }
  const found = new Map<string, AnyEntry | null>()
  const fields = Object.keys(model.fields)
  let cursor: string | null = null
  let isEmpty = true
  do {
    const page: Awaited<ReturnType<typeof readTimeline>> = await readTimeline(reader, model, {
      where,
      take: STEP,
      ...(cursor === null ? {} : { cursor }),
    })
    for (const entry of page.entries) {
      isEmpty = false
      for (const field of blamed(entry, fields)) if (!found.has(field)) found.set(field, entry)
    }
    cursor = found.size < fields.length ? page.nextCursor : null
  } while (cursor !== null)
  if (isEmpty)
    throw new AuditHistoryError('NOT_FOUND', `The history of ${model.source.name} has no such row.`)
  return Object.fromEntries(fields.map((field) => [field, found.get(field) ?? null]))
}

/** The fields whose values come from this entry, unless a later one has said so already. */
function blamed({ operation, changes }: AnyEntry, fields: readonly string[]): readonly string[] {
  if (operation === 'I' || operation === 'B') return fields
  return operation === 'U' ? (changes ?? []).map(({ field }) => String(field)) : []
}
