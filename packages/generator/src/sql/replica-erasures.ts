import { ERASURE_TABLES } from '../model/names.ts'
import type { AuditHome } from '../state/database-state.ts'
import { auditTable, type HistoryTable } from './look-first.ts'
import { AUDIT_COLUMNS, primaryKeyName } from './object-names.ts'
import { HISTORY_ROW, replicaGuards } from './replica-guard.ts'
import { refuseForeignTable } from './shared-schema.ts'
import { ident, join, paragraphs, type Sql, sql } from './sql.ts'

type Role = keyof typeof ERASURE_TABLES

/** The tables of erasures and of holds: they are sealed as histories are, so their seals need them on the second server. */
export function erasureTables(home: AuditHome): readonly HistoryTable[] {
  return ROLES.map((role) => erasureTable(home, role))
}

/**
 * Both, as the second server has them. It is erased there too, which leaves a record of its own: those are numbered from 2⁶² on, where
 * the primary never comes. A hold of the primary holds there, and the set-up of erasures finds the tables made.
 */
export function renderReplicaErasures(home: AuditHome): Sql {
  return paragraphs(
    ROLES.flatMap((role) => {
      const table = erasureTable(home, role)
      const key = primaryKeyName(table)
      const entries = [
        ...FACTS,
        ...COLUMNS[role],
        sql`CONSTRAINT ${ident(key)} PRIMARY KEY (${ident(AUDIT_COLUMNS.id)})`,
      ]
      return [
        refuseForeignTable(table, key, 'for example another schema'),
        sql`CREATE TABLE IF NOT EXISTS ${auditTable(table)} (
  ${join(entries, sql`,\n`)}
);`,
        replicaGuards(table, HISTORY_ROW),
      ]
    }),
  )
}

function erasureTable(home: AuditHome, role: Role): HistoryTable {
  return { ...home, names: { table: ERASURE_TABLES[role][home.shared ? 'shared' : 'own'] } }
}

const ROLES: readonly Role[] = ['erasure', 'hold']

const FACTS: readonly Sql[] = [
  sql`${ident(AUDIT_COLUMNS.id)} bigint GENERATED ALWAYS AS IDENTITY (START WITH 4611686018427387904)`,
  sql`${ident(AUDIT_COLUMNS.operation)} char(1)`,
  sql`${ident(AUDIT_COLUMNS.operationTimestamp)} timestamptz DEFAULT pg_catalog.clock_timestamp()`,
  sql`${ident(AUDIT_COLUMNS.transactionTimestamp)} timestamptz DEFAULT pg_catalog.now()`,
  sql`${ident(AUDIT_COLUMNS.currentUser)} text`,
  sql`${ident(AUDIT_COLUMNS.transactionId)} bigint DEFAULT pg_catalog.pg_current_xact_id()::text::bigint`,
]

const COLUMNS: Readonly<Record<Role, readonly Sql[]>> = {
  erasure: [sql`"plan" text`, sql`"reason" text`, sql`"erased" jsonb`],
  hold: [sql`"history" regclass`, sql`"match" jsonb`, sql`"released" bigint`, sql`"reason" text`],
}
