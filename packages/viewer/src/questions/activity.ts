import type { ActivityAnswer, Entry } from '../answers.ts'
import type { History } from '../catalog/history.ts'
import type { Ask } from '../database/connection.ts'
import type { Scope } from '../scope.ts'
import { selectEntries } from '../sql/entries.ts'
import { type Filter, hasConditions, isNarrow, searchRows } from '../sql/search.ts'
import { parsePlaces, renderCursor } from './cursor.ts'
import { type EntryRow, toEntry } from './entry.ts'
import { type Found, mergePage, type Page } from './merge.ts'
import { rangeOf } from './position.ts'

export interface ActivityQuestion {
  /** The histories to be searched, each with the filter as it is for it. */
  readonly searches: readonly { readonly history: History; readonly filter: Filter }[]
  readonly cursor: string | undefined
  readonly take: number
  /** All rows are looked at, however many there are. */
  readonly isDeep: boolean
}

/** How many rows of all histories together a page looks at where no index tells which of them fit. */
const SCAN = 100_000
const LEAST_SCAN = 2_000
/** Characters of a value in a list. */
export const LIST_CUT = 160

/** One page of changes, newest first. */
export async function readActivity(
  ask: Ask,
  scope: Scope,
  question: ActivityQuestion,
): Promise<ActivityAnswer> {
  const places = question.cursor === undefined ? undefined : parsePlaces(question.cursor)
  const searches = question.searches.filter(({ history }) => places === undefined || history.oid in places)
  const budget = Math.max(LEAST_SCAN, Math.floor(SCAN / Math.max(1, searches.length)))
  const found: Found[] = []
  for (const { history, filter } of searches) {
    const range = await rangeOf(ask, history, filter)
    const place = places?.[history.oid]
    const belowId = smallest(range.belowId, place)
    const isFree = question.isDeep || isNarrow(filter) || (!hasConditions(filter) && scope.kind === 'all')
    const [row] = await ask<Omit<Found, 'oid'>>(
      searchRows(history, scope, filter, {
        range: { ...range, ...(belowId === undefined ? {} : { belowId }) },
        take: question.take + 1,
        scan: isFree ? undefined : budget,
        order: 'newest',
      }),
    )
    if (row !== undefined) found.push({ oid: history.oid, ...row })
  }
  const page = mergePage(found, question.take, 'newest')
  const entries = await readPicked(
    ask,
    scope,
    searches.map(({ history }) => history),
    page,
  )
  return { entries, ...goOn(page) }
}

export function goOn({ places, searchedUntil }: Page): Pick<ActivityAnswer, 'cursor' | 'searchedUntil'> {
  const cursor = Object.keys(places).length === 0 ? null : renderCursor(places)
  return { cursor, searchedUntil: cursor === null ? null : searchedUntil }
}

/** The versions that a page has picked, in its order, with what each of them changed. */
export async function readPicked(
  ask: Ask,
  scope: Scope,
  histories: readonly History[],
  { picked }: Page,
): Promise<readonly Entry[]> {
  const entries = new Map<string, Entry>()
  for (const history of histories) {
    const ids = picked.filter(({ oid }) => oid === history.oid).map(({ id }) => id)
    if (ids.length === 0) continue
    for (const row of await ask<EntryRow>(selectEntries(history, scope, ids, LIST_CUT))) {
      entries.set(`${history.oid} ${row.audit_id}`, toEntry(history, row, false))
    }
  }
  return picked.flatMap(({ oid, id }) => entries.get(`${oid} ${id}`) ?? [])
}

function smallest(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return BigInt(a) < BigInt(b) ? a : b
}
