import type { History } from '../catalog/history.ts'
import type { Scope } from '../scope.ts'
import { at, cellText, hasKey, id, inScope, isoTime, sameKey, textArray } from './rows.ts'
import { all, bind, comma, ident, integer, join, qualified, type Sql, sql } from './sql.ts'

/**
 * A row for each of these versions, newest first, each beside the version before it of the same key. Values are cut after `cut`
 * characters; `lengths` are those of all of them.
 */
export function selectEntries(history: History, scope: Scope, ids: readonly string[], cut: number): Sql {
  return entriesOf(
    history,
    scope,
    sql`SELECT h.* FROM ${qualified(history)} AS h
    WHERE ${all([sql`h.${id} = ANY (${bind(ids)}::bigint[])`, ...inScope(history, scope, sql`h`)])}`,
    cut,
  )
}

/** The versions of one key from the newest one below `before` on, one walk along the index of the key. */
export function selectTimeline(
  history: History,
  scope: Scope,
  question: { readonly key: readonly string[]; readonly before: string | undefined; readonly take: number },
  cut: number,
): Sql {
  const { key, before, take } = question
  const chosen = all([
    ...hasKey(history, key, sql`h`),
    ...(before === undefined ? [] : [sql`h.${id} < ${bind(before)}::bigint`]),
    ...inScope(history, scope, sql`h`),
  ])
  const versions = sql`SELECT h.* FROM ${qualified(history)} AS h WHERE ${chosen} ORDER BY h.${id} DESC LIMIT ${integer(take)}`
  return entriesOf(history, scope, versions, cut)
}

function entriesOf(history: History, scope: Scope, versions: Sql, cut: number): Sql {
  const cells = (alias: Sql) => history.columns.map((column) => cellText(history, column, alias))
  const cutTexts = (alias: string) =>
    textArray(history.columns.map((_, index) => sql`left(${ident(`${alias}${index}`)}, ${integer(cut)})`))
  const lengths = (alias: string) =>
    sql`ARRAY[${join(
      history.columns.map((_, index) => sql`length(${ident(`${alias}${index}`)})`),
      comma,
    )}]::integer[]`
  const named = (alias: string, texts: readonly Sql[]) =>
    join(
      texts.map((text, index) => sql`, ${text} AS ${ident(`${alias}${index}`)}`),
      sql``,
    )
  const previous =
    history.key.length === 0
      ? sql`SELECT h.* FROM ${qualified(history)} AS h WHERE false`
      : sql`SELECT p.* FROM ${qualified(history)} AS p
    WHERE ${all([...sameKey(history, sql`p`, sql`h`), sql`p.${id} < h.${id}`, ...inScope(history, scope, sql`p`)])}
    ORDER BY p.${id} DESC LIMIT 1`
  const asserted = [...history.settings, ...history.facts].map(({ column }) =>
    // Without the length of a network, which an address of a client does not have.
    column.type === 'inet' ? sql`host(h.${ident(column.name)})` : sql`h.${ident(column.name)}::text`,
  )
  return sql`SELECT
  audit_id, operation, at, transaction_id, started_at, database_user, said, key, previous_id, previous_operation,
  ${cutTexts('h')} AS after, ${lengths('h')} AS after_lengths,
  ${cutTexts('p')} AS before, ${lengths('p')} AS before_lengths,
  ARRAY[${join(
    history.columns.map((_, index) => sql`${ident(`h${index}`)} IS DISTINCT FROM ${ident(`p${index}`)}`),
    comma,
  )}]::boolean[] AS differs
FROM (
  SELECT
    h.${id}::text AS audit_id,
    h."audit_operation"::text AS operation,
    ${isoTime(sql`h.${at}`)} AS at,
    h."audit_transaction_id"::text AS transaction_id,
    ${isoTime(sql`h."audit_transaction_timestamp"`)} AS started_at,
    h."audit_current_user" AS database_user,
    ${textArray(asserted)} AS said,
    ${textArray(history.key.map(({ name }) => sql`h.${ident(name)}::text`))} AS key,
    p.${id}::text AS previous_id,
    p."audit_operation"::text AS previous_operation,
    h.${id} AS number${named('h', cells(sql`h`))}${named('p', cells(sql`p`))}
  FROM (${versions}) AS h
  LEFT JOIN LATERAL (
    ${previous}
  ) AS p ON true
  OFFSET 0
) AS entry
ORDER BY number DESC`
}

/** One value in full. */
export function selectValue(
  history: History,
  scope: Scope,
  auditId: string,
  column: History['columns'][number],
): Sql {
  return sql`SELECT ${cellText(history, column, sql`h`)} AS text FROM ${qualified(history)} AS h
WHERE ${all([sql`h.${id} = ${bind(auditId)}::bigint`, ...inScope(history, scope, sql`h`)])}`
}
