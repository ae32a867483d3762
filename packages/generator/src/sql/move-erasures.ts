import { ERASURE_TABLES, SEAL_TABLES } from '../model/names.ts'
import type { AuditHome } from '../state/database-state.ts'
import { makeAppendOnly } from './audit-table.ts'
import { baseFunction, eraseSignature, pruneSignature } from './base-functions.ts'
import { stalePrefixOf } from './base-guard.ts'
import { type ErasureTableRole, erasureTable } from './erasure-tables.ts'
import { auditTable } from './look-first.ts'
import { APPEND_ONLY_TRIGGER, BASE_FUNCTIONS, SHARED_PREFIX } from './object-names.ts'
import { dollarQuoted, ident, join, lines, literal, type Sql, sql, sqlText } from './sql.ts'

/**
 * A migration that gives the audit schema another name moves the histories, and knows nothing of erasures. Their tables follow
 * here, before they would be made anew without what is on hold: from a schema that has no history any more and belongs to the
 * same owner. One that still has some is another application's, or was left over from a reset.
 */
export function renderMoveErasures(home: AuditHome): Sql {
  const roles = Object.keys(ERASURE_TABLES) as readonly ErasureTableRole[]
  const body = sql`DECLARE
  former record;
BEGIN
  ${lines(roles.map((role) => moveTable(home, role)))}
END`
  return sql`-- What an audit schema of another name has left of erasures comes along.
DO ${dollarQuoted(body)};`
}

function moveTable(home: AuditHome, role: ErasureTableRole): Sql {
  const table = erasureTable(home, role)
  const { own, shared } = ERASURE_TABLES[role]
  const guard = literal(sqlText(sql`${baseFunction(home, 'appendOnly')}()`))
  const trigger = literal(APPEND_ONLY_TRIGGER)
  return sql`SELECT n.nspname AS schema, c.relname AS name
INTO former
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = c.oid AND t.tgname = ${trigger}
JOIN pg_catalog.pg_proc AS f ON f.oid = pg_catalog.to_regprocedure(${guard}) AND f.proowner = c.relowner
WHERE c.relkind = 'r' AND c.relname IN (${literal(own)}, ${literal(shared)}) AND n.nspname <> ${literal(home.schema)}
  AND pg_catalog.to_regclass(${literal(sqlText(auditTable(table)))}) IS NULL
  AND NOT ${hasHistories(sql`n.oid`)}
ORDER BY n.nspname COLLATE "C"
LIMIT 1;
IF FOUND THEN
  EXECUTE pg_catalog.format('ALTER TABLE %I.%I SET SCHEMA %I', former.schema, former.name, ${literal(home.schema)});
  IF former.name <> ${literal(table.names.table)} THEN
    EXECUTE pg_catalog.format('ALTER TABLE %I.%I RENAME TO %I', ${literal(home.schema)}, former.name, ${literal(table.names.table)});
  END IF;
  DROP TRIGGER ${ident(APPEND_ONLY_TRIGGER)} ON ${auditTable(table)};
  ${makeAppendOnly(table)}
END IF;`
}

/**
 * In the name of the role of erasures, or of prunings: its function of a former audit schema, which has no history any more or was left over from a
 * reset. By the names in it, it would act on the present one.
 */
export function dropFormer(home: AuditHome, role: 'erase' | 'prune'): Sql {
  const signature = role === 'erase' ? eraseSignature(home) : pruneSignature(home)
  const names = join([BASE_FUNCTIONS[role], SHARED_PREFIX + BASE_FUNCTIONS[role]].map(literal), sql`, `)
  const body = sql`DECLARE
  former regprocedure;
BEGIN
  FOR former IN
    SELECT f.oid::regprocedure
    FROM pg_catalog.pg_proc AS f
    JOIN pg_catalog.pg_roles AS r ON r.oid = f.proowner AND r.rolname = current_user
    JOIN pg_catalog.pg_namespace AS n ON n.oid = f.pronamespace
    WHERE f.proname IN (${names})
      AND f.oid IS DISTINCT FROM pg_catalog.to_regprocedure(${literal(sqlText(signature))})
      AND (NOT ${hasHistories(sql`f.pronamespace`)} OR pg_catalog.starts_with(n.nspname, ${literal(stalePrefixOf(home.schema))}))
  LOOP
    EXECUTE pg_catalog.format('DROP FUNCTION %s', former);
  END LOOP;
END`
  return sql`DO ${dollarQuoted(body)};`
}

/** Whether a schema, by its OID, has tables with our guard besides those of seals and erasures. */
function hasHistories(schema: Sql): Sql {
  const ours = [...Object.values(ERASURE_TABLES), ...Object.values(SEAL_TABLES)].flatMap((names) => [
    literal(names.own),
    literal(names.shared),
  ])
  return sql`EXISTS (
  SELECT FROM pg_catalog.pg_class AS h
  JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = h.oid AND g.tgname = ${literal(APPEND_ONLY_TRIGGER)}
  WHERE h.relnamespace = ${schema} AND h.relname NOT IN (${join(ours, sql`, `)})
)`
}
