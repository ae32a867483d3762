import { isStaleSchema } from './base-guard.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { join, literal, type Sql, sql, sqlText } from './sql.ts'

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
export function asked(role: string | undefined): Sql {
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
