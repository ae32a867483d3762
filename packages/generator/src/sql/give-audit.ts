import type { AuditHome } from '../state/database-state.ts'
import { eraseSignature, pruneSignature } from './base-functions.ts'
import { historyTables, isAuditFunction } from './role-catalog.ts'
import { dollarQuoted, literal, type Sql, sql, sqlText } from './sql.ts'

/**
 * Gives the audit to a role: its schema, every history and what belongs to it, and the functions, but for those of erasures and prunings. What is the
 * role's already is not touched.
 *
 *     DO $audit$ … EXECUTE format('ALTER TABLE %s OWNER TO %I', 'audit."Order_audit"', 'app_owner') … $audit$;
 */
export function renderGiveAudit(home: AuditHome, owner: string): string {
  const role = literal(owner)
  const isOthers = (of: Sql) => sql`${of} <> (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = ${role})`
  const body = sql`DECLARE
  thing record;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = ${role}) THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('there is no role %I', ${role});
  END IF;
  FOR thing IN
    SELECT 1 AS turn, format('SCHEMA %I', n.nspname) AS name
    FROM pg_namespace AS n
    WHERE ${home.shared ? sql`false` : sql`n.nspname = ${literal(home.schema)}`} AND ${isOthers(sql`n.nspowner`)}
    UNION ALL
    SELECT 2, format('TABLE %s', c.oid::regclass)
    FROM pg_class AS c
    WHERE c.relkind IN ('r', 'p') AND ${isOthers(sql`c.relowner`)}
      AND c.oid IN (
        ${historyTables(home)}
      )
    UNION ALL
    SELECT 3, format('ROUTINE %s', f.oid::regprocedure)
    FROM pg_proc AS f
    JOIN pg_namespace AS n ON n.oid = f.pronamespace
    WHERE ${isOthers(sql`f.proowner`)}
      AND ${home.shared ? isAuditFunction(home) : sql`n.nspname = ${literal(home.schema)}`}
      AND f.oid IS DISTINCT FROM to_regprocedure(${literal(sqlText(eraseSignature(home)))})
      AND f.oid IS DISTINCT FROM to_regprocedure(${literal(sqlText(pruneSignature(home)))})
    ORDER BY turn, name
  LOOP
    EXECUTE format('ALTER %s OWNER TO %I', thing.name, ${role});
  END LOOP;
END`
  return sqlText(sql`BEGIN;
SET LOCAL search_path = pg_catalog, pg_temp;
DO ${dollarQuoted(body)};
COMMIT;
`)
}
