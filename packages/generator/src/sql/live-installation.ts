import { MIGRATIONS_TABLE } from '../model/names.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { liveSettings } from './audit-table.ts'
import { isStaleSchema } from './base-guard.ts'
import { grantsTo, isOfPruning } from './live-grants.ts'
import { placesOf } from './live-partitions.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { ident, integer, join, literal, qualified, type Sql, sql, sqlText } from './sql.ts'

/*
 * What is installed in a database, asked of PostgreSQL's catalog. The questions read and change nothing; they are for the
 * transaction that `beginLook` begins.
 */

/** Everything is seen at one moment, and PostgreSQL spells names with their schemas. */
export function beginLook(): string {
  return sqlText(sql`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL search_path = pg_catalog, pg_temp;`)
}

/**
 * One row: the role that the question is about, and the audit schema's owner and comment (NULL: there is none).
 *
 * @param role the application's; undefined: whoever asks
 */
export function whereLooked(schema: string, role: string | undefined): string {
  return sqlText(sql`SELECT
  current_database() AS database,
  asked.name AS role,
  r.oid IS NOT NULL AS "roleExists",
  pg_get_userbyid(n.nspowner)::text AS "schemaOwner",
  coalesce(r.rolsuper OR pg_has_role(r.oid, n.nspowner, 'MEMBER') OR EXISTS (
    SELECT FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = ${literal(AUDIT_COLUMNS.id)} AND NOT a.attisdropped
    WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND pg_has_role(r.oid, c.relowner, 'MEMBER')
  ), false) AS "ownsHistory",
  obj_description(n.oid, 'pg_namespace') AS "schemaComment",
  EXISTS (
    SELECT FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
    WHERE a.grantee = 0 AND a.privilege_type = 'USAGE'
  ) AS "isOpenToWriters"
FROM (SELECT ${asked(role)}::text AS name) AS asked
LEFT JOIN pg_roles AS r ON r.rolname = asked.name
LEFT JOIN pg_namespace AS n ON n.nspname = ${literal(schema)}`)
}

/** The name of the role that a question is about. */
function asked(role: string | undefined): Sql {
  return role === undefined ? sql`current_user` : literal(role)
}

/** One row, `isTold`: whoever asks may ask which server it is. Everybody may, unless it was revoked. */
export function isServerTold(): string {
  const functions = ['system', 'checkpoint'].map(
    (name) => sql`has_function_privilege(${literal(`pg_catalog.pg_control_${name}()`)}, 'EXECUTE')`,
  )
  return sqlText(sql`SELECT ${join(functions, sql` AND `)} AS "isTold"`)
}

/**
 * One row: the `identity` of this database, of this server, at this point of its time. A copy under the same name, a restored one, and what
 * a server was before it was put back to an earlier moment are others; a standby is the same until it takes over.
 *
 * @param isTold see `isServerTold`; else a server is known by its address
 */
export function whichDatabase(isTold: boolean): string {
  const server = isTold
    ? sql`(SELECT concat_ws('/', s.system_identifier, c.timeline_id) FROM pg_control_system() AS s, pg_control_checkpoint() AS c)`
    : sql`concat_ws(':', host(inet_server_addr()), inet_server_port())`
  return sqlText(sql`SELECT concat_ws('/', ${server}, d.oid, d.datname) AS identity
FROM pg_database AS d
WHERE d.datname = current_database()`)
}

/**
 * A row (`name`) for each schema with a table of Prisma's migrations that may be read: each application of the database has one. `public`
 * comes first.
 *
 * @param only the one that is meant; undefined: all
 */
export function migrationsSchemas(only: string | undefined): string {
  return sqlText(sql`SELECT s.nspname AS name
FROM pg_class AS c
JOIN pg_namespace AS s ON s.oid = c.relnamespace
WHERE c.relname = ${literal(MIGRATIONS_TABLE)} AND c.relkind = 'r' AND has_table_privilege(c.oid, 'SELECT')
  AND has_schema_privilege(s.oid, 'USAGE')${only === undefined ? sql`` : sql` AND s.nspname = ${literal(only)}`}
ORDER BY s.nspname <> 'public', s.nspname`)
}

/**
 * A row for each migration that this database has: the `name` of its directory, when it was `begun` by the clock of the server, and when it was
 * `done` for certain: Prisma notes that by the clock of whoever deployed, and a minute is allowed for.
 */
export function appliedMigrations(schema: string): string {
  return sqlText(sql`SELECT
  migration_name AS name,
  started_at::text AS begun,
  (greatest(started_at, finished_at) + interval '1 minute')::text AS done
FROM ${qualified({ schema, name: MIGRATIONS_TABLE })}
WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`)
}

