import type { AuditHome } from '../state/database-state.ts'
import { derivedName } from '../state/own-names.ts'
import { waiverTable } from '../state/waiver.ts'
import { appendOnlyGuard, makeAppendOnly } from './audit-table.ts'
import { baseFunction } from './base-functions.ts'
import { auditTable, createMissingIndex, type HistoryTable, relation } from './look-first.ts'
import { APPEND_ONLY_TRIGGER, AUDIT_COLUMNS } from './object-names.ts'
import { refuseForeignTable } from './shared-schema.ts'
import { dollarQuoted, ident, join, lines, literal, paragraphs, type Sql, sql, sqlText } from './sql.ts'

/** The columns that only this table has: what was not captured, how many rows of it, and why. */
export const WAIVER_COLUMNS = { source: 'source', rowCount: 'row_count', reason: 'reason' } as const

/** As the other tables of the audit's own. */
export function waiverHistory(home: AuditHome): HistoryTable {
  return { ...home, names: { table: waiverTable(home).name } }
}

/**
 * A row `W` for each waiver, with its reason, and one for what each statement left out: `I`, `U`, `D`, `T` for TRUNCATE.
 * Append-only as all history.
 */
export function renderWaiverTable(home: AuditHome): Sql {
  const table = waiverHistory(home)
  const c = { ...AUDIT_COLUMNS, ...WAIVER_COLUMNS }
  const index = derivedName(table.names.table, '_transaction')
  const entries = [
    sql`${ident(c.id)} bigint GENERATED ALWAYS AS IDENTITY`,
    sql`${ident(c.operation)} char(1) NOT NULL`,
    sql`${ident(c.operationTimestamp)} timestamptz NOT NULL`,
    sql`${ident(c.transactionTimestamp)} timestamptz NOT NULL`,
    sql`${ident(c.currentUser)} text NOT NULL`,
    sql`${ident(c.transactionId)} bigint NOT NULL`,
    sql`${ident(c.source)} text`,
    sql`${ident(c.rowCount)} bigint`,
    sql`${ident(c.reason)} text NOT NULL`,
    sql`CONSTRAINT ${ident(derivedName(table.names.table, '_pkey'))} PRIMARY KEY (${ident(c.id)})`,
    sql`CONSTRAINT "audit_operation_known" CHECK (${ident(c.operation)} IN ('W', 'I', 'U', 'D', 'T'))`,
  ]
  const indexed = [c.transactionId, c.source, c.operation].map(ident)
  return paragraphs([
    refuseForeignTable(table, index, 'for example another schema'),
    sql`CREATE TABLE IF NOT EXISTS ${auditTable(table)} (
  ${join(entries, sql`,\n`)}
);`,
    createMissingIndex(
      table,
      index,
      sql`CREATE INDEX ${ident(index)}
  ON ${auditTable(table)} (${join(indexed, sql`, `)});`,
    ),
    appendOnlyGuard(table),
  ])
}

/**
 * The table goes along to another audit schema, if it is there and has not gone yet. Until the last table's functions have
 * followed a view stands in its place, for those that have not.
 */
export function moveWaiverTable(from: AuditHome, to: AuditHome): Sql {
  const [before, after] = [waiverHistory(from), waiverHistory(to)]
  const moved = { ...after, names: before.names }
  const oldIndex = { ...moved, names: { table: derivedName(before.names.table, '_transaction') } }
  const rename = (old: HistoryTable, name: string) =>
    old.names.table === name ? sql`` : sql`ALTER TABLE ${auditTable(old)} RENAME TO ${ident(name)};`
  const body = sql`BEGIN
  IF ${isOfKind(before, 'r')} AND ${isOfKind(after, 'r')} IS NOT TRUE THEN
    ${lines([
      dropView(after),
      sql`ALTER TABLE ${auditTable(before)} SET SCHEMA ${ident(to.schema)};`,
      rename(oldIndex, derivedName(after.names.table, '_transaction')),
      rename(moved, after.names.table),
      // The guard calls a function of its schema.
      sql`DROP TRIGGER IF EXISTS ${ident(APPEND_ONLY_TRIGGER)} ON ${auditTable(after)};`,
      makeAppendOnly(after),
      sql`CREATE VIEW ${auditTable(before)} AS SELECT * FROM ${auditTable(after)};`,
      sql`CALL ${baseFunction(to, 'keepPrivate')}(ARRAY[${relation(before)}], '{}');`,
    ])}
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}

/** PL/pgSQL: the view goes when nothing calls by the former name any more. */
export function dropWaiverView(from: AuditHome): Sql {
  return dropView(waiverHistory(from))
}

function dropView(table: HistoryTable): Sql {
  return sql`IF ${isOfKind(table, 'v')} THEN
  DROP VIEW ${auditTable(table)};
END IF;`
}

/** For down.sql, where there was no waiver before: nothing is kept of none. */
export function dropEmptyWaiverTable(home: AuditHome): Sql {
  const table = waiverHistory(home)
  const body = sql`BEGIN
  IF ${isOfKind(table, 'r')} THEN
    LOCK TABLE ${auditTable(table)} IN ACCESS EXCLUSIVE MODE;
    IF pg_catalog.pg_relation_size(${relation(table)}) = 0 THEN
      DROP TABLE ${auditTable(table)};
    END IF;
  END IF;
END`
  return sql`-- History is never dropped; a table that never had a row holds none.
DO ${dollarQuoted(body)};`
}

/** `r` for a table, `v` for a view; NULL where there is neither. */
function isOfKind(table: HistoryTable, kind: 'r' | 'v'): Sql {
  return sql`(
  SELECT c.relkind FROM pg_catalog.pg_class AS c
  WHERE c.oid = pg_catalog.to_regclass(${literal(sqlText(auditTable(table)))})
) = ${literal(kind)}`
}
