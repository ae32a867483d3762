import type { AuditHome, AuditTableObject } from '../state/database-state.ts'
import { hashKeyTable, isHashed } from '../state/hashing.ts'
import { derivedName } from '../state/own-names.ts'
import { appendOnlyGuard, liveColumns } from './audit-table.ts'
import { baseFunction } from './base-functions.ts'
import { auditTable, type HistoryTable, relation } from './look-first.ts'
import { refuseForeignTable } from './shared-schema.ts'
import { ident, join, lines, literal, paragraphs, type Sql, sql, sqlText } from './sql.ts'

export const HASH_KEY_COLUMNS = {
  history: 'history',
  column: 'column_number',
  key: 'key',
  innerKey: 'inner_key',
  outerKey: 'outer_key',
  made: 'made',
} as const

/** As the other tables of the audit's own. */
export function hashKeys(home: AuditHome): HistoryTable {
  return { ...home, names: { table: hashKeyTable(home).name } }
}

export function hashKeyIndex(home: AuditHome): string {
  return derivedName(hashKeyTable(home).name, '_pkey')
}

/**
 * A key for each hashed column of a history, by its OID and number: they stay what they are when schema, table and column
 * get other names, and a dump writes the OID of a table as its name. Nobody but the owner reads it.
 */
export function renderHashKeyTable(home: AuditHome): Sql {
  const table = hashKeys(home)
  const c = HASH_KEY_COLUMNS
  const entries = [
    sql`${ident(c.history)} regclass NOT NULL`,
    sql`${ident(c.column)} smallint NOT NULL`,
    sql`${ident(c.key)} bytea NOT NULL`,
    sql`${ident(c.innerKey)} bytea NOT NULL`,
    sql`${ident(c.outerKey)} bytea NOT NULL`,
    sql`${ident(c.made)} timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()`,
    sql`CONSTRAINT ${ident(hashKeyIndex(home))} PRIMARY KEY (${ident(c.history)}, ${ident(c.column)})`,
  ]
  return paragraphs([
    refuseForeignTable(table, hashKeyIndex(home), 'for example another schema'),
    sql`CREATE TABLE IF NOT EXISTS ${auditTable(table)} (
  ${join(entries, sql`,\n`)}
);`,
    appendOnlyGuard(table),
  ])
}

/** A key for each column that the table's functions hash; those that have one keep it. */
export function renderHashKeys(table: AuditTableObject): Sql {
  const hashed = liveColumns(table).filter(isHashed)
  if (hashed.length === 0) return sql``
  return lines(hashed.map(({ name }) => makeHashKeyOf(table, name)))
}

/** `CALL "audit"."make_hash_key"('"audit"."User_audit"', 'iban');` */
export function makeHashKeyOf(table: AuditTableObject, column: string): Sql {
  const history = literal(sqlText(auditTable(table)))
  return sql`CALL ${baseFunction(table, 'makeHashKey')}(${history}, ${literal(column)});`
}

export function hashKeyName(home: AuditHome): Sql {
  return auditTable(hashKeys(home))
}

/** A query for the names (`name`) of hashed columns that have no key here; undefined where nothing is hashed. */
export function unkeyedColumns(table: AuditTableObject): string | undefined {
  const c = HASH_KEY_COLUMNS
  const hashed = liveColumns(table).filter(isHashed)
  if (hashed.length === 0) return undefined
  const names = join(
    hashed.map(({ name }) => literal(name)),
    sql`, `,
  )
  return sqlText(sql`SELECT a.attname::text AS name
FROM pg_attribute AS a
WHERE a.attrelid = ${relation(table)} AND a.attname IN (${names}) AND NOT a.attisdropped
  AND NOT EXISTS (
    SELECT FROM ${auditTable(hashKeys(table))} AS k
    WHERE k.${ident(c.history)} = a.attrelid AND k.${ident(c.column)} = a.attnum
  )`)
}

/** When the key of a column was made. */
export function hashKeyMade(table: AuditTableObject, column: string): Sql {
  const c = HASH_KEY_COLUMNS
  return sql`(
  SELECT k.${ident(c.made)} FROM ${auditTable(hashKeys(table))} AS k
  JOIN pg_attribute AS a ON a.attrelid = k.${ident(c.history)} AND a.attnum = k.${ident(c.column)}
  WHERE k.${ident(c.history)} = ${relation(table)} AND a.attname = ${literal(column)}
)`
}
