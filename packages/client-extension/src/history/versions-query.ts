import { asAnswer, cellsOf, cellValue, keyList, sameKey, selectCells } from './cells.ts'
import { conditions, fieldOf, HISTORY, keyPart, keysUpTo } from './filter.ts'
import { all, bind, comma, type Fragment, ident, join, qualified, sql } from './fragment.ts'
import type { HistoryModel } from './history-model.ts'
import { liveRows } from './live-rows.ts'
import type { Until } from './moment.ts'

export interface Question {
  readonly where?: object | undefined
  /** `[field, 'asc' | 'desc']` in their order. */
  readonly orderBy?: readonly (readonly [string, string])[]
  readonly take?: number | undefined
  /** A condition on `h` that holds for all versions of a row or for none, beyond what `where` says of the key. */
  readonly candidates?: Fragment | undefined
  /** Leaves out what comes after this key. */
  readonly upTo?: readonly string[] | undefined
  /** Leaves out the rows that were never written. */
  readonly isWrittenOnly?: true
}

/** One statement, hence one snapshot. */
export function everyVersion(
  model: HistoryModel,
  until: Until,
  question: Question,
  live: string | undefined,
): Fragment {
  const { where, take } = question
  const history = qualified(model.audit)
  const keys = keyList(model, sql`h`)
  const narrow = narrowed(model, question)
  const wanted = all(conditions(model, where, HISTORY))
  const order = join([...ordered(model, question.orderBy), keys], comma)
  const limit = take === undefined ? sql`` : sql` LIMIT ${bind(String(take), 'integer')}`
  return sql`WITH recorded AS MATERIALIZED (
  (SELECT h."audit_id", ${recorded(model)} FROM (
    SELECT DISTINCT ON (${keys}) h.* FROM ${history} AS h
    WHERE ${narrow} AND ${until(model)} ORDER BY ${keys}, h."audit_id" DESC
  ) AS h WHERE h."audit_operation" <> 'D' AND ${wanted} ORDER BY ${order}${limit})${
    question.isWrittenOnly ? sql`` : neverWritten(model, question, live, sql`ORDER BY ${order}${limit}`)
  }
), first_later AS (
  ${firstLater(model, until, question)}
), found AS (
  SELECT h.* FROM recorded AS h
  UNION ALL
  SELECT h."audit_id", ${recorded(model)} FROM first_later AS h WHERE h."audit_operation" = 'D' AND ${wanted}
)
(SELECT 'known' AS state, h."audit_id", NULL::timestamptz AS covered_from, ${plainCells(model)}
FROM found AS h ORDER BY ${order}${limit})
UNION ALL
SELECT 'unknown', h."audit_id", NULL, ${selectCells(model, 'h')} FROM first_later AS h
WHERE h."audit_operation" IN ('U', 'B')
UNION ALL
SELECT 'coverage', NULL, ${coverage(model)}, ${join(
    cellsOf(model).map(() => sql`NULL`),
    comma,
  )}`
}

/** What all versions of a row have in common, or none. */
export function narrowed(model: HistoryModel, { where, candidates, upTo }: Question): Fragment {
  return all([
    ...conditions(model, keyPart(model, where), HISTORY),
    ...(candidates === undefined ? [] : [candidates]),
    ...(upTo === undefined ? [] : [keysUpTo(model, HISTORY, upTo)]),
  ])
}

/** Rows whose first version came after the moment: that version. */
function firstLater(model: HistoryModel, until: Until, question: Question): Fragment {
  const history = qualified(model.audit)
  const later = keyList(model, sql`later`)
  return sql`SELECT DISTINCT ON (${later}) later.* FROM (
    SELECT h.* FROM ${history} AS h WHERE ${narrowed(model, question)} AND NOT (${until(model)})
  ) AS later
  WHERE NOT EXISTS (
    SELECT FROM ${history} AS h WHERE ${sameKey(model, sql`h`, sql`later`)} AND ${until(model)}
  )
  ORDER BY ${later}, later."audit_id"`
}

/** A hidden column of a key has no field to be compared by. */
export function isKeyOrder(model: HistoryModel, orderBy: NonNullable<Question['orderBy']>): boolean {
  const columns = Object.values(model.fields).map(({ column }) => column)
  if (!model.key.every((column) => columns.includes(column))) return false
  return orderBy.every(
    ([name, direction], index) => direction !== 'desc' && fieldOf(model, name).column === model.key[index],
  )
}

function neverWritten(
  model: HistoryModel,
  question: Question,
  live: string | undefined,
  page: Fragment,
): Fragment {
  return sql`
  UNION ALL
  (SELECT NULL, h.* FROM (${liveRows(model, question, live)}) AS h
  WHERE NOT EXISTS (
    SELECT FROM ${qualified(model.audit)} AS known WHERE ${sameKey(model, sql`known`, sql`h`)}
  ) ${page})`
}

function ordered(model: HistoryModel, orderBy: Question['orderBy'] = []): readonly Fragment[] {
  return orderBy.map(
    ([name, direction]) =>
      sql`h.${ident(fieldOf(model, name).column)}${direction === 'desc' ? sql` DESC` : sql``}`,
  )
}

/** The cells of a version under the names of their columns, each with the value that it stands for. */
function recorded(model: HistoryModel): Fragment {
  const cells = cellsOf(model).map((cell) => sql`${cellValue(model, cell, 'h')} AS ${ident(cell.column)}`)
  return join(cells, comma)
}

function plainCells(model: HistoryModel): Fragment {
  const cells = cellsOf(model).map(
    (cell) => sql`${asAnswer(cell, sql`h.${ident(cell.column)}`)} AS ${ident(cell.at.h)}`,
  )
  return join(cells, comma)
}

/**
 * When the oldest row of the history was written: from then on the triggers were there. Rows of a baseline have ids below zero,
 * the first -1.
 */
export function coverage(model: HistoryModel): Fragment {
  const history = qualified(model.audit)
  const oldest = (side: Fragment) =>
    sql`(SELECT c."audit_operation_timestamp" FROM ${history} AS c WHERE ${side} LIMIT 1)`
  return sql`least(${oldest(sql`c."audit_id" > 0 ORDER BY c."audit_id"`)}, ${oldest(sql`c."audit_id" < 0 ORDER BY c."audit_id" DESC`)})`
}