/** A row for each function and procedure of the audit schema. */
export function functionsThere(schema: string): string {
  return sqlText(sql`SELECT
  f.proname AS name,
  oidvectortypes(f.proargtypes) AS arguments,
  f.prosrc AS body,
  f.prosecdef AS "isDefiner",
  coalesce(f.proconfig, '{}') AS settings,
  pg_get_userbyid(f.proowner)::text AS owner,
  ${grantsTo(sql`coalesce(f.proacl, acldefault('f', f.proowner))`, sql`f.proowner`)} AS grants
FROM pg_proc AS f
JOIN pg_namespace AS n ON n.oid = f.pronamespace
WHERE n.nspname = ${literal(schema)}
ORDER BY f.proname, f.oid`)
}

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

/**
 * A row for each trigger that calls a function of the audit schema. Those that a partition has of its parent only where they
 * fire otherwise than the parent's: `of` is the partitioned table.
 */
export function triggersThatCall(schema: string): string {
  return sqlText(sql`SELECT
  t.tgname AS name,
  t.tgenabled AS enabled,
  json_build_object('schema', s.nspname, 'name', c.relname) AS on,
  f.proname AS function,
  pg_get_triggerdef(t.oid) AS definition,
  ARRAY(
    WITH RECURSIVE base AS (
      SELECT y.typbasetype AS oid
      FROM pg_attribute AS a
      JOIN pg_type AS y ON y.oid = a.atttypid
      WHERE a.attrelid = t.tgrelid AND a.attnum > 0 AND NOT a.attisdropped AND y.typtype = 'd'
      UNION
      SELECT y.typbasetype FROM base AS b JOIN pg_type AS y ON y.oid = b.oid WHERE y.typtype = 'd'
    )
    SELECT format_type(b.oid, NULL) FROM base AS b ORDER BY 1
  ) AS bases,
  -- Those of PostgreSQL itself are pinned, and no dependency is kept of them.
  ARRAY(
    SELECT d.refobjid::regoperator::text
    FROM pg_depend AS d
    WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid AND d.refclassid = 'pg_operator'::regclass
      AND NOT EXISTS (
        SELECT FROM pg_depend AS e WHERE e.classid = d.refclassid AND e.objid = d.refobjid AND e.deptype = 'e'
      )
    ORDER BY 1
  ) AS operators,
  CASE WHEN t.tgparentid <> 0 THEN (
    SELECT json_build_object('schema', rn.nspname, 'name', r.relname)
    FROM pg_class AS r
    JOIN pg_namespace AS rn ON rn.oid = r.relnamespace
    WHERE r.oid = pg_partition_root(t.tgrelid)
  ) END AS of
FROM pg_trigger AS t
LEFT JOIN pg_trigger AS parent ON parent.oid = t.tgparentid
JOIN pg_proc AS f ON f.oid = t.tgfoid
JOIN pg_namespace AS n ON n.oid = f.pronamespace
JOIN pg_class AS c ON c.oid = t.tgrelid
JOIN pg_namespace AS s ON s.oid = c.relnamespace
WHERE n.nspname = ${literal(schema)} AND (NOT t.tgisinternal OR t.tgparentid <> 0) AND t.tgenabled IS DISTINCT FROM parent.tgenabled
ORDER BY s.nspname, c.relname, t.tgname`)
}

/**
 * A row for each of the tables that is there.
 *
 * @param role may be its owner: see `whereLooked`
 */
export function tablesThere(tables: readonly AuditTableObject[], role: string | undefined): string {
  const names = join(
    tables.map(({ source }) => sql`(${literal(source.schema)}, ${literal(source.name)})`),
    sql`, `,
  )
  return sqlText(sql`SELECT s.schema, s.name, coalesce(pg_has_role(r.oid, c.relowner, 'MEMBER'), false) AS "isOwned"
FROM (VALUES ${names}) AS s (schema, name)
JOIN pg_class AS c ON c.oid = to_regclass(format('%I.%I', s.schema, s.name))
LEFT JOIN pg_roles AS r ON r.rolname = ${asked(role)}`)
}

/** A row for each setting that a role or a database brings along and that decides what is recorded. */
export function settingsBroughtAlong(): string {
  return sqlText(sql`SELECT r.rolname AS role, d.datname AS database, setting.text AS setting
FROM pg_db_role_setting AS s
LEFT JOIN pg_roles AS r ON r.oid = s.setrole
LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
CROSS JOIN LATERAL unnest(s.setconfig) AS setting (text)
WHERE (s.setdatabase = 0 OR d.datname = current_database())
  AND (setting.text LIKE 'audit.%' OR setting.text LIKE 'audit_capture.%' OR setting.text LIKE 'session_replication_role=%')
ORDER BY 1, 2, 3`)
}

/** A row for each audit schema of a former database that a migration has set aside. */
export function staleSchemas(schema: string): string {
  return sqlText(sql`SELECT n.nspname AS name, coalesce(sum(pg_total_relation_size(c.oid)), 0)::double precision AS bytes
FROM pg_namespace AS n
LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'm')
WHERE ${isStaleSchema(schema)}
GROUP BY n.nspname
ORDER BY n.nspname`)
}

/** How many of the newest rows are looked at for settings that they lack: no index tells of all. */
export const LOOKED_AT = 10_000

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
