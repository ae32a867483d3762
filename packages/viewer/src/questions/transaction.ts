import type { TransactionAnswer } from '../answers.ts'
import type { History } from '../catalog/history.ts'
import type { Ask } from '../database/connection.ts'
import type { Scope } from '../scope.ts'
import { searchRows } from '../sql/search.ts'
import { goOn, readPicked } from './activity.ts'
import { parsePlaces } from './cursor.ts'
import { type Found, mergePage } from './merge.ts'
import { positionAt, SLACK } from './position.ts'

export interface TransactionQuestion {
  readonly histories: readonly History[]
  readonly transaction: { readonly id: string; readonly startedAt: string }
  readonly cursor: string | undefined
  readonly take: number
  readonly isDeep: boolean
}

/** How many rows of a history are looked at from the start of the transaction on. */
const SCAN = 50_000

/**
 * All that one transaction changed, over all histories, in order of writing. Histories have no index on transactions: the rows that
 * were written from its start on are looked at, and `lookedUntil` says how far.
 */
export async function readTransaction(
  ask: Ask,
  scope: Scope,
  question: TransactionQuestion,
): Promise<TransactionAnswer> {
  const { transaction, cursor, take, isDeep } = question
  const places = cursor === undefined ? undefined : parsePlaces(cursor)
  const histories = question.histories.filter(({ oid }) => places === undefined || oid in places)
  const filter = { from: transaction.startedAt, transaction, equals: [] }
  const found: Found[] = []
  for (const history of histories) {
    const place = places?.[history.oid]
    const fromId = await positionAt(ask, history, Date.parse(transaction.startedAt) - SLACK)
    // Nothing but a baseline, whose rows no request wrote.
    if (fromId === undefined) continue
    const start = place === undefined ? fromId : String(BigInt(place) + 1n)
    const scan = isDeep ? undefined : SCAN
    const search = { range: { fromId: start }, take: take + 1, scan, order: 'oldest' as const }
    const [row] = await ask<Omit<Found, 'oid'>>(searchRows(history, scope, filter, search))
    if (row !== undefined) found.push({ oid: history.oid, ...row })
  }
  const page = mergePage(found, take, 'oldest')
  const entries = await readPicked(ask, scope, histories, page)
  return { entries, ...goOn(page), lookedUntil: page.searchedUntil }
}
