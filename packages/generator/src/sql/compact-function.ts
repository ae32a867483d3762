import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { lockVariables, tryLocks } from './lock-writers.ts'
import { APPEND_ONLY_TRIGGER, AUDIT_COLUMNS } from './object-names.ts'
import { endOfBound } from './partition-bound.ts'
import { refuse } from './prune-function.ts'
import { dollarQuoted, literal, type Sql, sql, sqlText } from './sql.ts'

/** What `compact_partition` has done: left it as it is, written it anew, dropped it. */
export type Compacted = 'kept' | 'rewritten' | 'dropped'

export function compactSignature(home: AuditHome): Sql {
  return sql`${baseFunction(home, 'compactPartition')}(regclass, timestamptz)`
}

/**
 * `SELECT audit.compact_partition('audit."Order_audit_2025_01"', '2025-02-01')`: gives back the space of rows that were pruned from a
 * partition that is wholly older than the moment. It removes no row, whoever asks, so it may be the owner's: where many are gone the
 * partition is written anew with what is left, which keeps even what only an old snapshot sees; and it is dropped where its file is
 * empty then, so that nothing is left that anybody could see.
 *
 * @param atLeast an interval: what is younger is compacted for nobody
 */
export function renderCompactFunction(home: AuditHome, atLeast: string): Sql {
  return sql`CREATE OR REPLACE FUNCTION ${baseFunction(home, 'compactPartition')}(part regclass, before timestamptz)
  RETURNS text
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  SET "TimeZone" = 'UTC'
  SET "DateStyle" = 'ISO, YMD'
AS ${dollarQuoted(compactBody(home, atLeast))};`
}

/** Its text as PostgreSQL keeps it. */
export function compactBody(home: AuditHome, atLeast: string): Sql {
  return sql`DECLARE
  ${lockVariables()}
  root regclass;
  rest regclass;
  is_newest boolean;
  row_count bigint;
  bytes numeric;
  sizes text;
  key_index text;
BEGIN
  IF coalesce(before > now() - ${literal(atLeast)}::interval, true) THEN
    ${refuse(sql`'partitions younger than ' || ${literal(atLeast)} || ' are left alone'`, 'The set-up says so (npx prisma-generator-audit pruner --at-least), whoever asks.')}
  END IF;
  -- A snapshot of before would not see a row that came since.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    ${refuse(sql`format('no partition is compacted in a transaction that is %s', current_setting('transaction_isolation'))`, 'BEGIN ISOLATION LEVEL READ COMMITTED.')}
  END IF;
  -- One at a time, so that no two wait for each other.
  PERFORM pg_advisory_xact_lock(hashtextextended('audit.compact_partition', part::oid::bigint));
  ${findRoot(home)}
  -- An empty file: no row, and none that is only gone for some.
  IF pg_relation_size(part) = 0 THEN
    IF is_newest THEN
      RETURN 'kept';
    END IF;
    ${tryLocks(
      sql`NULL;`,
      sql`EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', root);
IF rest IS NOT NULL THEN
  EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', rest);
END IF;
EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', part);`,
    )}
    IF pg_relation_size(part) > 0 THEN
      RETURN 'kept';
    END IF;
    EXECUTE format('DROP TABLE %s', part);
    RETURN 'dropped';
  END IF;
  SELECT string_agg(format('coalesce(pg_column_size(h.%I), 0)', a.attname), ' + ') INTO sizes
  FROM pg_attribute AS a
  WHERE a.attrelid = part AND a.attnum > 0 AND NOT a.attisdropped;
  -- A row has a head of 28 bytes.
  EXECUTE format('SELECT count(*), coalesce(sum(28 + %s), 0) FROM ONLY %s AS h', sizes, part) INTO row_count, bytes;
  IF row_count > 0 AND pg_table_size(part) < 65536 + 1.3 * bytes THEN
    RETURN 'kept';
  END IF;
  SELECT c.relname::text INTO key_index
  FROM pg_index AS i
  JOIN pg_class AS c ON c.oid = i.indexrelid
  WHERE i.indrelid = part AND i.indisprimary AND i.indisvalid;
  IF key_index IS NULL THEN
    RETURN 'kept';
  END IF;
  -- Only its readers wait. Writers have partitions of their own time.
  ${tryLocks(sql`NULL;`, sql`EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', part);`)}
  EXECUTE format('CLUSTER %s USING %I', part, key_index);
  EXECUTE format('ALTER TABLE %s SET WITHOUT CLUSTER', part);
  RETURN 'rewritten';
END`
}

/** Sets `root`, `rest` and `is_newest`, of a partition of a history of the function's owner that ended before the moment. */
function findRoot(home: AuditHome): Sql {
  const guard = literal(sqlText(sql`${baseFunction(home, 'appendOnly')}()`))
  return sql`SELECT r.oid::regclass, nullif(t.partdefid, 0)::regclass, NOT EXISTS (
  SELECT FROM pg_inherits AS o
  JOIN pg_class AS c ON c.oid = o.inhrelid
  WHERE o.inhparent = r.oid AND ${endOf(sql`c`)} > ${endOf(sql`p`)}
) INTO root, rest, is_newest
FROM pg_inherits AS i
JOIN pg_class AS p ON p.oid = i.inhrelid AND p.relispartition AND p.relkind = 'r'
JOIN pg_class AS r ON r.oid = i.inhparent AND r.relowner = p.relowner AND NOT r.relispartition
JOIN pg_partitioned_table AS t ON t.partrelid = r.oid
JOIN pg_trigger AS g ON g.tgrelid = r.oid AND g.tgname = ${literal(APPEND_ONLY_TRIGGER)} AND g.tgfoid = to_regprocedure(${guard})
WHERE p.oid = part
  AND pg_get_userbyid(p.relowner) = current_user
  AND pg_get_partkeydef(r.oid) = ${literal(`RANGE (${AUDIT_COLUMNS.operationTimestamp})`)}
  AND ${endOf(sql`p`)} <= before;
IF root IS NULL THEN
  ${refuse(sql`format('%s is no partition of a history that ended before %s', part, before)`)}
END IF;`
}

/** NULL for the partition of all other times, and where nothing ends it. */
function endOf(table: Sql): Sql {
  return endOfBound(sql`pg_get_expr(${table}.relpartbound, ${table}.oid)`)
}
