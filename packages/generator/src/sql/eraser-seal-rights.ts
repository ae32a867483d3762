import { SEAL_TABLES } from '../model/names.ts'
import type { AuditHome } from '../state/database-state.ts'
import { eraseSignature } from './base-functions.ts'
import { dollarQuoted, lines, literal, qualified, type Sql, sql, sqlText } from './sql.ts'

/** PL/pgSQL: of the seals the role may change what an erasure has to, where there are any. */
export function giveSealRights(home: AuditHome, role: Sql): Sql {
  const rights = [
    ['seal', sql`SELECT`],
    ['salt', sql`SELECT, UPDATE`],
    ['erasure', sql`SELECT, INSERT, UPDATE`],
  ] as const
  const each = rights.map(([table, granted]) => {
    const name = qualified({ schema: home.schema, name: SEAL_TABLES[table][home.shared ? 'shared' : 'own'] })
    return sql`IF pg_catalog.to_regclass(${literal(sqlText(name))}) IS NOT NULL THEN
  EXECUTE pg_catalog.format('GRANT ${granted} ON %s TO %I', ${literal(sqlText(name))}, ${role});
END IF;`
  })
  return lines(each)
}

/** The same where the tables of seals have just been made, and erasure may have been set up before. */
export function giveSealRightsLater(home: AuditHome): Sql {
  const body = sql`DECLARE
  eraser CONSTANT text := (
    SELECT r.rolname FROM pg_catalog.pg_proc AS f
    JOIN pg_catalog.pg_roles AS r ON r.oid = f.proowner
    WHERE f.oid = pg_catalog.to_regprocedure(${literal(sqlText(eraseSignature(home)))}) AND NOT r.rolcanlogin
  );
BEGIN
  IF eraser IS NOT NULL THEN
    ${giveSealRights(home, sql`eraser`)}
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}
