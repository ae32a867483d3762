import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { APPEND_ONLY_TRIGGER, AUDIT_COLUMNS } from './object-names.ts'
import { ident, lines, literal, type Sql, sql, sqlText } from './sql.ts'

/** What an ordinary history carries while it is on its way to be the oldest partition: no row is of that moment or later. */
export const OLDEST_CHECK = 'audit_oldest_partition'

/** How far ahead partitions are made, whenever any are. */
export const MONTHS_AHEAD = 12

/** What a history is partitioned by, as a value. */
export const PARTITION_KEY: Sql = literal(AUDIT_COLUMNS.operationTimestamp)

/**
 * PL/pgSQL that makes of `title` and `ending` the name of a relation that the schema `place` has not. One that is too long is cut, and a
 * hash of the whole keeps it apart from others that begin alike; a number does where it is taken all the same.
 */
export function freeTitle(ending: Sql): Sql {
  return sql`title := (
  SELECT n.name
  FROM (
    SELECT g.number, e.text, 63 - octet_length(e.text) AS room
    FROM generate_series(1, 1000) AS g (number)
    CROSS JOIN LATERAL (SELECT ${ending} || CASE WHEN g.number > 1 THEN '_' || g.number ELSE '' END) AS e (text)
  ) AS e
  CROSS JOIN LATERAL (
    SELECT CASE WHEN octet_length(title) <= e.room THEN title ELSE (
      SELECT left(title, l.length) || '_' || left(md5(title), 8)
      FROM generate_series(1, 63) AS l (length)
      WHERE octet_length(left(title, l.length)) <= e.room - 9
      ORDER BY l.length DESC
      LIMIT 1
    ) END || e.text
  ) AS n (name)
  WHERE NOT EXISTS (
    SELECT FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace WHERE s.nspname = place AND c.relname = n.name
  )
  ORDER BY e.number
  LIMIT 1
);`
}

/** The ending of the partition that holds all until `bound`. */
export const UNTIL: Sql = sql`to_char(bound, '"_until_"YYYY_MM')`

/**
 * PL/pgSQL that makes the table `title` with the columns and rules of the table `alike`. The columns have the same numbers, by which marks and
 * keys of hashes go: one that was dropped is made, and dropped again.
 */
export function makeAlike(alike: Sql, by: Sql): Sql {
  return sql`EXECUTE (
  SELECT format('CREATE TABLE %I.%I (%s)%s', place, title, string_agg(
    CASE WHEN a.attisdropped THEN format('%I integer', a.attname) ELSE format(
      '%I %s%s%s%s',
      a.attname,
      format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation END,
      CASE a.attgenerated
        WHEN '' THEN ' DEFAULT ' || d.text
        ELSE format(' GENERATED ALWAYS AS (%s) %s', d.text, CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END)
      END,
      CASE WHEN a.attnotnull THEN ' NOT NULL' END
    ) END,
    ', ' ORDER BY a.attnum
  ), ${by})
  FROM pg_attribute AS a
  LEFT JOIN pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN LATERAL (
    SELECT pg_get_expr(e.adbin, e.adrelid) FROM pg_attrdef AS e WHERE e.adrelid = a.attrelid AND e.adnum = a.attnum
  ) AS d (text) ON true
  WHERE a.attrelid = ${alike} AND a.attnum > 0
);
FOR item IN
  SELECT format('ALTER TABLE %I.%I DROP COLUMN %I', place, title, a.attname) AS command
  FROM pg_attribute AS a
  WHERE a.attrelid = ${alike} AND a.attnum > 0 AND a.attisdropped
  UNION ALL
  SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', place, title, c.conname, pg_get_constraintdef(c.oid))
  FROM pg_constraint AS c
  WHERE c.conrelid = ${alike} AND c.contype = 'c' AND c.conname <> ${literal(OLDEST_CHECK)}
LOOP
  EXECUTE item.command;
END LOOP;`
}

/**
 * The guard of a history as texts for `format()`, which names the table.
 *
 * @param at where it names it: `%s`, `%2$s`
 */
export function guardFormats(home: AuditHome, at: string): readonly Sql[] {
  const trigger = sqlText(ident(APPEND_ONLY_TRIGGER))
  const guard = sqlText(sql`${baseFunction(home, 'appendOnly')}()`).replaceAll('%', '%%')
  return [
    `CREATE TRIGGER ${trigger} BEFORE UPDATE OR DELETE OR TRUNCATE ON ${at} FOR EACH STATEMENT EXECUTE FUNCTION ${guard}`,
    `ALTER TABLE ${at} ENABLE ALWAYS TRIGGER ${trigger}`,
  ].map((text) => literal(text))
}

/** PL/pgSQL that gives the table `part` the guard of a history, the history's owner, and nobody else a right on it. */
export function giveGuard(home: AuditHome): Sql {
  return lines([
    ...guardFormats(home, '%s').map((text) => sql`EXECUTE format(${text}, part);`),
    sql`IF owner <> current_user THEN
  EXECUTE format('ALTER TABLE %s OWNER TO %I', part, owner);
END IF;
CALL ${baseFunction(home, 'keepPrivate')}(ARRAY[part], '{}');`,
  ])
}
