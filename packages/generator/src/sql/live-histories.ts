import type { AuditTableObject } from '../state/database-state.ts'
import { liveSettings } from './audit-table.ts'
import { grantsTo, isOfPruning } from './live-grants.ts'
import { placesOf } from './live-partitions.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { ident, integer, join, literal, qualified, type Sql, sql, sqlText } from './sql.ts'

/* The histories of a database: questions for the transaction that `beginLook` begins. */

/** A row for each history of the audit schema, live or retired, with its columns; sizes are in bytes, `rows` is an estimate: those of its partitions together. */
export function historiesThere(schema: string): string {
  const id = literal(AUDIT_COLUMNS.id)
  return sqlText(sql`SELECT
  c.relname AS name,
  obj_description(c.oid, 'pg_class') AS comment,
  pg_get_userbyid(c.relowner)::text AS owner,
  ${grantsTo(sql`coalesce(c.relacl, acldefault('r', c.relowner))`, sql`c.relowner`, isOfPruning(sql`g`, sql`n.oid`))} AS grants,
  has_table_privilege(c.oid, 'SELECT') AS "isReadable",
  c.relkind = 'p' AS "isPartitioned",
  q.oid IS NOT NULL AS "isNumbered",
  (SELECT sum(pg_total_relation_size(place.oid)) FROM ${placesOf(sql`c.oid`)} AS place)::double precision AS bytes,
  (
    SELECT sum(greatest(p.reltuples, 0)) FROM ${placesOf(sql`c.oid`)} AS place JOIN pg_class AS p ON p.oid = place.oid
  )::double precision AS rows,
  (
    SELECT json_agg(json_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'bytes', (
        SELECT sum(s.avg_width * (1 - s.null_frac) * greatest(p.reltuples, 0))
        FROM ${placesOf(sql`c.oid`)} AS place
        JOIN pg_class AS p ON p.oid = place.oid
        JOIN pg_namespace AS pn ON pn.oid = p.relnamespace
        JOIN pg_stats AS s ON s.schemaname = pn.nspname AND s.tablename = p.relname
        WHERE s.attname = a.attname AND NOT s.inherited
      )
    ) ORDER BY a.attnum)
    FROM pg_attribute AS a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  ) AS columns
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), ${id})::regclass::oid AS oid
) AS q
WHERE n.nspname = ${literal(schema)} AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = ${id} AND NOT a.attisdropped)
ORDER BY c.relname`)
}

/** How many of the newest rows are looked at for settings that they lack: no index tells of all. */
const LOOKED_AT = 10_000

/**
 * One row: when the first and the last row of a history were written, how fast it grows, and how many of the newest lack which required
 * setting. A baseline has numbers below zero, of the same sequence, and may come late: whichever end is earlier is the oldest.
 */
export function historyEnds(table: AuditTableObject): string {
  const c = AUDIT_COLUMNS
  const history = qualified({ schema: table.schema, name: table.names.table })
  const id = ident(c.id)
  const end = (isOfBaseline: boolean, direction: Sql) => sql`LEFT JOIN LATERAL (
  SELECT abs(${id}) AS number, ${ident(c.operationTimestamp)} AS at
  FROM ${history}
  WHERE ${id} ${isOfBaseline ? sql`<` : sql`>`} 0
  ORDER BY ${id} ${direction}
  LIMIT 1
)`
  const lacking = liveSettings(table)
    .filter(({ required }) => required)
    .map(
      ({ name, column }) =>
        sql`SELECT ${literal(name)} AS setting, count(*) FILTER (WHERE ${ident(column)} IS NULL) AS rows FROM newest`,
    )
  return sqlText(sql`WITH newest AS MATERIALIZED (
  SELECT * FROM ${history} WHERE ${ident(c.operation)} <> 'B' ORDER BY ${id} DESC LIMIT ${integer(lacking.length === 0 ? 0 : LOOKED_AT)}
)
SELECT
  least(first.at, baseline_first.at) AS oldest,
  greatest(last.at, baseline_last.at) AS newest,
  extract(epoch FROM last.at - first.at)::double precision AS seconds,
  -- The numbers of a baseline that came between are of rows that nobody wrote then.
  (last.number - first.number + 1 - coalesce(greatest(
    least(baseline_last.number, last.number) - greatest(baseline_first.number, first.number) + 1, 0
  ), 0))::double precision AS written,
  ${
    lacking.length === 0
      ? sql`'{}'::json`
      : sql`(SELECT json_object_agg(l.setting, l.rows) FROM (${join(lacking, sql` UNION ALL `)}) AS l)`
  } AS lacking
FROM (SELECT) AS history
${end(false, sql`ASC`)} AS first ON true
${end(false, sql`DESC`)} AS last ON true
${end(true, sql`DESC`)} AS baseline_first ON true
${end(true, sql`ASC`)} AS baseline_last ON true`)
}
