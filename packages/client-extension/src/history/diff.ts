import { keyList, selectCells, selectChanged } from './cells.ts'
import { changesBetween } from './entry.ts'
import { conditions, HISTORY, keyPart } from './filter.ts'
import { all, bind, qualified, sql } from './fragment.ts'
import { AuditHistoryError } from './history-error.ts'
import type { HistoryModel } from './history-model.ts'
import { keyFields, keyOf, keyText } from './key.ts'
import { resolveMoment, type Until } from './moment.ts'
import type { Reader, Row } from './reader.ts'
import type { Change, Moment, RowDiff } from './types.ts'
import { type FoundVersion, versionsAt } from './versions-at.ts'

type AnyDiff = RowDiff<unknown, HistoryModel>
type AnyChange = Change<unknown, HistoryModel>

/**
 * What differs between two moments, a row each: only rows that were written between the two are looked at.
 *
 * @param where conditions on fields of the key
 * @throws AuditHistoryError as `readAsOf`
 */
export async function readDiff(
  reader: Reader,
  models: readonly HistoryModel[],
  model: HistoryModel,
  [from, to]: readonly [Moment, Moment],
  where: object | undefined,
): Promise<readonly AnyDiff[]> {
  const stray = Object.keys(where ?? {}).find((name) => !keyFields(model).includes(name))
  if (stray !== undefined) {
    throw new AuditHistoryError('INVALID_ARGUMENT', `A difference cannot be asked for by "${stray}".`, {
      hint: `Say which rows by their key: ${keyFields(model).join(', ')}.`,
    })
  }
  const untils = [
    await resolveMoment(reader, models, model, from),
    await resolveMoment(reader, models, model, to),
  ] as const
  const question = { where, candidates: writtenBetween(model, untils, where), isWrittenOnly: true } as const
  const before = await versionsAt(reader, model, untils[0], question)
  const after = await versionsAt(reader, model, untils[1], question)
  const unknown = new Set([...before.unknown, ...after.unknown].map(keyText))
  const pairs = new Map<string, { before?: FoundVersion; after?: FoundVersion }>()
  for (const each of before.versions) pairs.set(keyText(keyOf(model, each.row, each.other)), { before: each })
  for (const each of after.versions) {
    const key = keyText(keyOf(model, each.row, each.other))
    pairs.set(key, { ...pairs.get(key), after: each })
  }
  const changes = await compare(reader, model, [...pairs.values()])
  return [...pairs].flatMap(([key, pair]) => toDiff(model, pair, changes, unknown.has(key)))
}

function toDiff(
  model: HistoryModel,
  { before, after }: { before?: FoundVersion; after?: FoundVersion },
  changes: ReadonlyMap<string, readonly AnyChange[]>,
  isUnknown: boolean,
): readonly AnyDiff[] {
  const present = after ?? before
  if (present === undefined) return []
  const found = changes.get(pairText(before, after)) ?? []
  if (before !== undefined && after !== undefined && found.length === 0) return []
  const kind = isUnknown
    ? 'unknown'
    : before === undefined
      ? 'inserted'
      : after === undefined
        ? 'deleted'
        : 'updated'
  const key = keyOf(model, present.row, present.other)
  return [{ kind, key, before: before?.row ?? null, after: after?.row ?? null, changes: found } as AnyDiff]
}

/** The keys of versions that one moment has and the other has not. */
function writtenBetween(model: HistoryModel, [from, to]: readonly [Until, Until], where: object | undefined) {
  const key = keyList(model, sql`h`)
  const narrow = all(conditions(model, keyPart(model, where), HISTORY))
  return sql`(${key}) IN (
    SELECT ${key} FROM ${qualified(model.audit)} AS h WHERE ${narrow} AND (${from(model)}) <> (${to(model)})
  )`
}

/** Compared by PostgreSQL, byte by byte: a Date of JavaScript does not hold all of a time stamp. */
async function compare(
  reader: Reader,
  model: HistoryModel,
  pairs: readonly { before?: FoundVersion; after?: FoundVersion }[],
): Promise<ReadonlyMap<string, readonly AnyChange[]>> {
  const ids = pairs.flatMap(({ before, after }) =>
    before?.auditId != null && after?.auditId != null ? [[before.auditId, after.auditId] as const] : [],
  )
  if (ids.length === 0) return new Map()
  const list = (side: 0 | 1) => bind(`{${ids.map((pair) => pair[side]).join(',')}}`, 'bigint[]')
  const history = qualified(model.audit)
  const rows = await reader.ask(
    [model],
    sql`SELECT p."audit_id" AS before_id, h."audit_id" AS after_id, ${selectCells(model, 'h')}, ${selectCells(model, 'p')},
  ${selectChanged(model, 'any')}
FROM unnest(${list(0)}, ${list(1)}) AS pair (before_id, after_id)
JOIN ${history} AS p ON p."audit_id" = pair.before_id
JOIN ${history} AS h ON h."audit_id" = pair.after_id`,
  )
  return new Map(rows.map((row: Row) => [`${row.before_id} ${row.after_id}`, changesBetween(model, row)]))
}

function pairText(before: FoundVersion | undefined, after: FoundVersion | undefined): string {
  return `${before?.auditId} ${after?.auditId}`
}
