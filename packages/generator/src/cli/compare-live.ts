import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientBase } from 'pg'
import { hasOtherKeys } from '../sql/baseline.ts'
import { sourceRows } from '../sql/baseline-source.ts'
import { isRecordThere } from '../sql/erasing.ts'
import { unkeyedColumns } from '../sql/hash-key-table.ts'
import { type KeyOrder, keyOrder } from '../sql/key-order.ts'
import {
  type ComparedPage,
  type LiveFinding,
  renderHistoryPage,
  renderLivePage,
} from '../sql/live-comparison.ts'
import type { Told } from '../sql/live-differences.ts'
import { beginVerifying } from '../sql/seal-chain.ts'
import { inTransaction } from './database-client.ts'

/** A finding, with the moment until which it was found: the write lies between `at` and `before`. */
export interface MissedWrite extends LiveFinding {
  readonly before: string
}

/** How far one table is compared: plain data, so that a later run can go on. */
export interface ComparedTable {
  /** Rows of the table first, then the ends of the history. */
  readonly pass: 'rows' | 'history' | 'done'
  /** Where the next page begins: a key, or an id of the history. */
  readonly last: readonly string[]
  readonly rows: number
  readonly historyRows: number
  /** Rows of which the history tells nothing. */
  readonly untold: number
  readonly missed: number
  /** The first `MOST` of them. */
  readonly findings: readonly MissedWrite[]
}

export const BEGUN: ComparedTable = {
  pass: 'rows',
  last: [],
  rows: 0,
  historyRows: 0,
  untold: 0,
  missed: 0,
  findings: [],
}

/** So many findings of a table are kept; the others are counted. */
const MOST = 1000

/** Below all ids of a history, those of baselines included. */
export const FIRST_ID = '-9223372036854775808'

export interface CompareOptions {
  /** How many rows a page has. */
  readonly size: number
  /** Milliseconds between two pages. */
  readonly pause: number
  /** Ends the run after the page that is under way. */
  readonly signal: AbortSignal
  /** Called after each page, with about how many rows the table has. */
  readonly onProgress: (reached: ComparedTable, total: number) => void
}

/**
 * Compares a table with what its history says, page by page, each in a snapshot of its own: a write and its row of history become
 * visible at once, so that nothing is called missing that is only under way.
 *
 * @param from where an earlier run ended
 * @throws Error of `pg`; the pages before it are done
 */
export async function compareLive(
  client: ClientBase,
  wanted: Told,
  from: ComparedTable,
  { size, pause, signal, onProgress }: CompareOptions,
): Promise<ComparedTable> {
  const { told, order, total } = await inTransaction(client, beginVerifying(), () =>
    prepareTold(client, wanted),
  )
  let reached = from
  onProgress(reached, total)
  while (reached.pass !== 'done' && !signal.aborted) {
    const isRows = reached.pass === 'rows'
    const isFirst = reached.last.length === 0
    const page = isRows
      ? renderLivePage(told, size, isFirst ? undefined : order)
      : renderHistoryPage(told, size)
    const values = isRows || !isFirst ? [...reached.last] : [FIRST_ID]
    const { rows } = await inTransaction(client, beginVerifying(), () =>
      client.query<ComparedPage>(page, values),
    )
    const [found] = rows
    if (found === undefined) throw new Error('PostgreSQL gave no row for a query that always has one.')
    reached = after(reached, found, size)
    onProgress(reached, Math.max(total, reached.rows))
    if (pause > 0 && reached.pass !== 'done') await sleep(pause, undefined, { signal }).catch(() => {})
  }
  return reached
}

/** What this database adds to what is told: for a transaction of `beginVerifying`. */
export async function prepareTold(client: ClientBase, wanted: Told) {
  const { table } = wanted
  const { rows: order } = await client.query<{ own: KeyOrder[number] }>(keyOrder(table))
  const { rows: other } = await client.query<{ found: boolean }>(hasOtherKeys(table))
  const unkeyed = unkeyedColumns(table)
  const { rows: left } = unkeyed === undefined ? { rows: [] } : await client.query<{ name: string }>(unkeyed)
  const { rows: erasures } = await client.query<{ isThere: boolean }>(isRecordThere(table))
  const { rows: estimated } = await client.query<{ rows: number | null }>(sourceRows(table).estimate)
  const told: Told = {
    ...wanted,
    isWhole: wanted.isWhole && other[0]?.found !== true,
    left: new Set(left.map(({ name }) => name)),
    hasErasures: erasures[0]?.isThere === true,
  }
  return { told, order: order.map(({ own }) => own), total: estimated[0]?.rows ?? 0 }
}

function after(before: ComparedTable, page: ComparedPage, size: number): ComparedTable {
  const isRows = before.pass === 'rows'
  const isEnd = page.read < size
  const missed = page.findings.map((each) => ({ ...each, before: page.now }))
  return {
    pass: !isEnd ? before.pass : isRows ? 'history' : 'done',
    last: isEnd ? [] : (page.last ?? []),
    rows: before.rows + (isRows ? page.read : 0),
    historyRows: before.historyRows + (isRows ? 0 : page.read),
    untold: before.untold + page.untold,
    missed: before.missed + missed.length,
    findings: [...before.findings, ...missed].slice(0, MOST),
  }
}
