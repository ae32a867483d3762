import { cutToBytes } from '../model/names.ts'
import type { AuditHome, AuditTableObject } from '../state/database-state.ts'
import { AUDIT_COLUMNS, requiredCheckName } from './object-names.ts'
import { dollarQuoted, ident, integer, join, literal, qualified, type Sql, sql, sqlText } from './sql.ts'

/*
 * ALTER TABLE takes ACCESS EXCLUSIVE before it finds that IF NOT EXISTS leaves nothing to do, CREATE INDEX takes SHARE:
 * each waits for a long history query, and every writer waits behind it. A statement that may be run again, after a
 * later section failed, therefore looks into the catalog first.
 */

/** A table of the audit's own: one table's history, or that of waivers. */
export interface HistoryTable extends AuditHome {
  readonly names: { readonly table: string }
}

/** The name of the audit table. */
export function auditTable(table: HistoryTable): Sql {
  return qualified({ schema: table.schema, name: table.names.table })
}

/** The audit table as a value of type regclass. */
export function relation(table: HistoryTable): Sql {
  return sql`${literal(sqlText(auditTable(table)))}::regclass`
}

/** A column's name with its definition, `"total" numeric(10, 2)`. */
export interface NewColumn {
  readonly name: string
  readonly definition: Sql
}

/** `ALTER TABLE … ADD COLUMN …` for those that the audit table lacks. */
export function addMissingColumns(table: HistoryTable, columns: readonly NewColumn[]): Sql {
  if (columns.length === 0) return sql``
  const names = columns.map(({ name }) => literal(name))
  const each = columns.map(({ definition }) => sql`ADD COLUMN IF NOT EXISTS ${definition}`)
  const isMissing = sql`(
  SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = ${relation(table)}
    AND a.attname IN (${join(names, sql`, `)})
    AND NOT a.attisdropped
) < ${integer(columns.length)}`
  return when(
    isMissing,
    sql`ALTER TABLE ${auditTable(table)}
  ${join(each, sql`,\n`)};`,
  )
}

/** `ALTER TABLE … RENAME COLUMN`; where the new name is taken the column that has the old one stays. */
export function renameUnlessTaken(table: AuditTableObject, column: string, as: string): Sql {
  const isFree = sql`NOT EXISTS (
  SELECT FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = ${relation(table)} AND a.attname = ${literal(as)} AND NOT a.attisdropped
)`
  return when(isFree, sql`ALTER TABLE ${auditTable(table)} RENAME COLUMN ${ident(column)} TO ${ident(as)};`)
}

/** The CHECK of a required setting, `constraint`, unless there is one. NOT VALID: older rows stay, and no row is read. */
export function addMissingCheck(
  table: HistoryTable,
  setting: { readonly column: string },
  constraint: Sql,
): Sql {
  return when(
    sql`NOT ${hasCheck(table, setting)}`,
    sql`ALTER TABLE ${auditTable(table)}
  ADD ${constraint} NOT VALID;`,
  )
}

/** Drops the CHECK of a setting that was required, if it is there. */
export function dropCheck(table: HistoryTable, setting: { readonly column: string }): Sql {
  return when(
    hasCheck(table, setting),
    sql`ALTER TABLE ${auditTable(table)} DROP CONSTRAINT ${ident(requiredCheckName(setting))};`,
  )
}

/** The CHECK of a required setting as `constraint` has it, where it is there and exempts a baseline otherwise. */
export function replaceCheck(
  table: AuditTableObject,
  setting: { readonly column: string },
  constraint: Sql,
): Sql {
  const exempts = sql`pg_catalog.strpos(pg_catalog.pg_get_constraintdef(c.oid), ${literal(AUDIT_COLUMNS.operation)}) > 0`
  const isOther = sql`EXISTS (
  SELECT FROM pg_catalog.pg_constraint AS c
  WHERE c.conrelid = ${relation(table)} AND c.conname = ${literal(requiredCheckName(setting))}
    AND ${table.backfill ? sql`NOT ` : sql``}${exempts}
)`
  return when(
    isOther,
    sql`ALTER TABLE ${auditTable(table)}
  DROP CONSTRAINT ${ident(requiredCheckName(setting))},
  ADD ${constraint} NOT VALID;`,
  )
}

/** Whether the audit table has the CHECK of a required setting. */
export function hasCheck(table: HistoryTable, setting: { readonly column: string }): Sql {
  return sql`EXISTS (
  SELECT FROM pg_catalog.pg_constraint AS c
  WHERE c.conrelid = ${relation(table)} AND c.conname = ${literal(requiredCheckName(setting))}
)`
}

/** The column that took the name steps aside under one that is free, and the former column gets its name back. */
export function swapBack(table: AuditTableObject, column: string, as: string): Sql {
  const isThere = sql`EXISTS (
  SELECT FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = ${relation(table)} AND a.attname = ${literal(as)} AND NOT a.attisdropped
)`
  return when(
    isThere,
    sql`${stepAside(table, column)}
ALTER TABLE ${auditTable(table)} RENAME COLUMN ${ident(as)} TO ${ident(column)};`,
  )
}

/** PL/pgSQL: gives a column that is in the way a name that is free, `note__undone_1`. */
export function stepAside(table: AuditTableObject, column: string): Sql {
  const start = literal(`${cutToBytes(column, 45)}__undone_`)
  return sql`EXECUTE (
  SELECT pg_catalog.format(
    'ALTER TABLE %s RENAME COLUMN %I TO %I', ${relation(table)}, ${literal(column)}, ${start} || number
  )
  FROM pg_catalog.generate_series(1, 1600) AS number
  WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = ${relation(table)} AND a.attname = ${start} || number
  )
  ORDER BY number
  LIMIT 1
);`
}

/** `statement`, which creates the index `name` in the audit schema, unless that is there. */
export function createMissingIndex(table: HistoryTable, name: string, statement: Sql): Sql {
  const index = literal(sqlText(qualified({ schema: table.schema, name })))
  return when(sql`pg_catalog.to_regclass(${index}) IS NULL`, statement)
}

/** `DO $audit$ BEGIN IF … THEN … END IF; END $audit$;` */
export function when(condition: Sql, statement: Sql): Sql {
  const body = sql`BEGIN
  IF ${condition} THEN
    ${statement}
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}
