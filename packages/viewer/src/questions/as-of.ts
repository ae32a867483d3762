import type { AsOfAnswer, Value } from '../answers.ts'
import type { History } from '../catalog/history.ts'
import type { Ask } from '../database/connection.ts'
import { type Scope, tenantColumn } from '../scope.ts'
import {
  type AsOfQuestion,
  selectAsOf,
  selectCoverage,
  selectNeverWritten,
  selectSourceColumns,
} from '../sql/as-of.ts'
import { ViewerError } from '../viewer-error.ts'
import { LIST_CUT } from './activity.ts'
import { parseKeyPlace, renderCursor } from './cursor.ts'

interface AsOfRow {
  readonly key: readonly (string | null)[]
  readonly audit_id: string | null
  readonly state: 'known' | 'unknown' | 'live'
  readonly values: readonly (string | null)[]
  readonly lengths: readonly (number | null)[]
}

/**
 * A page of a table's rows as they stood at a moment, in the order of the key: first those that the history knows, then the live ones
 * that were never written since auditing began, where they may be read.
 *
 * @param moment what was written until the end of its millisecond counts
 */
export async function readAsOf(
  ask: Ask,
  scope: Scope,
  question: {
    readonly history: History
    readonly moment: string
    readonly key: readonly string[] | undefined
    readonly cursor: string | undefined
    readonly take: number
  },
): Promise<AsOfAnswer> {
  const { history, moment, key, cursor, take } = question
  if (history.key.length === 0) {
    throw new ViewerError(
      'INVALID',
      `The history of ${history.label} has no key: it cannot be folded to its rows.`,
    )
  }
  const place = cursor === undefined ? undefined : parseKeyPlace(cursor)
  const asked: AsOfQuestion = {
    before: new Date(Date.parse(moment) + 1).toISOString(),
    key,
    after: place?.after,
    take: take + 1,
  }
  const live = await liveHistory(ask, history, scope)
  const ofHistory =
    place?.part === 'live' ? [] : await ask<AsOfRow>(selectAsOf(history, scope, asked, LIST_CUT))
  const rest = take - Math.min(ofHistory.length, take)
  const ofTable =
    live?.source === undefined || ofHistory.length > take
      ? []
      : await ask<AsOfRow>(
          selectNeverWritten(
            live,
            live.source,
            scope,
            { ...asked, after: place?.part === 'live' ? place.after : undefined, take: rest + 1 },
            LIST_CUT,
          ),
        )
  const rows = [...ofHistory, ...ofTable]
  const page = rows.slice(0, take)
  const [covered] = await ask<{ covered: string | null }>(selectCoverage(history))
  return {
    columns: history.columns.map(({ name }) => name),
    rows: page.map(({ key: of, audit_id, state, values, lengths }) => ({
      key: of,
      auditId: audit_id,
      state,
      values: values.map((text, index) => toValue(text, lengths[index])),
    })),
    cursor: rows.length > take ? placeAfter(page.at(-1)) : null,
    coverageFrom: covered?.covered ?? null,
    includesNeverWritten: live !== undefined,
  }
}

function placeAfter(row: AsOfRow | undefined): string | null {
  if (row === undefined) return renderCursor({ part: 'live' })
  return renderCursor({ part: row.state === 'live' ? 'live' : 'history', after: row.key })
}

function toValue(text: string | null, length: number | null | undefined): Value | null {
  return text === null ? null : { text, length: length ?? text.length }
}

/**
 * The history with those columns only that its table has; undefined where the table's own rows cannot be read: another key, no right, or row level security, which would be asked of another role than the application's.
 */
async function liveHistory(ask: Ask, history: History, scope: Scope): Promise<History | undefined> {
  if (history.source === undefined || history.isRetired) return undefined
  const [source] = await ask<{ isReadable: boolean; columns: readonly string[] }>(
    selectSourceColumns(history.source),
  )
  if (source?.isReadable !== true) return undefined
  const there = [...history.sources].filter(([, name]) => source.columns.includes(name))
  const sources = new Map(there)
  const tenant = tenantColumn(history, scope)
  const needed = [...history.key, ...(tenant === undefined ? [] : [tenant])]
  if (!needed.every(({ name }) => sources.has(name))) return undefined
  return { ...history, sources }
}
