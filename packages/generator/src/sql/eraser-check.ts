import type { AuditHome } from '../state/database-state.ts'
import { eraseSignature } from './base-functions.ts'
import { dollarQuoted, literal, type Sql, sql, sqlText } from './sql.ts'

/**
 * Ends the script, and takes all of it back, where somebody could be the role of erasures, or it could do anything else.
 *
 * @param of the one function that it owns
 */
export function renderEraserCheck(
  { eraser, home }: { readonly eraser: string; readonly home: AuditHome },
  of: { readonly signature: Sql; readonly acts: 'erasures' | 'prunings' } = {
    signature: eraseSignature(home),
    acts: 'erasures',
  },
): Sql {
  const signature = literal(sqlText(of.signature))
  const acts = of.acts === 'erasures' ? sql`erasures` : sql`prunings`
  const body = sql`DECLARE
  problem text;
BEGIN
  SELECT found.text INTO problem
  FROM pg_roles AS e
  CROSS JOIN LATERAL (
    SELECT 1 AS turn, format('role %I can log in', e.rolname) AS text WHERE e.rolcanlogin
    UNION ALL
    SELECT 2, format('role %I has more rights than that of ${acts} may have', e.rolname)
    WHERE e.rolsuper OR e.rolcreaterole OR e.rolcreatedb OR e.rolreplication OR e.rolbypassrls
    UNION ALL
    SELECT 3, format('role %I is a member of %s', e.rolname, m.roleid::regrole)
    FROM pg_auth_members AS m WHERE m.member = e.oid
    UNION ALL
    SELECT 4, format('role %I can become %I', r.rolname, e.rolname)
    FROM pg_roles AS r
    WHERE r.oid <> e.oid AND NOT r.rolsuper
      AND pg_has_role(r.oid, e.oid, CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END)
    UNION ALL
    SELECT 5, format('role %I has the rights of %I', r.rolname, e.rolname)
    FROM pg_roles AS r
    WHERE r.oid <> e.oid AND NOT r.rolsuper AND pg_has_role(r.oid, e.oid, 'USAGE')
    UNION ALL
    SELECT 6, format('role %I owns %s', e.rolname, pg_describe_object(s.classid, s.objid, s.objsubid))
    FROM pg_shdepend AS s
    WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = e.oid AND s.deptype = 'o'
      AND s.dbid IN (0, (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))
      AND NOT (s.classid = 'pg_proc'::regclass AND s.objid = ${signature}::regprocedure)
  ) AS found
  WHERE e.rolname = ${literal(eraser)}
  ORDER BY found.turn, found.text
  LIMIT 1;
  IF problem IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_role_specification',
      MESSAGE = format('%s: that role must own the function of ${acts}, and nothing else, and be nobody', problem),
      HINT = 'Name another role, one that is not there yet. Nothing was changed.';
  END IF;
END`
  return sql`-- The role is its function's alone.
DO ${dollarQuoted(body)};`
}
