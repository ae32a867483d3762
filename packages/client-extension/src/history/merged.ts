import { type Cursor, parseCursor, renderCursor, SELECT_SNAPSHOT, seenBy } from './cursor.ts'
import { selectEntries, toEntry } from './entry.ts'
import { all, bind, type Fragment, join, qualified, sql } from './fragment.ts'
import type { HistoryModel } from './history-model.ts'
import type { Reader, Row } from './reader.ts'
import { checkedTake } from './timeline.ts'
import type { HistoryEntry, HistoryPage } from './types.ts'

/** A history, and which of its versions `h`. */
export interface Source {
  readonly name: string
  readonly model: HistoryModel
  readonly condition: Fragment
}

export interface MergedArgs {
  readonly order?: 'asc' | 'desc'
  readonly take?: number
  readonly cursor?: string
}

export type MergedEntry = HistoryEntry<unknown, HistoryModel> & { readonly model: string }

/**
 * Several histories as one, in the order of writing: by the clock, to the microsecond; what was written in one and the same
 * comes in the order of the models. First the ids of one page are looked for in all of them, then the entries of each.
 */
export async function readMerged(
  reader: Reader,
  sources: readonly Source[],
  args: MergedArgs,
): Promise<HistoryPage<MergedEntry>> {
  if (sources.length === 0) return { entries: [], nextCursor: null }
  const take = checkedTake(args.take)
  const isNewestFirst = args.order === 'desc'
  const cursor = args.cursor === undefined ? undefined : parsePosition(args.cursor)
  const models = sources.map(({ model }) => model)
  const direction = isNewestFirst ? sql` DESC` : sql``
  const order = sql`ORDER BY at${direction}, source${direction}, id${direction} LIMIT ${bind(String(take + 1), 'integer')}`
  const parts = sources.map(
    (
      { model, condition },
      index,
    ) => sql`(SELECT ${bind(String(index), 'integer')} AS source, h."audit_id" AS id,
  (extract(epoch FROM h."audit_operation_timestamp") * 1000000)::bigint AS at
FROM ${qualified(model.audit)} AS h WHERE ${all([condition, ...after(cursor, index, isNewestFirst)])} ${order})`,
  )
  const ids = await reader.ask(
    models,
    sql`SELECT source, id, at, ${SELECT_SNAPSHOT} FROM (${join(parts, sql` UNION ALL `)}) AS merged ${order}`,
  )
  const page = ids.slice(0, take)
  const entries = await entriesOf(reader, sources, page)
  const last = page.at(-1)
  if (ids.length <= take || last === undefined) return { entries, nextCursor: null }
  return { entries, nextCursor: renderPosition(last, cursor) }
}

interface Position {
  readonly seen: Pick<Cursor, 'snapshot' | 'takenAt'>
  readonly at: string
  readonly source: number
  readonly id: string
}

/** What comes after the last row of the page before, in the order of the merged histories. */
function after(cursor: Position | undefined, index: number, isNewestFirst: boolean): readonly Fragment[] {
  if (cursor === undefined) return []
  const beyond = isNewestFirst ? sql`<` : sql`>`
  const place = sql`((extract(epoch FROM h."audit_operation_timestamp") * 1000000)::bigint, ${bind(String(index), 'integer')}, h."audit_id")`
  const last = sql`(${bind(cursor.at, 'bigint')}, ${bind(String(cursor.source), 'integer')}, ${bind(cursor.id, 'bigint')})`
  return [sql`${place} ${beyond} ${last}`, seenBy(cursor.seen)]
}

async function entriesOf(
  reader: Reader,
  sources: readonly Source[],
  page: readonly Row[],
): Promise<readonly MergedEntry[]> {
  const found = new Map<string, MergedEntry>()
  for (const [index, { name, model }] of sources.entries()) {
    const ids = page.filter((row) => Number(row.source) === index).map((row) => String(row.id))
    if (ids.length === 0) continue
    const versions = sql`SELECT h.* FROM ${qualified(model.audit)} AS h WHERE h."audit_id" = ANY (${bind(`{${ids.join(',')}}`, 'bigint[]')})`
    const rows = await reader.ask([model], selectEntries(model, versions, sql``))
    for (const row of rows) found.set(`${index} ${row.audit_id}`, { model: name, ...toEntry(model, row) })
  }
  return page.flatMap((row) => found.get(`${row.source} ${row.id}`) ?? [])
}

/** A cursor with the place in time and the history before it. */
function renderPosition(last: Row, cursor: Position | undefined): string {
  const seen = cursor?.seen ?? { snapshot: String(last.snapshot), takenAt: String(last.taken_at) }
  return `${last.at}.${last.source}.${renderCursor({ auditId: String(last.id), ...seen })}`
}

function parsePosition(text: string): Position {
  const [, at, source, rest] = /^(-?\d{1,19})\.(\d{1,5})\.(.+)$/.exec(text) ?? []
  const { auditId, ...seen } = parseCursor(rest ?? '')
  return { seen, at: at ?? '', source: Number(source), id: auditId }
}
