import type { AuditHome } from '../state/database-state.ts'
import { tryLocks } from './lock-writers.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import { freeTitle, giveGuard, makeAlike, OLDEST_CHECK, PARTITION_KEY, UNTIL } from './partition-names.ts'
import { POINTERS, refuseUsers } from './partition-users.ts'
import { lines, literal, type Sql, sql } from './sql.ts'

const ID = literal(AUDIT_COLUMNS.id)
const CHECK = literal(OLDEST_CHECK)

/**
 * A part of `partition_history`: the ordinary table steps aside under a name of its own, one of its name takes its place, with its columns
 * (by their numbers, too), rules and rights, and the ordinary one is attached to it. All in one transaction, and none of its rows is
 * written; they are read only where `prepare_partitions` was not called before.
 */
export function becomePartitioned(home: AuditHome): Sql {
  const conversion = lines([
    refuseUsers(),
    findBound(),
    stepAside(),
    takePlace(),
    sql`part := root;
${giveGuard(home)}`,
    giveRights(),
    publishAnew(),
    pointAnew(),
    sql`EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (MINVALUE) TO (%L)', root, history, bound);
EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', history, ${CHECK});`,
  ])
  return lines([
    lockAll(),
    sql`-- Another run may have been at it until now: then it is the oldest partition already.
root := coalesce((SELECT i.inhparent FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid AND c.relispartition WHERE c.oid = history), history);
IF root = history THEN
  ${conversion}
END IF;`,
  ])
}

/** Whoever writes reads the keys of hashes first, so no lock is waited for while another is held. */
function lockAll(): Sql {
  return sql`pointers := ARRAY(
  SELECT p.oid::regclass::text FROM (
  ${POINTERS}
  ) AS p ORDER BY p.oid
);
${tryLocks(
  sql`NULL;`,
  sql`EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', array_to_string(pointers || history::text, ', '));`,
)}`
}

/** Sets `bound`, which no row reaches: that of the CHECK, else after the last row. */
function findBound(): Sql {
  return sql`SELECT (regexp_match(pg_get_constraintdef(c.oid), '''([^'']+)'''))[1]::timestamptz INTO bound
FROM pg_constraint AS c
WHERE c.conrelid = history AND c.conname = ${CHECK};
IF bound IS NULL THEN
  EXECUTE format('SELECT max(h.%I) FROM %s AS h', ${PARTITION_KEY}, history) INTO last_row;
  bound := date_trunc(unit, greatest(last_row, clock_timestamp())) + step;
END IF;`
}

/** What its names stand for is the new table from now on: the sequence that numbers the rows, and the indexes. */
function stepAside(): Sql {
  return sql`EXECUTE format('SELECT s.last_value, s.is_called FROM %s AS s', pg_get_serial_sequence(history::text, ${ID})) INTO last_id, is_called;
numbers := (SELECT c.relname::text FROM pg_class AS c WHERE c.oid = pg_get_serial_sequence(history::text, ${ID})::regclass);
EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', history, ${ID});
-- Their text has the table's name, where they look into others.
policies := ARRAY(
  SELECT format(
    'CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s',
    p.polname,
    history,
    CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
    (SELECT string_agg(CASE r.oid WHEN 0 THEN 'PUBLIC' ELSE r.oid::regrole::text END, ', ') FROM unnest(p.polroles) AS r (oid)),
    ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
    ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'
  )
  FROM pg_policy AS p
  WHERE p.polrelid = history
);
indexes := ARRAY[]::text[];
FOR item IN
  SELECT c.relname::text AS name, pg_get_indexdef(c.oid) AS text, format('CREATE INDEX %I ON %s USING ', c.relname, history) AS start
  FROM pg_index AS i
  JOIN pg_class AS c ON c.oid = i.indexrelid
  WHERE i.indrelid = history
LOOP
  IF starts_with(item.text, item.start) THEN
    indexes := indexes || format('CREATE INDEX %I ON %I.%I USING %s', item.name, place, base, substr(item.text, length(item.start) + 1));
  END IF;
  title := item.name;
  ${freeTitle(UNTIL)}
  EXECUTE format('ALTER INDEX %I.%I RENAME TO %I', place, item.name, title);
