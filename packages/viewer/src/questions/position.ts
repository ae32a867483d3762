import type { History } from '../catalog/history.ts'
import type { Ask } from '../database/connection.ts'
import { selectPosition } from '../sql/position.ts'
import type { Filter, Range } from '../sql/search.ts'

/** How far the order of the ids may be from that of the times: what was under way at once. In milliseconds. */
export const SLACK = 60_000

/** The first id at which a row of that time or a later one can be; undefined for a history without one. */
export async function positionAt(ask: Ask, history: History, time: number): Promise<string | undefined> {
  const [row] = await ask<{ position: string }>(selectPosition(history, new Date(time).toISOString()))
  return row?.position
}

/**
 * The range of ids in which the rows of the filter's times lie. Rows of a baseline have ids below zero, which say nothing of their
 * time: they are in it where it reaches back to the first change, or where they alone are asked for.
 */
export async function rangeOf(ask: Ask, history: History, filter: Filter): Promise<Range> {
  if (filter.operations?.join() === 'B') return { belowId: '0' }
  const { from, to } = filter
  const fromId = from === undefined ? undefined : await positionAt(ask, history, Date.parse(from) - SLACK)
  const belowId = to === undefined ? undefined : await positionAt(ask, history, Date.parse(to) + SLACK)
  const isFromFirst = fromId !== undefined && fromId === (await positionAt(ask, history, 0))
  return {
    ...(fromId === undefined || isFromFirst ? {} : { fromId }),
    ...(belowId === undefined ? {} : { belowId }),
  }
}
