import { asAnswer, cellsOf, cellValue, keyEquals, sameKey, selectCells } from './cells.ts'
import { toVersion } from './entry.ts'
import { conditions, exactKey, fieldOf, HISTORY, keyPart, keysUpTo } from './filter.ts'
import { all, bind, comma, type Fragment, ident, join, qualified, sql } from './fragment.ts'
import { AuditHistoryError } from './history-error.ts'
import type { HistoryModel } from './history-model.ts'
import { keyOf } from './key.ts'
import { liveRows, readLive } from './live-rows.ts'
import type { Until } from './moment.ts'
import type { Reader, Row } from './reader.ts'

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

/** A row as it was, and the version that says so; a row that was never written has none. */
export interface FoundVersion {
  readonly auditId: bigint | null
  readonly row: Readonly<Record<string, unknown>>
  readonly other: Readonly<Record<string, unknown>>
}

export interface Found {
  readonly versions: readonly FoundVersion[]
  readonly coverageFrom: Date | null
  readonly unknown: readonly Readonly<Record<string, unknown>>[]
}

/**
 * The rows of a table as its history has them at a moment:
 *
 * - of each key the last version until then, unless that is a `D`;
 * - of a key whose first version came later and is a `D`, that one, for it holds the row from before;
 * - of a key that was never written, the live row.
 *
 * Keys whose first version came later and is a `U` or `B` are `unknown`: what they were before nobody recorded.
 */
export async function versionsAt(
  reader: Reader,
  model: HistoryModel,
  until: Until,
  question: Question,
): Promise<Found> {
  if (model.key.length === 0) {
    throw new AuditHistoryError(
      'INVALID_ARGUMENT',
      `${model.source.name} has no key: its history cannot be folded to its rows.`,
    )
  }
  const key = exactKey(model, question.where)
  if (key !== undefined) {
    const found = await lastVersion(reader, model, until, key)
    if (found !== undefined) return found
  }
  const upTo = await lastKeyOfPage(reader, model, until, question)
  const found = await versionsOf(reader, model, until, { ...question, upTo })
  // Rows may have gone since their last key was read.
  const isShort = upTo !== undefined && found.versions.length < (question.take ?? 0)
  return isShort ? versionsOf(reader, model, until, question) : found
}

async function versionsOf(
  reader: Reader,
  model: HistoryModel,
  until: Until,
  question: Question,
): Promise<Found> {
  const live = question.isWrittenOnly ? undefined : await readLive(reader, model, question)
  const rows = await reader.ask([model], everyVersion(model, until, question, live))
  const known = rows.filter((row) => row.state === 'known')
  return {
    versions: known.map((row) => toFound(model, row)),
    coverageFrom: (rows.find((row) => row.state === 'coverage')?.covered_from as Date | undefined) ?? null,
    unknown: rows
      .filter((row) => row.state === 'unknown')
      .map((row) => toFound(model, row))
      .map(({ row, other }) => keyOf(model, row, other)),
  }
}

/** One row by its key: one walk along the index. Undefined where nothing was written until then. */
async function lastVersion(
  reader: Reader,
  model: HistoryModel,
  until: Until,
  key: readonly string[],
): Promise<Found | undefined> {
  const history = qualified(model.audit)
  const [row] = await reader.ask(
    [model],
    sql`SELECT h."audit_id", h."audit_operation"::text, ${selectCells(model, 'h')}, ${coverage(model)} AS covered_from
FROM (
  SELECT h.* FROM ${history} AS h WHERE ${keyEquals(model, sql`h`, key)} AND ${until(model)}
  ORDER BY h."audit_id" DESC LIMIT 1
) AS h`,
  )
  if (row === undefined) return undefined
  return {
    versions: row.audit_operation === 'D' ? [] : [toFound(model, row)],
    coverageFrom: (row.covered_from as Date | null) ?? null,
    unknown: [],
  }
}

/** One statement, hence one snapshot. */
function everyVersion(
  model: HistoryModel,
  until: Until,
  question: Question,
  live: string | undefined,
): Fragment {
  const { where, take } = question
  const history = qualified(model.audit)
  const keys = join(keyColumns(model), comma)
  const narrow = narrowed(model, question)
  const wanted = all(conditions(model, where, HISTORY))
  const order = join([...ordered(model, question.orderBy), ...keyColumns(model)], comma)
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
function narrowed(model: HistoryModel, { where, candidates, upTo }: Question): Fragment {
  return all([
    ...conditions(model, keyPart(model, where), HISTORY),
    ...(candidates === undefined ? [] : [candidates]),
    ...(upTo === undefined ? [] : [keysUpTo(model, HISTORY, upTo)]),
  ])
}

/** Rows whose first version came after the moment: that version. */
function firstLater(model: HistoryModel, until: Until, question: Question): Fragment {
  const history = qualified(model.audit)
  const later = join(
    model.key.map((column) => sql`later.${ident(column)}`),
    comma,
  )
  return sql`SELECT DISTINCT ON (${later}) later.* FROM (
    SELECT h.* FROM ${history} AS h WHERE ${narrowed(model, question)} AND NOT (${until(model)})
  ) AS later
  WHERE NOT EXISTS (
    SELECT FROM ${history} AS h WHERE ${sameKey(model, sql`h`, sql`later`)} AND ${until(model)}
  )
  ORDER BY ${later}, later."audit_id"`
}

/**
 * The key of the last row of a page in the order of the key, by what was written until the moment alone: nothing that comes
 * after it has to be looked at, however large the table is. Undefined where there is no such page, or it is not full.
 */
async function lastKeyOfPage(
  reader: Reader,
  model: HistoryModel,
  until: Until,
  question: Question,
): Promise<readonly string[] | undefined> {
  const { take, where, orderBy = [] } = question
  if (take === undefined || !isKeyOrder(model, orderBy)) return undefined
  const keys = join(keyColumns(model), comma)
  const texts = model.key.map(
    (column, index) => sql`CAST(h.${ident(column)} AS text) AS ${ident(`k${index}`)}`,
  )
  const [row] = await reader.ask(
    [model],
    sql`SELECT ${join(texts, comma)} FROM (
  SELECT DISTINCT ON (${keys}) h.* FROM ${qualified(model.audit)} AS h
  WHERE ${narrowed(model, question)} AND ${until(model)} ORDER BY ${keys}, h."audit_id" DESC
) AS h WHERE h."audit_operation" <> 'D' AND ${all(conditions(model, where, HISTORY))}
ORDER BY ${keys} OFFSET ${bind(String(take - 1), 'integer')} LIMIT 1`,
  )
  return row && model.key.map((_, index) => String(row[`k${index}`]))
}

/** A hidden column of a key has no field to be compared by. */
function isKeyOrder(model: HistoryModel, orderBy: NonNullable<Question['orderBy']>): boolean {
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

function keyColumns(model: HistoryModel): readonly Fragment[] {
  return model.key.map((column) => sql`h.${ident(column)}`)
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
    (cell, index) => sql`${asAnswer(cell, sql`h.${ident(cell.column)}`)} AS ${ident(`h${index}`)}`,
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

function toFound(model: HistoryModel, row: Row): FoundVersion {
  return { auditId: (row.audit_id as bigint | null) ?? null, ...toVersion(model, row, 'h') }
}
