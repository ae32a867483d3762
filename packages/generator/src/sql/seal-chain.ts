import type { AuditHome } from '../state/database-state.ts'
import { setPinned } from './pinned-output.ts'
import { lockChain, sealName } from './seal-tables.ts'
import { lines, parameter, type Sql, sql, sqlText } from './sql.ts'

/** Begins a transaction that makes seals. A lock that somebody holds for long ends it with an error. */
export function beginSealing(home: AuditHome): string {
  return sqlText(
    lines([
      sql`BEGIN ISOLATION LEVEL READ COMMITTED;`,
      ...asOwner(),
      sql`SET LOCAL lock_timeout = '10s';`,
      sql`SELECT ${lockChain(home)};`,
    ]),
  )
}

/** Begins a transaction that reads seals and the rows that they are of, all as of one moment; also on a standby. */
export function beginVerifying(): string {
  return sqlText(lines([sql`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;`, ...settingsForVerifying()]))
}

/** For a transaction that is under way. */
export function renderSettingsForVerifying(): string {
  return sqlText(lines(settingsForVerifying()))
}

function settingsForVerifying(): readonly Sql[] {
  return [...asOwner(), sql`SET LOCAL lock_timeout = '10s';`]
}

/** Row level security must not hide rows: PostgreSQL raises instead. */
function asOwner(): readonly Sql[] {
  return [sql`SET LOCAL search_path = pg_catalog, pg_temp;`, sql`SET LOCAL row_security = off;`, setPinned()]
}

/**
 * A query for where the chain ends: `number` and `hash` of its last seal, NULL where there is none, the time, and the
 * `lastId` up to which the history of the parameter is sealed.
 */
export function renderTip(home: AuditHome): string {
  const seal = sealName(home, 'seal')
  return sqlText(sql`SELECT
  last.number::text AS number,
  last.hash AS hash,
  (SELECT pg_catalog.max(s."last_id")::text FROM ${seal} AS s WHERE s."history" = ${parameter(1)}::oid) AS "lastId",
  pg_catalog.clock_timestamp()::text AS now
FROM (SELECT) AS one
LEFT JOIN (SELECT s."number", s."hash" FROM ${seal} AS s ORDER BY s."number" DESC LIMIT 1) AS last (number, hash) ON true`)
}

/** Parameters: those of `Seal` in the order of the columns, and the salts. */
export function renderInsertSeal(home: AuditHome): string {
  const p = parameter
  return sqlText(sql`WITH made AS (
  INSERT INTO ${sealName(home, 'seal')} (
    "number", "format", "history", "history_name", "history_oid", "first_id", "last_id", "row_count", "columns", "sealed_at", "root",
    "previous", "hash"
  )
  VALUES (
    ${p(1)}, ${p(2)}, ${p(4)}::oid, ${p(3)}, ${p(4)}::oid, ${p(5)}, ${p(6)}, ${p(7)}, ${p(8)}, ${p(9)}, ${p(10)}, ${p(11)}, ${p(12)}
  )
  RETURNING "number"
)
INSERT INTO ${sealName(home, 'salt')} ("seal_number", "salts") SELECT made.number, ${p(13)} FROM made`)
}

/**
 * A query for the seals that come after one in the chain, with the salts of their rows, how many rows have erased fields, and whether the
 * range was pruned. Parameters: the number of the seal before, how many at most.
 */
export function renderReadSeals(home: AuditHome): string {
  return sqlText(sql`SELECT
  s."number"::text AS number,
  s."format" AS format,
  s."history"::oid::text AS oid,
  s."history_name" AS "historyName",
  s."history_oid"::text AS "historyOid",
  s."first_id"::text AS "firstId",
  s."last_id"::text AS "lastId",
  s."row_count" AS "rowCount",
  s."columns" AS columns,
  s."sealed_at"::text AS "sealedAt",
  s."root" AS root,
  s."previous" AS previous,
  s."hash" AS hash,
  salt."salts" AS salts,
  (
    SELECT pg_catalog.count(*)::integer FROM ${sealName(home, 'erasure')} AS e
    WHERE e."seal_number" = s."number" AND pg_catalog.jsonb_typeof(e."fields") = 'array'
  ) AS "erasedRows",
  (
    SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(e."audit_id"::text, e."fields" ->> 'leaf'))
    FROM ${sealName(home, 'erasure')} AS e
    WHERE e."seal_number" = s."number" AND pg_catalog.jsonb_typeof(e."fields") = 'object'
  ) AS "prunedLeaves",
  pruned."pruned_at"::text AS "prunedAt",
  pruned."pruned_by" AS "prunedBy"
FROM ${sealName(home, 'seal')} AS s
LEFT JOIN ${sealName(home, 'salt')} AS salt ON salt."seal_number" = s."number"
LEFT JOIN ${sealName(home, 'pruned')} AS pruned ON pruned."seal_number" = s."number"
WHERE s."number" > ${parameter(1)}::bigint
ORDER BY s."number"
LIMIT ${parameter(2)}`)
}

/** A query for what columns each history had, in the order of the chain: `oid` of today, `historyOid`, `columns`, `from` (a seal's number). */
export function renderColumnEpochs(home: AuditHome): string {
  return sqlText(sql`SELECT
  s."history"::oid::text AS oid,
  s."history_oid"::text AS "historyOid",
  s."columns"::text AS columns,
  pg_catalog.min(s."number")::text AS "from"
FROM ${sealName(home, 'seal')} AS s
GROUP BY 1, 2, 3
ORDER BY pg_catalog.min(s."number")`)
}

/** A query for how many rows are sealed, about: what a progress bar begins with. */
export function renderSealedRows(home: AuditHome): string {
  return sqlText(
    sql`SELECT coalesce(pg_catalog.sum(s."row_count"), 0)::text AS rows FROM ${sealName(home, 'seal')} AS s`,
  )
}

/** Keeps which seal was exported. Parameters: its number, where to. */
export function renderInsertAnchor(home: AuditHome): string {
  return sqlText(
    sql`INSERT INTO ${sealName(home, 'anchor')} ("seal_number", "destination") VALUES (${parameter(1)}, ${parameter(2)})`,
  )
}

/** A query for the newest seal that was exported: `number`, `destination`, `exportedAt`; its `root` and `hash`, NULL where it is gone. */
export function renderNewestAnchor(home: AuditHome): string {
  return sqlText(sql`SELECT a."seal_number"::text AS number, a."destination" AS destination, a."exported_at"::text AS "exportedAt",
  pg_catalog.encode(s."root", 'hex') AS root, pg_catalog.encode(s."hash", 'hex') AS hash
FROM ${sealName(home, 'anchor')} AS a
LEFT JOIN ${sealName(home, 'seal')} AS s ON s."number" = a."seal_number"
ORDER BY a."seal_number" DESC, a."exported_at" DESC
LIMIT 1`)
}

/** A query for the last seal of the chain: `number`, `hash`, `sealedAt`. */
export function renderLastSeal(home: AuditHome): string {
  return sqlText(sql`SELECT s."number"::text AS number, s."hash" AS hash, s."sealed_at"::text AS "sealedAt"
FROM ${sealName(home, 'seal')} AS s
ORDER BY s."number" DESC
LIMIT 1`)
}
