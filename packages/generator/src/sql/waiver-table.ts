import type { AuditHome } from '../state/database-state.ts'
import { derivedName } from '../state/own-names.ts'
import { waiverTable } from '../state/waiver.ts'
import { appendOnlyGuard } from './audit-table.ts'
import { auditTable, createMissingIndex, type HistoryTable, relation } from './look-first.ts'
import { isOfKind } from './move-own-table.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { refuseForeignTable } from './shared-schema.ts'
import { dollarQuoted, ident, join, paragraphs, type Sql, sql } from './sql.ts'

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
  const index = waiverIndex(home)
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

export function waiverIndex(home: AuditHome): string {
  return derivedName(waiverTable(home).name, '_transaction')
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
