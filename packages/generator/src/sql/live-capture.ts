import type { AuditTableObject } from '../state/database-state.ts'
import { grantsTo } from './live-grants.ts'
import { asked } from './live-installation.ts'
import { join, literal, sql, sqlText } from './sql.ts'

/* What captures in a database, and what it captures of: questions for the transaction that `beginLook` begins. */

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
  return sqlText(sql`SELECT s.schema, s.name, coalesce(pg_has_role(r.oid, c.relowner, 'MEMBER'), false) AS "isOwned",
  c.relispartition AS "isPartition"
FROM (VALUES ${names}) AS s (schema, name)
JOIN pg_class AS c ON c.oid = to_regclass(format('%I.%I', s.schema, s.name))
LEFT JOIN pg_roles AS r ON r.rolname = ${asked(role)}`)
}
