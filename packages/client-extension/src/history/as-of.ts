import { keyList } from './cells.ts'
import { conditions, HISTORY } from './filter.ts'
import { all, qualified, sql } from './fragment.ts'
import type { HistoryModel, HistoryModels, HistoryRelation } from './history-model.ts'
import { resolveMoment, type Until } from './moment.ts'
import type { Reader } from './reader.ts'
import { relationOf } from './relation.ts'
import { checkedTake } from './timeline.ts'
import type { AsOf, AsOfArgs, Moment } from './types.ts'
import { type FoundVersion, versionsAt } from './versions-at.ts'
import type { Question } from './versions-query.ts'

type AnyRow = Readonly<Record<string, unknown>>
type AnyArgs = AsOfArgs<unknown, HistoryModel>

/**
 * The rows of a model as they were at a moment, with what they were related to then.
 *
 * @throws AuditHistoryError `INVALID_ARGUMENT`, `NOT_FOUND`, `NO_RIGHT`, `NOT_INSTALLED`, `ROW_SECURITY`
 */
export async function readAsOf(
  reader: Reader,
  models: HistoryModels,
  model: HistoryModel,
  moment: Moment,
  args: AnyArgs = {},
): Promise<AsOf<AnyRow, AnyRow>> {
  const until = await resolveMoment(reader, Object.values(models), model, moment)
  const orderBy = [args.orderBy ?? []].flat().flatMap((each) => Object.entries(each as object))
  const take = args.take === undefined ? undefined : checkedTake(args.take)
  const found = await versionsAt(reader, model, until, { where: args.where, orderBy, take })
  const rows = found.versions.map(({ row }) => ({ ...row }))
  for (const [name, wanted] of Object.entries(args.include ?? {})) {
    if (wanted) await includeRelation(reader, models, model, until, name, rows)
  }
  const isOld = moment instanceof Date && found.coverageFrom !== null && moment < found.coverageFrom
  return {
    rows,
    coverageFrom: found.coverageFrom,
    unknown: found.unknown,
    isComplete: found.coverageFrom !== null && !isOld && found.unknown.length === 0,
  }
}

/** Adds to each row the rows of the other model that pointed to it then, or that it pointed to. */
async function includeRelation(
  reader: Reader,
  models: HistoryModels,
  model: HistoryModel,
  until: Until,
  name: string,
  rows: Record<string, unknown>[],
): Promise<void> {
  const { relation, other } = relationOf(models, model, name)
  if (relation.through !== undefined) {
    return includeThrough(reader, models, other, until, relation.through, name, rows)
  }
  const found = await relatedVersions(reader, other, until, relation.on, rows)
  for (const row of rows) {
    const matches = found.filter((each) =>
      relation.on.every(([own, theirs]) => same(row[own], each.row[theirs])),
    )
    row[name] = relation.list ? matches.map((each) => each.row) : (matches[0]?.row ?? null)
  }
}

/** By way of the table between the two models, as it was then. */
async function includeThrough(
  reader: Reader,
  models: HistoryModels,
  other: HistoryModel,
  until: Until,
  { model, from, to }: NonNullable<HistoryRelation['through']>,
  name: string,
  rows: Record<string, unknown>[],
): Promise<void> {
  const links = await relatedVersions(reader, models[model] as HistoryModel, until, [from], rows)
  const linked = links.map((link) => link.row)
  const found = await relatedVersions(reader, other, until, [to], linked)
  for (const row of rows) {
    const own = linked.filter((link) => same(row[from[0]], link[from[1]]))
    const isListed = (each: FoundVersion) => own.some((link) => same(link[to[0]], each.row[to[1]]))
    row[name] = found.filter(isListed).map((each) => each.row)
  }
}

async function relatedVersions(
  reader: Reader,
  other: HistoryModel,
  until: Until,
  on: readonly (readonly [string, string])[],
  all: readonly AnyRow[],
): Promise<readonly FoundVersion[]> {
  const rows = all.filter((row) => on.every(([own]) => row[own] !== null))
  if (rows.length === 0) return []
  const pairs = [
    ...new Map(rows.map((row) => [JSON.stringify(on.map(([own]) => String(row[own]))), row])).values(),
  ]
  const where = linkedTo(on, pairs)
  const question: Question = { where, candidates: everLinked(other, where) }
  return (await versionsAt(reader, other, until, question)).versions
}

function linkedTo(on: readonly (readonly [string, string])[], rows: readonly AnyRow[]): object {
  const [[own, theirs] = ['', ''], ...more] = on
  if (more.length === 0) return { [theirs]: { in: rows.map((row) => row[own]) } }
  return { OR: rows.map((row) => Object.fromEntries(on.map(([mine, other]) => [other, row[mine]]))) }
}

/** The other model's keys that were ever linked like this: all else need not be folded. */
function everLinked(other: HistoryModel, where: object) {
  const linked = all(conditions(other, where, { ...HISTORY, alias: sql`c` }))
  return sql`(${keyList(other, sql`h`)}) IN (SELECT ${keyList(other, sql`c`)} FROM ${qualified(other.audit)} AS c WHERE ${linked})`
}

function same(one: unknown, other: unknown): boolean {
  if (one === null || other === null) return false
  return one instanceof Date || other instanceof Date
    ? Number(one) === Number(other)
    : String(one) === String(other)
}
