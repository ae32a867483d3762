import type { RecordAnswer, Value } from '../answers.ts'
import type { History } from '../catalog/history.ts'
import type { Ask } from '../database/connection.ts'
import type { Scope } from '../scope.ts'
import { selectTimeline, selectValue } from '../sql/entries.ts'
import { ViewerError } from '../viewer-error.ts'
import { type EntryRow, toEntry } from './entry.ts'

/** Characters of a value on a record's page; more is there on request. */
const RECORD_CUT = 20_000

export interface RecordQuestion {
  readonly history: History
  readonly key: readonly string[]
  readonly before: string | undefined
  readonly take: number
}

/** One page of a row's timeline, newest first, each version with all its fields before and after. */
export async function readRecord(ask: Ask, scope: Scope, question: RecordQuestion): Promise<RecordAnswer> {
  const { history, key, before, take } = question
  if (history.key.length === 0) {
    throw new ViewerError(
      'INVALID',
      `The history of ${history.label} has no key, so that no row of it can be followed.`,
    )
  }
  if (key.length !== history.key.length) {
    const names = history.key.map(({ name }) => name).join(', ')
    throw new ViewerError('INVALID', `A key of ${history.label} has ${history.key.length} values: ${names}.`)
  }
  const rows = await ask<EntryRow>(
    selectTimeline(history, scope, { key, before, take: take + 1 }, RECORD_CUT),
  )
  const page = rows.slice(0, take)
  const entries = page.map((row) => toEntry(history, row, true))
  return { entries, cursor: rows.length > take ? (page.at(-1)?.audit_id ?? null) : null }
}

/** One value of one version in full; null where it is NULL. */
export async function readValue(
  ask: Ask,
  scope: Scope,
  question: { readonly history: History; readonly auditId: string; readonly column: string },
): Promise<{ readonly value: Value | null }> {
  const { history, auditId } = question
  const column = history.columns.find(({ name }) => name === question.column)
  const [row] =
    column === undefined
      ? []
      : await ask<{ text: string | null }>(selectValue(history, scope, auditId, column))
  if (row === undefined) throw new ViewerError('NOT_FOUND', 'There is no such value.')
  return { value: row.text === null ? null : { text: row.text, length: row.text.length } }
}
