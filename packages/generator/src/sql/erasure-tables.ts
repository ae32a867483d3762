import { ERASURE_TABLES } from '../model/names.ts'
import type { AuditHome } from '../state/database-state.ts'
import { derivedName } from '../state/own-names.ts'
import { appendOnlyGuard } from './audit-table.ts'
import { auditTable, type HistoryTable, relation, when } from './look-first.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { refuseForeignTable } from './shared-schema.ts'
import { ident, join, literal, paragraphs, type Sql, sql } from './sql.ts'

export type ErasureTableRole = keyof typeof ERASURE_TABLES

/** One of the tables of erasures, as the other tables of the audit's own. */
export function erasureTable(home: AuditHome, role: ErasureTableRole): HistoryTable {
  return { ...home, names: { table: ERASURE_TABLES[role][home.shared ? 'shared' : 'own'] } }
}

/** `"audit"."legal_hold"` */
export function erasureName(home: AuditHome, role: ErasureTableRole): Sql {
  return auditTable(erasureTable(home, role))
}

/**
 * Both tables, where they are not there yet, with the guard of a history.
 *
 * - `erasure`: a row for each erasure. `erased` names columns, and rows by their number and time, and no value, not the key's
 *   either. It has the facts of a history, so `seal` and `verify` take it for one: nobody rewrites who erased what.
 * - `legal_hold`: a row `H` for each hold, and one `R` for its release. `history` and `match` say of which rows; NULL: of all. It is not
 *   sealed: `history` finds the table under whatever name it has, so its text is not always the same.
 */
export function renderErasureTables(home: AuditHome): Sql {
  return paragraphs([
    table(home, 'erasure', 'Who erased which fields of which rows, and why', AUDIT_COLUMNS.id, [
      ...facts('E'),
      sql`"plan" text NOT NULL`,
      sql`"reason" text NOT NULL`,
      sql`"erased" jsonb NOT NULL`,
    ]),
    table(home, 'hold', 'What may not be erased, and why', 'number', [
      sql`"kind" char(1) NOT NULL CONSTRAINT "kind_known" CHECK ("kind" IN ('H', 'R'))`,
      sql`"history" regclass`,
      sql`"match" jsonb`,
      sql`"released" bigint UNIQUE`,
      sql`"reason" text NOT NULL`,
      sql`"made_by" text NOT NULL`,
      sql`"made_at" timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()`,
    ]),
  ])
}

/** The record of prunings, where it is not there yet: a row `P` for each transaction that removed rows. */
export function renderPruningTable(home: AuditHome): Sql {
  return table(home, 'pruning', 'What was pruned from which history, and why', AUDIT_COLUMNS.id, [
    ...facts('P'),
    sql`"reason" text NOT NULL`,
    sql`"history" text NOT NULL`,
    sql`"older_than" timestamptz NOT NULL`,
    sql`"rows" integer NOT NULL`,
    sql`"first_id" bigint NOT NULL`,
    sql`"last_id" bigint NOT NULL`,
  ])
}

/** What makes it a history, so that it is sealed as one. */
function facts(operation: 'E' | 'P'): readonly Sql[] {
  const c = AUDIT_COLUMNS
  const known = literal(operation)
  return [
    sql`${ident(c.operation)} char(1) NOT NULL DEFAULT ${known} CONSTRAINT "audit_operation_known" CHECK (${ident(c.operation)} = ${known})`,
    sql`${ident(c.operationTimestamp)} timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()`,
    sql`${ident(c.transactionTimestamp)} timestamptz NOT NULL DEFAULT pg_catalog.now()`,
    sql`${ident(c.currentUser)} text NOT NULL`,
    sql`${ident(c.transactionId)} bigint NOT NULL DEFAULT pg_catalog.pg_current_xact_id()::text::bigint`,
  ]
}

function table(
  home: AuditHome,
  role: ErasureTableRole,
  about: string,
  number: string,
  columns: readonly Sql[],
): Sql {
  const own = erasureTable(home, role)
  const key = derivedName(own.names.table, '_pkey')
  const entries = [
    sql`${ident(number)} bigint GENERATED ALWAYS AS IDENTITY`,
    ...columns,
    sql`CONSTRAINT ${ident(key)} PRIMARY KEY (${ident(number)})`,
  ]
  return paragraphs([
    refuseForeignTable(own, key, 'for example another schema'),
    sql`CREATE TABLE IF NOT EXISTS ${auditTable(own)} (
  ${join(entries, sql`,\n`)}
);`,
    appendOnlyGuard(own),
    when(
      sql`pg_catalog.obj_description(${relation(own)}, 'pg_class') IS NULL`,
      sql`COMMENT ON TABLE ${auditTable(own)} IS ${literal(about)};`,
    ),
  ])
}

/** The row `h` of the table of holds is one that is not released. */
export function inForce(home: AuditHome): Sql {
  return sql`h."kind" = 'H' AND NOT EXISTS (SELECT FROM ${erasureName(home, 'hold')} AS r WHERE r."released" = h."number")`
}
