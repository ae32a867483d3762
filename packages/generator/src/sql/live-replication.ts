import { literal, type Sql, sql, sqlText } from './sql.ts'

/*
 * How the history leaves a database, asked of PostgreSQL's catalog, for the transaction that `beginLook` begins. Everybody may read these.
 */

/** A row for each publication of tables of the audit schema: their names, and what is published besides inserts. */
export function publicationsThere(schema: string): string {
  return sqlText(sql`SELECT
  p.pubname AS name,
  array_remove(ARRAY[
    CASE WHEN p.pubupdate THEN 'UPDATE' END,
    CASE WHEN p.pubdelete THEN 'DELETE' END,
    CASE WHEN p.pubtruncate THEN 'TRUNCATE' END
  ], NULL) AS more,
  array_agg(t.tablename::text ORDER BY t.tablename) AS tables
FROM pg_publication AS p
JOIN pg_publication_tables AS t ON t.pubname = p.pubname
WHERE t.schemaname = ${literal(schema)}
GROUP BY p.oid, p.pubname, p.pubupdate, p.pubdelete, p.pubtruncate
ORDER BY p.pubname`)
}

/**
 * A row for each logical slot of the database: how far its reader is behind, and how much of the log it keeps on the disk, in bytes. NULL
 * where it was given up.
 */
export function slotsThere(): string {
  const behind = (lsn: Sql) => sql`pg_wal_lsn_diff(now_at.lsn, ${lsn})::double precision`
  return sqlText(sql`SELECT
  s.slot_name::text AS name,
  s.active AS "isActive",
  ${behind(sql`s.confirmed_flush_lsn`)} AS "lagBytes",
  ${behind(sql`s.restart_lsn`)} AS "retainedBytes",
  coalesce(s.wal_status = 'lost', false) AS "isLost",
  current_setting('max_slot_wal_keep_size') = '-1' AS "isUnlimited"
FROM pg_replication_slots AS s
CROSS JOIN (
  SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn
) AS now_at
WHERE s.slot_type = 'logical' AND s.database = current_database()
ORDER BY s.slot_name`)
}
