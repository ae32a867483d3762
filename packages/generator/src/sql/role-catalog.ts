import { HASH_KEY_TABLE, MIGRATIONS_TABLE, WAIVER_TABLE } from '../model/names.ts'
import type { AuditHome } from '../state/database-state.ts'
import { isStaleSchema, MARK } from './base-guard.ts'
import { BASE_FUNCTIONS, SHARED_PREFIX } from './object-names.ts'
import { join, literal, type Sql, sql } from './sql.ts'

/*
 * What a set-up of roles finds in the catalog: read when the script runs, and not when it is printed, so that it also knows
 * the histories of models that are gone, and what migrations made by hand.
 */

/** `name IN ('public', 'shop')` */
export function oneOf(name: Sql, values: readonly string[]): Sql {
  return sql`${name} IN (${join(values.map(literal), sql`, `)})`
}

/**
 * Whether `c` of pg_class, in `n` of pg_namespace, is the list of an application that has none in the schemas of its models: then it is the one in
 * `public`. Otherwise that is another application's.
 */
export function isListOutside(schemas: readonly string[]): Sql {
  return sql`n.nspname = 'public' AND c.relname = ${literal(MIGRATIONS_TABLE)} AND NOT EXISTS (
  SELECT FROM pg_class AS own
  JOIN pg_namespace AS place ON place.oid = own.relnamespace
  WHERE own.relname = ${literal(MIGRATIONS_TABLE)} AND own.relkind = 'r' AND ${oneOf(sql`place.nspname`, schemas)}
)`
}

/** Whether `n` of pg_namespace is a schema of the audit's own; those that `migrate reset` left aside are, too. */
export function isAuditSchema({ schema, shared }: AuditHome): Sql {
  if (shared) return sql`false`
  return sql`(
  n.nspname = ${literal(schema)}
  OR ${isStaleSchema(schema)}
)`
}

/** Asks for the OIDs of all tables and sequences of history. */
export function historyTables(home: AuditHome): Sql {
  if (!home.shared) {
    return sql`SELECT c.oid
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${isAuditSchema(home)}`
  }
  const guard = literal(SHARED_PREFIX + BASE_FUNCTIONS.appendOnly)
  return sql`WITH guarded AS (
  SELECT t.tgrelid AS oid
  FROM pg_trigger AS t
  JOIN pg_proc AS f ON f.oid = t.tgfoid
  JOIN pg_namespace AS n ON n.oid = f.pronamespace
  WHERE n.nspname = ${literal(home.schema)} AND f.proname = ${guard}
  UNION
  SELECT c.oid
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = ${literal(home.schema)} AND ${oneOf(sql`c.relname`, [HASH_KEY_TABLE.shared, WAIVER_TABLE.shared])}
)
SELECT oid FROM guarded
UNION
SELECT s.oid
FROM guarded
JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = guarded.oid
JOIN pg_class AS s ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND s.relkind = 'S'`
}

/** The same with the views, and the views on these, that show history. */
export function showingHistory(home: AuditHome): Sql {
  return sql`WITH RECURSIVE shown AS (
  SELECT history.oid
  FROM (
    ${historyTables(home)}
  ) AS history
  UNION
  SELECT r.ev_class
  FROM shown
  JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = shown.oid
  JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
)
SELECT oid FROM shown`
}

/** Whether `f` of pg_proc, in the schema `n`, is a function of the audit's that is not everybody's. */
export function isAuditFunction(home: AuditHome): Sql {
  const open = [BASE_FUNCTIONS.setContext, BASE_FUNCTIONS.waiveCapture]
  if (!home.shared) return sql`${isAuditSchema(home)} AND NOT ${oneOf(sql`f.proname`, open)}`
  return sql`n.nspname = ${literal(home.schema)}
  AND starts_with(obj_description(f.oid, 'pg_proc'), ${literal(MARK)})
  AND NOT ${oneOf(
    sql`f.proname`,
    open.map((name) => SHARED_PREFIX + name),
  )}`
}

/** Whether an object of the catalog `catalog` is part of an extension, which has an owner of its own. */
export function isOfExtension(catalog: 'pg_class' | 'pg_type' | 'pg_proc', oid: Sql): Sql {
  return sql`EXISTS (
  SELECT FROM pg_depend AS d
  WHERE d.classid = ${literal(catalog)}::regclass AND d.objid = ${oid} AND d.deptype = 'e'
)`
}
