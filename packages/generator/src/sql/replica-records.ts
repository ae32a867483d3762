import type { AuditHome } from '../state/database-state.ts'
import { erasureTable } from './erasure-tables.ts'
import { auditTable, type HistoryTable } from './look-first.ts'
import { AUDIT_COLUMNS, primaryKeyName } from './object-names.ts'
import { pauseTable } from './pause-table.ts'
import { HISTORY_ROW, type RowIdentity, replicaGuards } from './replica-guard.ts'
import { refuseForeignTable } from './shared-schema.ts'
import { ident, join, paragraphs, type Sql, sql } from './sql.ts'

interface RecordTable {
  readonly table: HistoryTable
  readonly columns: readonly Sql[]
  readonly row: RowIdentity
}

/**
 * What was erased and pruned, what is held and when capture rested. The first two are sealed as a history is, so their seals need them on the second
 * server; the last says why a history has a gap.
 */
export function recordTables(home: AuditHome): readonly HistoryTable[] {
  return records(home).map(({ table }) => table)
}

/**
 * All of them as the second server has them. It is erased there too, which leaves a record of its own: those are numbered from 2⁶² on, where
 * the primary never comes. A hold of the primary holds there, and the set-up of erasures finds its tables made.
 */
export function renderReplicaRecords(home: AuditHome): Sql {
  return paragraphs(
    records(home).flatMap(({ table, columns, row }) => {
      const key = primaryKeyName(table)
      const [number = ''] = row.key
      const entries = [...columns, sql`CONSTRAINT ${ident(key)} PRIMARY KEY (${ident(number)})`]
      return [
        refuseForeignTable(table, key, 'for example another schema'),
        sql`CREATE TABLE IF NOT EXISTS ${auditTable(table)} (
  ${join(entries, sql`,\n`)}
);`,
        replicaGuards(table, row),
      ]
    }),
  )
}

function records(home: AuditHome): readonly RecordTable[] {
  return [
    { table: erasureTable(home, 'erasure'), columns: ERASURE_COLUMNS, row: HISTORY_ROW },
    { table: erasureTable(home, 'pruning'), columns: PRUNING_COLUMNS, row: HISTORY_ROW },
    {
      table: erasureTable(home, 'hold'),
      columns: HOLD_COLUMNS,
      row: { key: ['number'], same: ['kind', 'made_at'] },
    },
    {
      table: pauseTable(home),
      columns: PAUSE_COLUMNS,
      row: { key: ['number'], same: ['done_at', 'transaction_id'] },
    },
  ]
}

const OWN_NUMBERS = sql`bigint GENERATED ALWAYS AS IDENTITY (START WITH 4611686018427387904)`
const NOW = sql`timestamptz DEFAULT pg_catalog.clock_timestamp()`

const facts = (operation: Sql): readonly Sql[] => [
  sql`${ident(AUDIT_COLUMNS.id)} ${OWN_NUMBERS}`,
  sql`${ident(AUDIT_COLUMNS.operation)} char(1) DEFAULT ${operation}`,
  sql`${ident(AUDIT_COLUMNS.operationTimestamp)} ${NOW}`,
  sql`${ident(AUDIT_COLUMNS.transactionTimestamp)} timestamptz DEFAULT pg_catalog.now()`,
  sql`${ident(AUDIT_COLUMNS.currentUser)} text`,
  sql`${ident(AUDIT_COLUMNS.transactionId)} bigint DEFAULT pg_catalog.pg_current_xact_id()::text::bigint`,
]

const PRUNING_COLUMNS: readonly Sql[] = [
  ...facts(sql`'P'`),
  sql`"reason" text`,
  sql`"history" text`,
  sql`"older_than" timestamptz`,
  sql`"rows" integer`,
  sql`"first_id" bigint`,
  sql`"last_id" bigint`,
]

const ERASURE_COLUMNS: readonly Sql[] = [
  ...facts(sql`'E'`),
  sql`"plan" text`,
  sql`"reason" text`,
  sql`"erased" jsonb`,
]

const HOLD_COLUMNS: readonly Sql[] = [
  sql`"number" ${OWN_NUMBERS}`,
  sql`"kind" char(1)`,
  sql`"history" regclass`,
  sql`"match" jsonb`,
  sql`"released" bigint`,
  sql`"reason" text`,
  sql`"made_by" text`,
  sql`"made_at" ${NOW}`,
]

const PAUSE_COLUMNS: readonly Sql[] = [
  sql`"number" bigint`,
  sql`"history" regclass`,
  sql`"event" text`,
  sql`"reason" text`,
  sql`"done_by" text`,
  sql`"done_at" timestamptz`,
  sql`"transaction_id" bigint`,
  sql`"source" regclass`,
  sql`"source_file" oid`,
  sql`"written" bigint`,
  sql`"first_id" bigint`,
  sql`"last_id" bigint`,
]
