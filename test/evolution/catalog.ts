import type pg from 'pg'
import { APPEND_ONLY_TRIGGER, BASE_FUNCTIONS } from '../../packages/generator/src/sql/object-names.ts'

/**
 * A line for everything that a migration makes, by name: what two equal databases share. Partitions are not among it: where a history had
 * rows, its oldest is another one.
 */
export async function dumpCatalog(client: pg.ClientBase): Promise<readonly string[]> {
  const { rows } = await client.query<{ line: string }>(DUMP)
  // When a folder is replayed from its beginning, the schema's mark says when: no two databases share that.
  return rows.map(({ line }) => line.replace(/, replayed at [\d.]+/, '')).toSorted()
}

/** Functions and triggers that record: what down.sql restores exactly. Those that guard the history stay with it. */
export async function dumpCapture(client: pg.ClientBase): Promise<readonly string[]> {
  const lines = await dumpCatalog(client)
  return lines.filter((line) => /^(?:function|trigger) /.test(line) && !GUARD.test(line))
}

const GUARD = new RegExp(
  `^function .*\\.(?:${Object.values(BASE_FUNCTIONS).join('|')}): CREATE|CREATE TRIGGER ${APPEND_ONLY_TRIGGER} `,
)

const SCHEMAS = `nspname !~ '^pg_' AND nspname <> 'information_schema'`
const rights = (acl: string) =>
  `coalesce((SELECT string_agg(a.grantee::regrole::text || '=' || a.privilege_type, ',' ORDER BY a.grantee::regrole::text, a.privilege_type) FROM aclexplode(${acl}) AS a), 'default')`

const DUMP = `
WITH ours AS (SELECT n.oid, n.nspname, n.nspacl FROM pg_namespace AS n WHERE ${SCHEMAS}),
relations AS (
  SELECT c.*, format('%I.%I', o.nspname, c.relname) AS name FROM pg_class AS c JOIN ours AS o ON o.oid = c.relnamespace
  WHERE NOT c.relispartition AND NOT EXISTS (
    SELECT FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid WHERE i.indexrelid = c.oid AND t.relispartition
  )
)
SELECT format('schema %I: %s, rights %s', nspname, obj_description(oid, 'pg_namespace'), ${rights('nspacl')}) AS line FROM ours
UNION ALL
SELECT format('relation %s: %s, %s, rights %s', name, relkind, obj_description(oid, 'pg_class'), ${rights('relacl')})
FROM relations WHERE relkind IN ('r', 'p', 'v', 'S')
UNION ALL
SELECT format('column %s.%I: %s not null %s default %s identity %s, %s', r.name, a.attname, format_type(a.atttypid, a.atttypmod),
  a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, col_description(r.oid, a.attnum))
FROM relations AS r JOIN pg_attribute AS a ON a.attrelid = r.oid
LEFT JOIN pg_attrdef AS d ON d.adrelid = r.oid AND d.adnum = a.attnum
WHERE r.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT format('constraint %s.%I: %s', r.name, c.conname, pg_get_constraintdef(c.oid))
FROM relations AS r JOIN pg_constraint AS c ON c.conrelid = r.oid WHERE c.contype <> 'n'
UNION ALL
SELECT format('index %s: %s', r.name, pg_get_indexdef(r.oid)) FROM relations AS r WHERE r.relkind = 'i'
UNION ALL
SELECT format('function %I.%I: %s, rights %s', o.nspname, f.proname, pg_get_functiondef(f.oid), ${rights('f.proacl')})
FROM pg_proc AS f JOIN ours AS o ON o.oid = f.pronamespace
UNION ALL
SELECT format('trigger %s: %s, enabled %s', r.name, pg_get_triggerdef(t.oid), t.tgenabled)
FROM relations AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
UNION ALL
SELECT format('enum %I.%I: %s', o.nspname, t.typname,
  (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = t.oid))
FROM pg_type AS t JOIN ours AS o ON o.oid = t.typnamespace WHERE t.typtype = 'e'`

/** The tables outside of the audit, in the words of the fold of the migrations folder. */
export async function readTables(client: pg.ClientBase, auditSchemas: readonly string[]) {
  const { rows } = await client.query<{
    table: string
    columns: readonly (readonly [name: string, type: string, notNull: boolean])[]
    primaryKey: readonly string[]
  }>(TABLES, [auditSchemas])
  return rows.toSorted((a, b) => (a.table < b.table ? -1 : 1))
}

const TABLES = `
SELECT format('%s.%s', n.nspname, c.relname) AS table,
  (SELECT json_agg(json_build_array(a.attname,
      CASE WHEN bn.nspname = 'pg_catalog' THEN format_type(a.atttypid, a.atttypmod)
           ELSE format('"%s"."%s"', bn.nspname, b.typname) || CASE WHEN t.oid <> b.oid THEN '[]' ELSE '' END END,
      a.attnotnull) ORDER BY a.attname COLLATE "C")
    FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
    JOIN pg_type AS b ON b.oid = CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END
    JOIN pg_namespace AS bn ON bn.oid = b.typnamespace
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  (SELECT coalesce(json_agg(a.attname ORDER BY position), '[]')
    FROM pg_index AS i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, position)
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.number
    WHERE i.indrelid = c.oid AND i.indisprimary) AS "primaryKey"
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND ${SCHEMAS} AND n.nspname <> ALL ($1)`
