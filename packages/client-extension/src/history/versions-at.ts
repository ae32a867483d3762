import { keyEquals, keyList, selectCells } from './cells.ts'
import { toVersion } from './entry.ts'
import { conditions, exactKey, HISTORY } from './filter.ts'
import { all, bind, comma, ident, join, qualified, sql } from './fragment.ts'
import { AuditHistoryError } from './history-error.ts'
import type { HistoryModel } from './history-model.ts'
import { keyOf } from './key.ts'
import { readLive } from './live-rows.ts'
import type { Until } from './moment.ts'
import type { Reader, Row } from './reader.ts'
import { coverage, everyVersion, isKeyOrder, narrowed, type Question } from './versions-query.ts'

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
  const keys = keyList(model, sql`h`)
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

function toFound(model: HistoryModel, row: Row): FoundVersion {
  return { auditId: (row.audit_id as bigint | null) ?? null, ...toVersion(model, row, 'h') }
}
