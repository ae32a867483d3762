import type { AuditHome } from '../state/database-state.ts'
import { derivedName } from '../state/own-names.ts'
import { auditTable, type HistoryTable, relation, when } from './look-first.ts'
import { dollarQuoted, ident, lines, literal, type Sql, sql, sqlText } from './sql.ts'

/** What the role reads: exactly what is published. */
export function copyRights(
  home: AuditHome,
  role: string,
  histories: readonly HistoryTable[],
  later: readonly HistoryTable[],
): Sql {
  const name = literal(role)
  const ifThere = later.map(
    (table) => sql`IF pg_catalog.to_regclass(${literal(sqlText(auditTable(table)))}) IS NOT NULL THEN
  GRANT SELECT ON ${auditTable(table)} TO ${ident(role)};
END IF;`,
  )
  const body = sql`BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = ${name}) THEN
    RAISE EXCEPTION USING
      ERRCODE = 'undefined_object',
      MESSAGE = pg_catalog.format('there is no role %I', ${name}),
      HINT = ${literal(createRole(role))};
  END IF;
  GRANT USAGE ON SCHEMA ${ident(home.schema)} TO ${ident(role)};
  ${lines(histories.map((table) => sql`GRANT SELECT ON ${auditTable(table)} TO ${ident(role)};`))}
  ${lines(ifThere)}
END`
  return sql`-- The first copy of a table is a SELECT of the role that replicates.
DO ${dollarQuoted(body)};`
}

/** For a person. */
export function createRole(role: string): string {
  return `As a superuser: CREATE ROLE ${sqlText(ident(role))} LOGIN REPLICATION;`
}

/** With row level security and no policy of its own the role would copy nothing, without an error. */
export function copyPolicy(table: HistoryTable, role: string): Sql {
  const name = derivedName(`audit_copy_${role}`, '')
  const isThere = sql`EXISTS (
  SELECT FROM pg_catalog.pg_policy AS p
  WHERE p.polrelid = ${relation(table)} AND p.polname = ${literal(name)}
)`
  return sql`-- Where readers are kept to their tenants, the copy is of all rows.
${when(
  sql`NOT ${isThere}`,
  sql`CREATE POLICY ${ident(name)} ON ${auditTable(table)} FOR SELECT TO ${ident(role)} USING (true);`,
)}`
}
