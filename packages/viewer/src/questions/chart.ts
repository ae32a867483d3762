import type { ChartAnswer } from '../answers.ts'
import type { History } from '../catalog/history.ts'
import type { Ask } from '../database/connection.ts'
import type { Scope } from '../scope.ts'
import { selectEnds } from '../sql/position.ts'
import { countRows, type Filter } from '../sql/search.ts'
import { bind, ident, type Sql, sql } from '../sql/sql.ts'
import { positionAt, SLACK } from './position.ts'

export interface ChartQuestion {
  readonly searches: readonly { readonly history: History; readonly filter: Filter }[]
  readonly from: string | undefined
  readonly to: string | undefined
  readonly by: 'table' | 'actor' | 'operation'
  readonly actor: string | undefined
  /** Every row is counted, however many there are. */
  readonly isExact: boolean
}

const BUCKETS = 60
/** Beyond so many rows of a history so many of them are looked at, evenly spread. */
const SAMPLE = 20_000
const EXACT = 200_000
/** Names of their own; the others are one. */
const SERIES = 8

interface Ends {
  readonly firstId: string | null
  readonly lastId: string | null
  readonly first: string | null
  readonly last: string | null
}

interface Count {
  readonly bucket: number
  readonly name: string | null
  readonly rows: number
}

/** How many changes were made, by time and by table, actor or operation; baselines, which nobody made, are not counted. */
export async function readChart(ask: Ask, scope: Scope, question: ChartQuestion): Promise<ChartAnswer> {
  const { searches, isExact } = question
  const ends = new Map<History, Ends>()
  for (const { history } of searches) {
    const [row] = await ask<Ends>(selectEnds(history))
    if (row?.firstId != null) ends.set(history, row)
  }
  const { from, to } = span(question, [...ends.values()])
  const seconds = Math.max((Date.parse(to) - Date.parse(from)) / 1000 / BUCKETS, 0.001)
  const counts: Count[] = []
  let [looked, of, isEstimated] = [0, 0, false]
  for (const { history, filter } of searches) {
    const end = ends.get(history)
    if (end === undefined) continue
    const fromId = (await positionAt(ask, history, Date.parse(from) - SLACK)) ?? '0'
    const belowId = (await positionAt(ask, history, Date.parse(to) + SLACK)) ?? '0'
    const number = Number(BigInt(belowId) - BigInt(fromId))
    const step = isExact || number * searches.length <= EXACT ? 1 : Math.max(1, Math.floor(number / SAMPLE))
    const name = nameOf(history, question)
    const rows = await ask<Count>(
      countRows(history, scope, { ...filter, from, to }, { fromId, belowId, step, from, seconds, name }),
    )
    if (step > 1) isEstimated = true
    of += number
    looked += step === 1 ? number : Math.ceil(number / step)
    counts.push(...rows.map((row) => ({ ...row, rows: row.rows * step })))
  }
  return { from, to, bucket: seconds, series: toSeries(counts), isEstimated, looked, of }
}

/** What was asked for, else all there is. */
function span(
  question: ChartQuestion,
  ends: readonly Ends[],
): { readonly from: string; readonly to: string } {
  const firsts = ends.flatMap(({ first }) => first ?? []).sort()
  const lasts = ends.flatMap(({ last }) => last ?? []).sort()
  const now = new Date().toISOString()
  const to = question.to ?? new Date(Date.parse(lasts.at(-1) ?? now) + 1).toISOString()
  const first = question.from ?? firsts[0] ?? now
  const from = question.from ?? earlier(first, new Date(Date.parse(to) - LEAST_SPAN).toISOString())
  // A range has a length, also where there is one change only.
  return Date.parse(from) < Date.parse(to)
    ? { from, to }
    : { from, to: new Date(Date.parse(from) + 1000).toISOString() }
}

/** All there is is drawn at least so wide, in milliseconds. */
const LEAST_SPAN = 60_000

function earlier(a: string, b: string): string {
  return Date.parse(a) < Date.parse(b) ? a : b
}

function nameOf(history: History, { by, actor }: ChartQuestion): Sql {
  if (by === 'table') return sql`${bind(history.id)}::text`
  if (by === 'operation') return sql`h."audit_operation"::text`
  const setting = history.settings.find(({ name }) => name === actor)
  return setting === undefined
    ? sql`h."audit_current_user"::text`
    : sql`h.${ident(setting.column.name)}::text`
}

function toSeries(counts: readonly Count[]): ChartAnswer['series'] {
  const totals = new Map<string | null, number>()
  for (const { name, rows } of counts) totals.set(name, (totals.get(name) ?? 0) + rows)
  const names = [...totals].sort(([, a], [, b]) => b - a).map(([name]) => name)
  const own = names.length > SERIES ? names.slice(0, SERIES - 1) : names
  const all = names.length > SERIES ? [...own, REST] : own
  return all.map((name) => ({
    name,
    counts: Array.from({ length: BUCKETS }, (_, bucket) =>
      counts
        .filter((count) => Math.min(count.bucket, BUCKETS - 1) === bucket)
        .filter((count) => (name === REST ? !own.includes(count.name) : count.name === name))
        .reduce((sum, { rows }) => sum + rows, 0),
    ),
  }))
}

const REST = 'all others'
