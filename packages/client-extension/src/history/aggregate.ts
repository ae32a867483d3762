import { sameKey } from './cells.ts'
import { conditions, HISTORY } from './filter.ts'
import { all, comma, type Fragment, ident, join, qualified, sql } from './fragment.ts'
import type { HistoryModel, HistoryModels, HistoryRelation } from './history-model.ts'
import { type MergedEntry, readMerged, type Source } from './merged.ts'
import type { Reader } from './reader.ts'
import { relationOf } from './relation.ts'
import { versionsOf } from './timeline.ts'
import type { AggregateArgs, HistoryPage } from './types.ts'

type AnyArgs = AggregateArgs<unknown, HistoryModel>

/**
 * The changes of rows and of what belongs to them, by declared relations: an order's, its lines included. A line that was moved
 * from one order to another is in the history of both.
 */
export async function readAggregate(
  reader: Reader,
  models: HistoryModels,
  name: string,
  args: AnyArgs,
): Promise<HistoryPage<MergedEntry>> {
  const model = models[name] as HistoryModel
  const { include, take, cursor, order, where, ...rest } = args
  const wanted = Object.entries(include ?? {}).filter(([, isWanted]) => isWanted)
  const parts = wanted.map(([field]): Source => {
    const { relation } = relationOf(models, model, field)
    // Of a many-to-many relation the connections belong to the row, and not what they lead to.
    const { through } = relation
    const [part, on] = through === undefined ? [relation.model, relation.on] : [through.model, [through.from]]
    const history = models[part] as HistoryModel
    const condition = all([linkedTo(model, history, on, where), ...versionsOf(history, rest as object)])
    return { name: part, model: history, condition }
  })
  const own = { name, model, condition: all(versionsOf(model, { where, ...rest } as object)) }
  return readMerged(reader, [own, ...parts], {
    ...(take === undefined ? {} : { take }),
    ...(cursor === undefined ? {} : { cursor }),
    order: order ?? 'desc',
  })
}

/** Versions `h` of the other model that point to one of the rows, or did before they were written. */
function linkedTo(
  model: HistoryModel,
  other: HistoryModel,
  on: HistoryRelation['on'],
  where: object | undefined,
): Fragment {
  const own = join(
    on.map(([field]) => sql`root.${ident(model.fields[field]?.column ?? field)}`),
    comma,
  )
  const theirs = (alias: string) =>
    join(
      on.map(([, field]) => sql`${ident(alias)}.${ident(other.fields[field]?.column ?? field)}`),
      comma,
    )
  const roots = sql`SELECT ${own} FROM ${qualified(model.audit)} AS root WHERE ${all(conditions(model, where, { ...HISTORY, alias: sql`root` }))}`
  const isLinked = sql`(${theirs('h')}) IN (${roots})`
  if (other.key.length === 0) return isLinked
  const before = sql`SELECT p.* FROM ${qualified(other.audit)} AS p
    WHERE ${sameKey(other, sql`p`, sql`h`)} AND p."audit_id" < h."audit_id" ORDER BY p."audit_id" DESC LIMIT 1`
  return sql`(${isLinked} OR (h."audit_operation" = 'U' AND EXISTS (
    SELECT FROM (${before}) AS p WHERE (${theirs('p')}) IN (${roots})
  )))`
}
