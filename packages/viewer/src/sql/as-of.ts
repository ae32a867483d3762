import type { History } from '../catalog/history.ts'
import type { Scope } from '../scope.ts'
import { at, cellText, hasKey, id, inScope, isoTime, keyList, sameKey, textArray, typed } from './rows.ts'
import { all, bind, comma, ident, integer, join, qualified, type Sql, sql, typeName } from './sql.ts'

export interface AsOfQuestion {
  /** What was written before this time counts. */
  readonly before: string
  readonly key: readonly string[] | undefined
  /** The key of the last row of the page before. */
  readonly after: readonly string[] | undefined
  readonly take: number
}

/**
 * The rows of a table as its history has them, in the order of the key:
 *
 * - of each key the last version until then, unless that is a `D`;
 * - of a key whose first version came later: if that is a `D`, it holds the row from before; a `U` or `B` says that the row was
 *   perhaps there (`unknown`), an `I` that it was not.
 *
 * One walk along the index of the key. The tenant is asked of the version that counts, not of those before it.
 */
export function selectAsOf(history: History, scope: Scope, question: AsOfQuestion, cut: number): Sql {
  const { before, key, after, take } = question
  const isUntil = sql`h.${at} < ${bind(before)}::timestamptz`
  const keys = keyList(history, sql`h`)
  const narrowed = all([
    ...(key === undefined ? [] : hasKey(history, key, sql`h`)),
    ...(after === undefined ? [] : [sql`(${keys}) > (${keyValues(history, after)})`]),
  ])
  return sql`SELECT
  ${textArray(history.key.map(({ name }) => sql`h.${ident(name)}::text`))} AS key,
  h.${id}::text AS audit_id,
  CASE WHEN h.is_until OR h."audit_operation" = 'D' THEN 'known' ELSE 'unknown' END AS state,
  ${valuesOf(history, cut)}
FROM (
  SELECT DISTINCT ON (${keys}) h.*, ${isUntil} AS is_until
  FROM ${qualified(history)} AS h
  WHERE ${narrowed}
  ORDER BY ${keys}, ${isUntil} DESC, CASE WHEN ${isUntil} THEN - h.${id} ELSE h.${id} END
) AS h
WHERE ${all([
    sql`CASE WHEN h.is_until THEN h."audit_operation" <> 'D' ELSE h."audit_operation" <> 'I' END`,
    ...inScope(history, scope, sql`h`),
  ])}
ORDER BY ${keys}
LIMIT ${integer(take)}`
}

function keyValues(history: History, values: readonly string[]): Sql {
  return join(
    history.key.map((column, index) => typed(column, values[index])),
    comma,
  )
}

function valuesOf(history: History, cut: number): Sql {
  const texts = history.columns.map((column) => cellText(history, column, sql`h`))
  return sql`${textArray(texts.map((text) => sql`left(${text}, ${integer(cut)})`))} AS values,
  ARRAY[${join(
    texts.map((text) => sql`length(${text})`),
    comma,
  )}]::integer[] AS lengths`
}

/**
 * Live rows that the history has nothing of. Only columns that are recorded as they are, others are NULL: nothing is shown here that
 * the history would not hold.
 */
export function selectNeverWritten(
  history: History,
  source: NonNullable<History['source']>,
  scope: Scope,
  question: AsOfQuestion,
  cut: number,
): Sql {
  const { key, after, take } = question
  const keys = keyList(history, sql`l`)
  const texts = history.columns.map(({ name, isRetired }) =>
    history.sources.has(name) && !isRetired ? sql`l.${ident(name)}::text` : sql`NULL::text`,
  )
  // In the type of the history, which may be another one (an enum, citext): pages have to compare as they sort.
  const named = history.columns.flatMap((column) => {
    const from = history.sources.get(column.name)
    if (from === undefined) return []
    return [sql`CAST(live.${ident(from)} AS ${typeName(column.type)}) AS ${ident(column.name)}`]
  })
  return sql`SELECT
  ${textArray(history.key.map(({ name }) => sql`l.${ident(name)}::text`))} AS key,
  NULL::text AS audit_id,
  'live' AS state,
  ${textArray(texts.map((value) => sql`left(${value}, ${integer(cut)})`))} AS values,
  ARRAY[${join(
    texts.map((value) => sql`length(${value})`),
    comma,
  )}]::integer[] AS lengths
FROM (SELECT ${join(named, comma)} FROM ${qualified(source)} AS live) AS l
WHERE ${all([
    ...(key === undefined ? [] : hasKey(history, key, sql`l`)),
    ...(after === undefined ? [] : [sql`(${keys}) > (${keyValues(history, after)})`]),
    ...inScope(history, scope, sql`l`),
    sql`NOT EXISTS (SELECT FROM ${qualified(history)} AS h WHERE ${all(sameKey(history, sql`h`, sql`l`))})`,
  ])}
ORDER BY ${keys}
LIMIT ${integer(take)}`
}

/** One row: which columns of the source may be read, and whether row level security is on it. */
export function selectSourceColumns(source: { readonly schema: string; readonly name: string }): Sql {
  return sql`SELECT
  (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AND NOT c.relrowsecurity) AS "isReadable",
  (
    SELECT coalesce(json_agg(a.attname), '[]') FROM pg_attribute AS a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  ) AS columns
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = ${bind(source.schema)} AND c.relname = ${bind(source.name)} AND c.relkind IN ('r', 'p')`
}

/** When the oldest row of the history was written. Rows of a baseline have ids below zero, the first -1. */
export function selectCoverage(history: History): Sql {
  const oldest = (side: Sql, direction: Sql) =>
    sql`(SELECT h.${at} FROM ${qualified(history)} AS h WHERE ${side} ORDER BY h.${id} ${direction} LIMIT 1)`
  const covered = sql`least(${oldest(sql`h.${id} > 0`, sql`ASC`)}, ${oldest(sql`h.${id} < 0`, sql`DESC`)})`
  return sql`SELECT ${isoTime(covered)} AS covered`
}
