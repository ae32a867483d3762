import { type Sql, sql } from './sql.ts'

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
