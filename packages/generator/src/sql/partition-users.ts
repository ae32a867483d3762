import { ERASURE_TABLES, HASH_KEY_TABLE, PAUSE_TABLE, SEAL_TABLES } from '../model/names.ts'
import { APPEND_ONLY_TRIGGER } from './object-names.ts'
import { join, literal, type Sql, sql } from './sql.ts'

/** Tables of the audit's own whose column `history` finds a history by its OID. */
const POINTING = [
  SEAL_TABLES.seal,
  SEAL_TABLES.watermark,
  ERASURE_TABLES.hold,
  PAUSE_TABLE,
  HASH_KEY_TABLE,
].flatMap(({ own, shared }) => [own, shared])

/** Their OIDs, and the number of the column. */
export const POINTERS = sql`SELECT c.oid, a.attnum
  FROM pg_class AS c
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'history' AND a.atttypid = 'regclass'::regtype AND NOT a.attisdropped
  WHERE c.relkind = 'r' AND c.relname IN (${join(
    POINTING.map((name) => literal(name)),
    sql`, `,
  )}) AND c.relowner = (SELECT h.relowner FROM pg_class AS h WHERE h.oid = history)`

/**
 * What was made for the ordinary table would be left with the oldest partition, and see no row that comes. A publication of some columns or
 * rows alone would tell all of them.
 */
export function refuseUsers(): Sql {
  return sql`users := (
  SELECT string_agg(DISTINCT u.name, ', ')
  FROM (
    SELECT 'trigger ' || quote_ident(t.tgname) FROM pg_trigger AS t
    WHERE t.tgrelid = history AND NOT t.tgisinternal AND t.tgname <> ${literal(APPEND_ONLY_TRIGGER)}
    UNION ALL
    SELECT 'table ' || i.inhrelid::regclass FROM pg_inherits AS i WHERE i.inhparent = history
    UNION ALL
    SELECT format('check %I (NO INHERIT)', k.conname) FROM pg_constraint AS k
    WHERE k.conrelid = history AND k.contype = 'c' AND k.connoinherit
    UNION ALL
    SELECT 'foreign key ' || quote_ident(f.conname) || ' of ' || f.conrelid::regclass FROM pg_constraint AS f
    WHERE f.contype = 'f' AND history IN (f.conrelid, f.confrelid)
    UNION ALL
    SELECT CASE WHEN r.ev_class = history THEN 'rule ' || quote_ident(r.rulename) ELSE 'view ' || r.ev_class::regclass END
    FROM pg_depend AS d
    JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = history
    UNION ALL
    -- These columns are written anew, which PostgreSQL refuses where a view has one.
    SELECT 'view ' || r.ev_class::regclass
    FROM (
      ${POINTERS}
    ) AS p
    JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = p.oid AND d.refobjsubid = p.attnum
    JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    UNION ALL
    SELECT 'function ' || d.objid::regprocedure FROM pg_depend AS d
    WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = history
    UNION ALL
    SELECT 'policy ' || quote_ident(p.polname) || ' of ' || p.polrelid::regclass
    FROM pg_depend AS d
    JOIN pg_policy AS p ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = history AND p.polrelid <> history
    UNION ALL
    SELECT 'publication ' || quote_ident(p.pubname) FROM pg_publication_rel AS r
    JOIN pg_publication AS p ON p.oid = r.prpubid
    WHERE r.prrelid = history AND NOT (
      p.pubviaroot AND pg_has_role(p.pubowner, 'USAGE')
      -- Since PostgreSQL 15.
      AND coalesce(to_jsonb(r) ->> 'prattrs', to_jsonb(r) ->> 'prqual') IS NULL
    )
  ) AS u (name)
);
IF users IS NOT NULL THEN
  RAISE EXCEPTION USING
    ERRCODE = 'dependent_objects_still_exist',
    MESSAGE = format('%s cannot be partitioned as long as it is used by %s', history, users),
    HINT = 'Drop what is named here, partition the history, and make it again: it would see no row that comes. A publication needs publish_via_partition_root = true, all columns and rows, and the role that migrates as its owner.';
END IF;`
}
