import { BASE_FUNCTIONS, SHARED_PREFIX } from './object-names.ts'
import { join, literal, type Sql, sql } from './sql.ts'

/**
 * `[{"role": "app", "privileges": ["SELECT"]}]`: what others than the owner were granted; the role of PUBLIC is null.
 *
 * @param left what of it is not told, of the grant `g`
 */
export function grantsTo(rights: Sql, owner: Sql, left: Sql = sql`false`): Sql {
  return sql`(
    SELECT coalesce(json_agg(json_build_object('role', each.role, 'privileges', each.privileges) ORDER BY each.role), '[]')
    FROM (
      SELECT r.rolname AS role, array_agg(g.privilege_type ORDER BY g.privilege_type) AS privileges
      FROM aclexplode(${rights}) AS g
      LEFT JOIN pg_roles AS r ON r.oid = g.grantee
      WHERE g.grantee <> ${owner} AND NOT ${left}
      GROUP BY r.rolname
    ) AS each
  )`
}

/**
 * The grant is one of the set-ups of erasure or of pruning: to the role that owns their function, while nobody can be it. The guard asks for
 * more than a right.
 *
 * @param grant an alias of `aclexplode`
 * @param schema the OID of the audit schema
 */
export function isOfSetUp(grant: Sql, schema: Sql): Sql {
  return sql`(${isOfRole(grant, schema, 'erase')} OR ${isOfRole(grant, schema, 'prune')})`
}

/** The right to remove rows, of pruning's role only. */
export function isOfPruning(grant: Sql, schema: Sql): Sql {
  return sql`(${grant}.privilege_type = 'DELETE' AND ${isOfRole(grant, schema, 'prune')})`
}

function isOfRole(grant: Sql, schema: Sql, role: 'erase' | 'prune'): Sql {
  const names = join([BASE_FUNCTIONS[role], SHARED_PREFIX + BASE_FUNCTIONS[role]].map(literal), sql`, `)
  return sql`EXISTS (
  SELECT FROM pg_proc AS f
  JOIN pg_roles AS e ON e.oid = f.proowner
  WHERE f.pronamespace = ${schema} AND f.proname IN (${names}) AND f.prosecdef AND e.oid = ${grant}.grantee
    AND NOT e.rolcanlogin AND NOT e.rolsuper AND NOT EXISTS (
      SELECT FROM pg_roles AS other
      WHERE other.oid <> e.oid AND NOT other.rolsuper AND (
        pg_has_role(other.oid, e.oid, 'USAGE')
        OR pg_has_role(other.oid, e.oid, CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END)
      )
    )
)`
}
