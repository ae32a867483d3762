import type { AuditTableObject, StateColumn } from '../state/database-state.ts'
import { auditTable, liveColumns } from './audit-table.ts'
import { isSameKey } from './baseline.ts'
import { renderType } from './column-type.ts'
import { erasureName } from './erasure-tables.ts'
import { hashKeyMade } from './hash-key-table.ts'
import { historyValue } from './history-row.ts'
import type { KeyOrder } from './key-order.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { sourcePage } from './source-page.ts'
import { ident, join, literal, type Sql, sql } from './sql.ts'
import { columnNumber, hasMarks, isHeld, LOOK_BACK } from './unchanged-columns.ts'

/*
 * What a row of a table and the newest row of its history say of each other, and what excuses a difference: for `verify --live`, which tells
 * it, and for `resume` and `after-restore --reconcile`, which write it.
 */

/** What the history of a table can tell of the rows that it has today. */
export interface Told {
  readonly table: AuditTableObject
  /** A row without history was written past the triggers: the history has been there as long as the table, or begins with a baseline. */
  readonly isWhole: boolean
  /** What this transaction or a later one wrote was written past the triggers, if the history does not say so: nothing excuses it. */
  readonly writtenSince?: string | undefined
  /** Until this time (PostgreSQL's text) the audit rested: what it recorded before says nothing of today. */
  readonly restedUntil?: string | undefined
  /** By audit column: until this time NULL is no value, for the column was not recorded yet. `infinity` where nobody knows. */
  readonly since: ReadonlyMap<string, string>
  /** Audit columns that cannot be compared here. */
  readonly left: ReadonlySet<string>
  /** Values may have been erased from the history. */
  readonly hasErasures?: boolean
}

const WRITTEN_BY = 'audit_written_by'

/** A page of the source, and which transaction wrote each row where that is asked. */
export function livePage({ table, writtenSince }: Told, size: number, order: KeyOrder | undefined): Sql {
  const by = writtenSince === undefined ? [] : [sql`s.xmin::text::bigint AS ${ident(WRITTEN_BY)}`]
  return sourcePage(table, size, order, ...by)
}

/** The names of the audit columns in which the row of the table is not the row of the history. */
export function differences(told: Told, row: Sql, held: Sql): Sql {
  const compared = liveColumns(told.table).filter(({ name }) => !told.left.has(name))
  const each = compared.map(
    (column) =>
      sql`CASE WHEN ${differs(told, column, row, held)} THEN ${unlessErased(told, column, row, held)} END`,
  )
  return sql`array_remove(ARRAY[
  ${join(each, sql`,\n`)}
]::text[], NULL)`
}

function differs(told: Told, column: StateColumn, row: Sql, held: Sql): Sql {
  const { table, since } = told
  const { name, type, policy } = column
  const known = sql`${held}.${ident(name)}`
  const until = since.get(name)
  const isTold =
    until === undefined
      ? sql``
      : sql` AND NOT (${known} IS NOT DISTINCT FROM NULL AND ${held}.${ident(AUDIT_COLUMNS.operationTimestamp)} <= ${literal(until)}::timestamptz AND NOT ${isWrittenSince(told, row)})`
  const value = historyValue(table, name, row)
  if (policy === 'redact') {
    return sql`(${known} IS NOT DISTINCT FROM NULL) <> (${value} IS NOT DISTINCT FROM NULL)${isTold}`
  }
  if (column.whenChanged && hasMarks(table)) {
    return sql`${isHeld(table, column, row, columnNumber(table, column), LOOK_BACK + 1)} IS NOT TRUE${isTold}`
  }
  const cast = sql`CAST(${value} AS ${renderType(type)})`
  // More digits after the point are no other number.
  if (type.name === 'numeric' && policy !== 'hash') return sql`${known} IS DISTINCT FROM ${cast}${isTold}`
  // What was hashed before the key was made anew says nothing of today's hash.
  const isOfKey =
    policy === 'hash'
      ? sql` AND ${held}.${ident(AUDIT_COLUMNS.operationTimestamp)} >= ${hashKeyMade(table, name)}`
      : sql``
  return sql`ROW(${known})::record *<> ROW(${cast})::record${isOfKey}${isTold}`
}

/**
 * The name of a column, unless an erasure took its value out of that row of the history: then nobody knows what it was. Looked for only where
 * something differs.
 */
function unlessErased(
  { table, hasErasures }: Told,
  { name, whenChanged }: StateColumn,
  row: Sql,
  held: Sql,
): Sql {
  if (!hasErasures) return literal(name)
  const [id, at] = [ident(AUDIT_COLUMNS.id), ident(AUDIT_COLUMNS.operationTimestamp)]
  const isIn = (of: Sql) =>
    sql`t.value -> 'rows' @> jsonb_build_array(jsonb_build_array(${of}.${id}::text, ${of}.${at}::text))`
  // Its value stands in an older row.
  const isOfRow = whenChanged
    ? sql`EXISTS (SELECT FROM ${auditTable(table)} AS known WHERE ${isSameKey(table, row)} AND ${isIn(sql`known`)})`
    : isIn(held)
  return sql`CASE WHEN NOT EXISTS (
  SELECT FROM ${erasureName(table, 'erasure')} AS e
  CROSS JOIN LATERAL jsonb_array_elements(e."erased") AS t (value)
  -- The record has the names of its day, for history and column: a row is known by its number and time.
  WHERE (
      t.value -> 'columns' @> to_jsonb(${literal(name)}::text)
      OR t.value -> 'paths' @> jsonb_build_array(jsonb_build_object('column', ${literal(name)}::text))
      OR ${held}.${ident(name)} IS NOT DISTINCT FROM NULL
    )
    AND ${isOfRow}
) THEN ${literal(name)} END`
}

/** Whether a row of the page that has no history should have one. */
export function isWithoutHistoryTold({ isWhole, writtenSince }: Told, row: Sql): Sql {
  return isWhole ? sql`true` : isWrittenSince({ writtenSince }, row)
}

/**
 * Whether a row of the page is of the transaction `writtenSince` or a later one; where there is none, no row is. Transaction ids of rows
 * have 32 bits and begin anew: a distance below half of them is later.
 */
export function isWrittenSince({ writtenSince }: Pick<Told, 'writtenSince'>, row: Sql): Sql {
  if (writtenSince === undefined) return sql`false`
  return sql`(((${row}.${ident(WRITTEN_BY)} - ${literal(writtenSince)}::bigint) & 4294967295) < 2147483648)`
}

/** Whether what was recorded at that time says something of today. */
export function isAfter(restedUntil: string | undefined, at: Sql): Sql {
  return restedUntil === undefined ? sql`true` : sql`(${at} > ${literal(restedUntil)}::timestamptz)`
}