END LOOP;
title := base;
${freeTitle(UNTIL)}
EXECUTE format('ALTER TABLE %s RENAME TO %I', history, title);`
}

/** The new table under the name of the old one. */
function takePlace(): Sql {
  return sql`title := base;
${makeAlike(sql`history`, sql`format(' PARTITION BY RANGE (%I)', ${PARTITION_KEY})`)}
root := to_regclass(format('%I.%I', place, base));
FOR item IN
  SELECT format(
    'ALTER TABLE %s ALTER COLUMN %I ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME %I.%I)', root, ${ID}, place, numbers
  ) AS command
  UNION ALL
  SELECT i.command FROM unnest(indexes) AS i (command)
  UNION ALL
  SELECT format('COMMENT ON COLUMN %s.%I IS %L', root, a.attname, col_description(history, a.attnum))
  FROM pg_attribute AS a
  WHERE a.attrelid = history AND a.attnum > 0 AND NOT a.attisdropped AND col_description(history, a.attnum) IS NOT NULL
  UNION ALL
  SELECT format('COMMENT ON TABLE %s IS %L', root, obj_description(history, 'pg_class'))
LOOP
  EXECUTE item.command;
END LOOP;
-- As given as they are, and not merely to be given next: what is sealed goes by it.
PERFORM setval(format('%I.%I', place, numbers)::regclass, last_id, is_called);`
}

/** Whoever may read the history may read it on, and as little of it; the oldest partition is its owner's alone, as all are. */
function giveRights(): Sql {
  return sql`FOR item IN
  SELECT format(
    'GRANT %s%s ON %s TO %s%s',
    g.privilege, g.columns, root, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END,
    CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END
  ) AS command
  FROM (
    SELECT a.grantee, a.privilege_type, '', a.is_grantable
    FROM pg_class AS c
    CROSS JOIN LATERAL aclexplode(c.relacl) AS a
    WHERE c.oid = history AND a.grantee <> c.relowner
    UNION ALL
    SELECT a.grantee, a.privilege_type, format(' (%I)', c.attname), a.is_grantable
    FROM pg_attribute AS c
    CROSS JOIN LATERAL aclexplode(c.attacl) AS a
    WHERE c.attrelid = history AND NOT c.attisdropped
  ) AS g (grantee, privilege, columns, is_grantable)
  UNION ALL
  SELECT p.command FROM unnest(policies) AS p (command)
  UNION ALL
  SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', root) FROM pg_class AS c WHERE c.oid = history AND c.relrowsecurity
  UNION ALL
  SELECT format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', root) FROM pg_class AS c WHERE c.oid = history AND c.relforcerowsecurity
LOOP
  EXECUTE item.command;
END LOOP;
FOR item IN
  SELECT DISTINCT format('REVOKE ALL ON %s FROM %s CASCADE', history, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) AS command
  FROM (
    SELECT c.relowner, c.relacl FROM pg_class AS c WHERE c.oid = history
    UNION ALL
    SELECT c.relowner, r.attacl FROM pg_class AS c JOIN pg_attribute AS r ON r.attrelid = c.oid WHERE c.oid = history
  ) AS c (owned_by, rights)
  CROSS JOIN LATERAL aclexplode(c.rights) AS a
  WHERE a.grantee <> c.owned_by
LOOP
  EXECUTE item.command;
END LOOP;`
}

/** By its root: under the name that it had, and every partition with it. */
function publishAnew(): Sql {
  return sql`FOR item IN
  SELECT p.pubname AS name
  FROM pg_publication_rel AS r
  JOIN pg_publication AS p ON p.oid = r.prpubid
  WHERE r.prrelid = history
LOOP
  EXECUTE format('ALTER PUBLICATION %I DROP TABLE %s', item.name, history);
  EXECUTE format('ALTER PUBLICATION %I ADD TABLE %s', item.name, root);
END LOOP;`
}

/** Seals, holds, pauses and keys: these tables are append-only, so they are written anew, with no guard at rest. */
function pointAnew(): Sql {
  return sql`FOR item IN SELECT p.name FROM unnest(pointers) AS p (name) LOOP
  EXECUTE format(
    'ALTER TABLE %s ALTER COLUMN "history" TYPE regclass USING CASE "history"::oid WHEN %s THEN %s::oid::regclass ELSE "history" END',
    item.name, history::oid, root::oid
  );
END LOOP;`
}
