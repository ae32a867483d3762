import type { History, HistoryColumn } from '../catalog/history.ts'
import { type Scope, tenantColumn } from '../scope.ts'
import { bind, comma, ident, integer, join, qualified, type Sql, sql, typeName } from './sql.ts'

export const id = sql`"audit_id"`
export const at = sql`"audit_operation_timestamp"`

/** `2026-03-04T10:15:00.123456Z` */
export function isoTime(time: Sql): Sql {
  return sql`to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}

/** A text as a value of the column's own type, so that an index on it can serve. */
export function typed(column: Pick<HistoryColumn, 'type'>, text: unknown): Sql {
  return sql`CAST(${bind(text)} AS ${typeName(column.type)})`
}

/** Of the rows of `h` only those that the scope lets see. */
export function inScope(history: History, scope: Scope, alias: Sql): readonly Sql[] {
  if (scope.kind === 'all') return []
  const column = tenantColumn(history, scope)
  return column === undefined
    ? [sql`false`]
    : [sql`${alias}.${ident(column.name)} = ${typed(column, scope.value)}`]
}

export function hasKey(history: History, key: readonly string[], alias: Sql): readonly Sql[] {
  return history.key.map(
    (column, index) => sql`${alias}.${ident(column.name)} = ${typed(column, key[index])}`,
  )
}

export function keyList(history: History, alias: Sql): Sql {
  return join(
    history.key.map(({ name }) => sql`${alias}.${ident(name)}`),
    comma,
  )
}

export function sameKey(history: History, a: Sql, b: Sql): readonly Sql[] {
  return history.key.map(({ name }) => sql`${a}.${ident(name)} = ${b}.${ident(name)}`)
}

/** A value as text. Where the row only says that it is unchanged, what the history held before. */
export function cellText(history: History, column: HistoryColumn, alias: Sql): Sql {
  const name = ident(column.name)
  const plain = sql`${alias}.${name}::text`
  if (history.unchanged === undefined || history.key.length === 0) return plain
  const number = integer(column.number)
  const marks = ident(history.unchanged.name)
  return sql`CASE WHEN ${number} = ANY (${alias}.${marks}) THEN (
    SELECT held.${name}::text FROM ${qualified(history)} AS held
    WHERE ${join(sameKey(history, sql`held`, alias), sql` AND `)} AND held."audit_id" <= ${alias}."audit_id"
      AND (${number} = ANY (held.${marks})) IS NOT TRUE
    ORDER BY held."audit_id" DESC LIMIT 1
  ) ELSE ${plain} END`
}

export function textArray(texts: readonly Sql[]): Sql {
  return sql`ARRAY[${join(texts, comma)}]::text[]`
}
