import type { AuditHome } from '../state/database-state.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { sealName } from './seal-tables.ts'
import { literal, parameter, sql, sqlText } from './sql.ts'

/*
 * Up to which id a history is final. Ids are given before the commit, so a lower one may commit later. A watermark is an id N and a
 * transaction id X with: whoever took an id up to N has a transaction id below X. When all transactions below X have ended, the ids up to N
 * are all there that will ever be.
 *
 * 1. N is what the sequence has given (`renderLastIds`), read before X is made.
 * 2. A transaction takes its own id with its first write, which for a trigger is that of the source's row. One that inserts
 *    into the history without having an id yet could get one above X: it is seen by its lock (`renderWritersWithoutId`), and no watermark is
 *    taken then.
 * 3. X is a transaction id of one's own (`renderTakeWatermarks`): all that were given before are below it. The snapshot's xmax would not do,
 *    for it is one past the last transaction that ended, and others that run may be above it.
 */

/** A query for the `last` number that each history's sequence has given, NULL where there is none. Parameters: OIDs, sequences. */
export function renderLastIds(): string {
  return sqlText(sql`SELECT h.oid, pg_catalog.pg_sequence_last_value(h.sequence::regclass)::text AS last
FROM unnest(${parameter(1)}::text[], ${parameter(2)}::text[]) AS h (oid, sequence)
WHERE h.sequence IS NOT NULL`)
}

/** A query for the histories (`oid`) that a transaction inserts into that has no transaction id yet. */
export function renderWritersWithoutId(): string {
  return sqlText(sql`WITH locks AS MATERIALIZED (
  SELECT l.locktype, l.database, l.relation, l.pid, l.mode FROM pg_catalog.pg_locks AS l WHERE l.granted
)
SELECT DISTINCT l.relation::text AS oid
FROM locks AS l
WHERE l.locktype = 'relation'
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
  AND l.mode = 'RowExclusiveLock'
  AND l.pid <> pg_catalog.pg_backend_pid()
  AND NOT EXISTS (
    SELECT FROM locks AS x WHERE x.locktype = 'transactionid' AND x.mode = 'ExclusiveLock' AND x.pid = l.pid
  )`)
}

/** Notes watermarks. Parameters: the OIDs of the histories, the last ids. */
export function renderTakeWatermarks(home: AuditHome): string {
  return sqlText(sql`INSERT INTO ${sealName(home, 'watermark')} AS w ("history", "last_id", "transaction_id")
SELECT h.oid::oid, h.last_id, pg_catalog.pg_current_xact_id()::text::bigint
FROM unnest(${parameter(1)}::text[], ${parameter(2)}::bigint[]) AS h (oid, last_id)
ON CONFLICT ("history") DO UPDATE
  SET "last_id" = excluded."last_id", "transaction_id" = excluded."transaction_id", "taken_at" = pg_catalog.clock_timestamp()`)
}

/**
 * A query for the watermarks that are kept, with whether they are final. One whose transaction id this server has not reached yet comes from
 * another one, by way of a dump: it `isForeign`, and so is one above all that the sequence has given, which was begun anew.
 */
export function renderWatermarks(home: AuditHome): string {
  const sequence = sql`pg_catalog.pg_sequence_last_value(
    pg_catalog.pg_get_serial_sequence(t.oid::regclass::text, ${literal(AUDIT_COLUMNS.id)})::regclass
  )`
  return sqlText(sql`SELECT
  w."history"::oid::text AS oid,
  w."last_id"::text AS "lastId",
  w."transaction_id" < now.xmin AS "isFinal",
  w."transaction_id" >= now.xmax OR w."last_id" > coalesce(${sequence}, 0) AS "isForeign"
FROM ${sealName(home, 'watermark')} AS w
JOIN pg_catalog.pg_class AS t ON t.oid = w."history"
CROSS JOIN (
  SELECT
    pg_catalog.pg_snapshot_xmin(s.snapshot)::text::bigint AS xmin,
    pg_catalog.pg_snapshot_xmax(s.snapshot)::text::bigint AS xmax
  FROM (SELECT pg_catalog.pg_current_snapshot() AS snapshot) AS s
) AS now`)
}
