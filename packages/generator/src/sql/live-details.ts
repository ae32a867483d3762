import { grantsTo, isOfSetUp } from './live-grants.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { join, literal, type Sql, sql, sqlText } from './sql.ts'

/*
 * What changes how a table of the audit schema is written or read, besides its columns and its guard, asked of PostgreSQL's catalog, for
 * the transaction that `beginLook` begins.
 */

/** A row for each of the tables, by name, that is there: see `LiveDetails`. */
export function detailsThere(schema: string, tables: readonly string[]): string {
  const id = literal(AUDIT_COLUMNS.id)
  return sqlText(sql`SELECT
  c.relname AS name,
  pg_get_userbyid(c.relowner)::text AS owner,
  c.relpersistence = 'u' AS "isUnlogged",
  c.relforcerowsecurity AS "isForced",
  -- One that lets its role see all rows, as the role of a second server, keeps nothing from anybody.
  NOT c.relrowsecurity AND EXISTS (
    SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid AND pg_get_expr(p.polqual, p.polrelid) IS DISTINCT FROM 'true'
  ) AS "hasIdlePolicies",
  -- Of a partitioned history each partition has one of its own.
  c.relkind = 'p' OR EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid) AS "hasPrimaryKey",
  NOT EXISTS (
    SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = ${id} AND a.attidentity = '' AND NOT a.attisdropped
  ) AS "isNumbered",
  has_table_privilege(c.oid, 'SELECT') AS "isReadable",
  ${grantsTo(sql`coalesce(c.relacl, acldefault('r', c.relowner))`, sql`c.relowner`, isOfSetUp(sql`g`, sql`c.relnamespace`))} AS grants,
  ${columnGrants()} AS "columnGrants",
  q.name AS sequence,
  ${grantsTo(sql`q.acl`, sql`c.relowner`, isOfSetUp(sql`g`, sql`c.relnamespace`))} AS "sequenceGrants",
  CASE WHEN c.relkind = 'r' THEN ARRAY(
    SELECT i.inhrelid::regclass::text FROM pg_inherits AS i WHERE i.inhparent = c.oid ORDER BY 1
  ) ELSE '{}' END AS heirs,
  ARRAY(SELECT r.rulename::text FROM pg_rewrite AS r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN' ORDER BY 1) AS rules,
  -- Those that may keep a row from being written, or write another: BEFORE (2), for INSERT (4).
  ARRAY(
    SELECT t.tgname::text FROM pg_trigger AS t
    WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype & 6 = 6 AND t.tgenabled <> 'D' ORDER BY 1
  ) AS "insertTriggers",
  (
    SELECT coalesce(json_agg(json_build_object('name', k.conname, 'text', pg_get_constraintdef(k.oid)) ORDER BY k.conname), '[]')
    FROM pg_constraint AS k
    WHERE k.conrelid = c.oid AND k.contype = 'c'
  ) AS checks
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
  SELECT s.relname::text AS name, s.relacl AS acl
  FROM pg_depend AS d
  JOIN pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype IN ('i', 'a')
  ORDER BY s.relname
  LIMIT 1
) AS q ON true
WHERE n.nspname = ${literal(schema)} AND c.relkind IN ('r', 'p') AND c.relname IN (${join(tables.map(literal), sql`, `)})
ORDER BY c.relname`)
}

/** As `grantsTo`; a privilege names the column: `UPDATE (label)`. */
function columnGrants(): Sql {
  return sql`(
    SELECT coalesce(json_agg(json_build_object('role', each.role, 'privileges', each.privileges) ORDER BY each.role), '[]')
    FROM (
      SELECT r.rolname AS role, array_agg(format('%s (%s)', g.privilege_type, a.attname) ORDER BY a.attnum, g.privilege_type) AS privileges
      FROM pg_attribute AS a
      CROSS JOIN LATERAL aclexplode(a.attacl) AS g
      LEFT JOIN pg_roles AS r ON r.oid = g.grantee
      WHERE a.attrelid = c.oid AND NOT a.attisdropped AND g.grantee <> c.relowner AND g.privilege_type <> 'SELECT'
        AND NOT ${isOfSetUp(sql`g`, sql`c.relnamespace`)}
      GROUP BY r.rolname
    ) AS each
  )`
}

/** A row for each rule on one of the tables: what is written to them may go elsewhere. */
export function rulesOn(tables: readonly { readonly schema: string; readonly name: string }[]): string {
  const names = join(
    tables.map(({ schema, name }) => sql`(${literal(schema)}, ${literal(name)})`),
    sql`, `,
  )
  return sqlText(sql`SELECT s.schema, s.name, r.rulename::text AS rule
FROM (VALUES ${names}) AS s (schema, name)
JOIN pg_rewrite AS r ON r.ev_class = to_regclass(format('%I.%I', s.schema, s.name))
WHERE r.rulename <> '_RETURN'
ORDER BY 1, 2, 3`)
}
