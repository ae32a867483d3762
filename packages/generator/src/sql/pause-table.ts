import { PAUSE_TABLE } from '../model/names.ts'
import type { AuditHome, AuditTableObject } from '../state/database-state.ts'
import { derivedName } from '../state/own-names.ts'
import { appendOnlyGuard } from './audit-table.ts'
import { auditTable, type HistoryTable, relation } from './look-first.ts'
import { isOwnedByAudit } from './seal-tables.ts'
import { refuseForeignTable } from './shared-schema.ts'
import {
  ident,
  join,
  lines,
  literal,
  paragraphs,
  parameter,
  qualified,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'
import { triggersOf } from './trigger-definitions.ts'

/** As the other tables of the audit's own. */
export function pauseTable(home: AuditHome): HistoryTable {
  return { ...home, names: { table: PAUSE_TABLE[home.shared ? 'shared' : 'own'] } }
}

/** A capture that rests, or whose history is not complete again. */
export interface OpenPause {
  /** Of its row. */
  readonly number: string
  /** The history's name and OID. */
  readonly history: string
  readonly oid: string
  readonly reason: string
  readonly pausedBy: string
  readonly pausedAt: string
  /** The oldest transaction that was under way when the triggers were off: whatever wrote past them is not older. */
  readonly transactionId: string
  /** The table's file of then and of now; another one has all rows written anew. Null where it has none, or is gone. */
  readonly fileThen: string | null
  readonly fileNow: string | null
}

/**
 * The table of pauses, where it is not there yet: a row for each pause and one for each resumption, append-only as all history.
 *
 * `history` finds the table whatever its name is, also in a restored dump.
 */
export function renderPauseTable(home: AuditHome): string {
  const table = pauseTable(home)
  const key = derivedName(table.names.table, '_pkey')
  const entries = [
    sql`"number" bigint GENERATED ALWAYS AS IDENTITY`,
    sql`"history" regclass NOT NULL`,
    sql`"event" text NOT NULL CHECK ("event" IN ('pause', 'resume'))`,
    sql`"reason" text`,
    sql`"done_by" text NOT NULL DEFAULT session_user`,
    sql`"done_at" timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()`,
    sql`"transaction_id" bigint NOT NULL`,
    sql`"source" regclass`,
    sql`"source_file" oid`,
    // Of a resumption: which rows of the history it wrote, for what nobody watched.
    sql`"written" bigint`,
    sql`"first_id" bigint`,
    sql`"last_id" bigint`,
    sql`CONSTRAINT ${ident(key)} PRIMARY KEY ("number")`,
  ]
  return sqlText(
    paragraphs([
      refuseForeignTable(table, key, 'for example another schema'),
      sql`CREATE TABLE IF NOT EXISTS ${auditTable(table)} (
  ${join(entries, sql`,\n`)}
);`,
      appendOnlyGuard(table),
    ]),
  )
}

/** A query for one row: whether the table of pauses is there, made by whoever owns the audit (`isThere`), and whoever asks may read it. */
export function isPauseTableThere(home: AuditHome): string {
  const name = literal(sqlText(auditTable(pauseTable(home))))
  const owner = sql`(SELECT c.relowner FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass(${name}))`
  return sqlText(
    sql`SELECT
  ${isOwnedByAudit(home, owner)} AS "isThere",
  coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass(${name})::oid, 'SELECT'), false) AS "isReadable"`,
  )
}

/** A query for the rows of `OpenPause`: the newest that is said of the history is a pause. */
export function openPauses(home: AuditHome): string {
  return sqlText(sql`SELECT
  p."number"::text AS number,
  c.relname::text AS history,
  p."history"::oid::text AS oid,
  p."reason" AS reason,
  p."done_by" AS "pausedBy",
  p."done_at"::text AS "pausedAt",
  p."transaction_id"::text AS "transactionId",
  p."source_file"::text AS "fileThen",
  pg_catalog.pg_relation_filenode(p."source")::text AS "fileNow"
FROM (
  SELECT DISTINCT ON (e."history") e.* FROM ${auditTable(pauseTable(home))} AS e ORDER BY e."history", e."number" DESC
) AS p
JOIN pg_catalog.pg_class AS c ON c.oid = p."history"
WHERE p."event" = 'pause'
ORDER BY c.relname`)
}

/** After the triggers are off, in a statement of its own. Parameter: the reason. */
export function recordPause(table: AuditTableObject): string {
  const source = sql`${literal(sqlText(qualified(table.source)))}::regclass`
  return sqlText(sql`INSERT INTO ${auditTable(pauseTable(table))} ("history", "event", "reason", "transaction_id", "source", "source_file")
VALUES (
  ${relation(table)}, 'pause', ${parameter(1)}, pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::bigint,
  ${source}, pg_catalog.pg_relation_filenode(${source})
)`)
}

/**
 * Ends a pause: one row is inserted, or none, where the newest that is said of the history is another, or somebody turned the triggers off
 * once more.
 *
 * Parameters: the number of the pause, how many rows were written, and the first and the last id of them.
 *
 * @param table whose triggers have to be on; undefined where no model has the history any more
 */
export function recordResumption(home: AuditHome, table: AuditTableObject | undefined): string {
  const p = parameter
  const pauses = auditTable(pauseTable(home))
  return sqlText(sql`INSERT INTO ${pauses} ("history", "event", "transaction_id", "written", "first_id", "last_id")
SELECT o."history", 'resume', pg_catalog.pg_current_xact_id()::text::bigint, ${p(2)}, ${p(3)}, ${p(4)}
FROM ${pauses} AS o
WHERE o."number" = ${p(1)} AND NOT EXISTS (
  SELECT FROM ${pauses} AS e WHERE e."history" = o."history" AND e."number" > o."number"
)${table === undefined ? sql`` : sql` AND NOT ${hasTriggersOff(table)}`}`)
}

function hasTriggersOff(table: AuditTableObject): Sql {
  const names = join(
    triggersOf(table).map(({ name }) => literal(name)),
    sql`, `,
  )
  return sql`EXISTS (
  SELECT FROM pg_catalog.pg_trigger AS t
  WHERE t.tgrelid = ${literal(sqlText(qualified(table.source)))}::regclass AND t.tgname IN (${names}) AND t.tgenabled = 'D'
)`
}

/** What is said of pauses stays so until the transaction ends. After the lock on the table, where there is one. */
export function lockPauses(home: AuditHome): string {
  return sqlText(sql`LOCK TABLE ${auditTable(pauseTable(home))} IN SHARE ROW EXCLUSIVE MODE`)
}

/** Begins a transaction that turns triggers off or on: a lock that somebody holds for long ends it with an error. */
export function beginPausing(lockTimeout: number): string {
  return sqlText(
    lines([
      sql`BEGIN ISOLATION LEVEL READ COMMITTED;`,
      sql`SET LOCAL search_path = pg_catalog, pg_temp;`,
      sql`SET LOCAL lock_timeout = ${milliseconds(lockTimeout)};`,
    ]),
  )
}

export function milliseconds(number: number): Sql {
  return literal(`${number}ms`)
}
