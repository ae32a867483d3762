import { PARTITION_UNITS, type PartitionUnit } from '../model/audit-model.ts'
import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { lockVariables, tryLocks } from './lock-writers.ts'
import { APPEND_ONLY_TRIGGER, AUDIT_COLUMNS, type BASE_FUNCTIONS } from './object-names.ts'
import { becomePartitioned } from './partition-conversion.ts'
import { freeTitle, giveGuard, makeAlike, OLDEST_CHECK, PARTITION_KEY } from './partition-names.ts'
import { refuseUsers } from './partition-users.ts'
import { makePartitions } from './partitions-ahead.ts'
import { dollarQuoted, join, literal, paragraphs, type Sql, sql, sqlText } from './sql.ts'

const STEPS: Record<PartitionUnit, string> = { month: '1 month', quarter: '3 months', year: '1 year' }

/** The procedures of partitions. */
export function renderPartitionProcedures(home: AuditHome): Sql {
  return paragraphs([preparePartitions(home), makePartition(home), partitionHistory(home)])
}

/** Each of them with its argument types. */
export function partitionSignatures(home: AuditHome): readonly Sql[] {
  return [
    sql`${baseFunction(home, 'preparePartitions')}(regclass, text)`,
    sql`${baseFunction(home, 'makePartition')}(regclass, text, text)`,
    sql`${baseFunction(home, 'partitionHistory')}(regclass, text)`,
  ]
}

/**
 * `CALL audit.prepare_partitions('"audit"."Order_audit"', 'month')`: gives a history that is not partitioned yet the CHECK by which PostgreSQL
 * knows, without reading a row, that all are older than the first moment of the month after the next. It is validated in another
 * transaction (`validateOldest` in render-partitions.ts), so that no writer waits while the rows are read.
 */
function preparePartitions(home: AuditHome): Sql {
  const body = sql`DECLARE
  ${STEP}
  ${lockVariables()}
  last_row timestamptz;
  users text;
BEGIN
  ${refuseUnit()}
  IF EXISTS (SELECT FROM pg_class AS c WHERE c.oid = history AND c.relkind = 'p') OR EXISTS (
    SELECT FROM pg_constraint AS c WHERE c.conrelid = history AND c.conname = ${literal(OLDEST_CHECK)}
  ) THEN
    RETURN;
  END IF;
  ${refuseUsers()}
  -- A wrong clock may have dated one: the partition has to hold it, too.
  EXECUTE format('SELECT max(h.%I) FROM %s AS h', ${PARTITION_KEY}, history) INTO last_row;
  ${tryLocks(sql`NULL;`, sql`EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', history);`)}
  -- At least one whole month is left, or what the unit is, for the transaction that makes a partition of it.
  EXECUTE format(
    'ALTER TABLE %s ADD CONSTRAINT %I CHECK (%I < %L) NOT VALID',
    history, ${literal(OLDEST_CHECK)}, ${PARTITION_KEY}, date_trunc(unit, greatest(last_row, clock_timestamp())) + 2 * step
  );
END`
  return procedure(home, 'preparePartitions', UNIT, body)
}

/** `CALL audit.make_partition('"audit"."Order_audit"', '_default', 'DEFAULT')`, for `partition_history` alone. PostgreSQL adds the indexes. */
function makePartition(home: AuditHome): Sql {
  const body = sql`DECLARE
  place text;
  title text;
  owner text;
  part regclass;
  item record;
BEGIN
  SELECT n.nspname::text, c.relname::text, pg_get_userbyid(c.relowner)::text INTO place, title, owner
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = history;
  ${freeTitle(sql`ending`)}
  ${makeAlike(sql`history`, sql`''`)}
  part := to_regclass(format('%I.%I', place, title));
  EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (%I)', part, ${literal(AUDIT_COLUMNS.id)});
  ${giveGuard(home)}
  EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s %s', history, part, bounds);
END`
  return procedure(home, 'makePartition', sql`history regclass, ending text, bounds text`, body)
}

/**
 * `CALL audit.partition_history('"audit"."Order_audit"', 'month')`: makes the history partitioned, unless it is, and partitions for the next
 * twelve months at least, with one for whatever is of another time. An ordinary history becomes the oldest partition as it is: no row
 * is moved. Migrations call it, the commands do, and whoever has a scheduler in the database may.
 */
function partitionHistory(home: AuditHome): Sql {
  const guard = literal(sqlText(sql`${baseFunction(home, 'appendOnly')}()`))
  const body = sql`DECLARE
  ${STEP}
  ${lockVariables()}
  -- The history by its OID: the oldest partition keeps that of the table that it was.
  root regclass := history;
  place text;
  base text;
  owner text;
  kind "char";
  rest regclass;
  part regclass;
  title text;
  numbers text;
  bound timestamptz;
  reached timestamptz;
  first_row timestamptz;
  last_row timestamptz;
  last_id bigint;
  is_called boolean;
  is_taken boolean;
  is_alone boolean;
  was_alone boolean;
  users text;
  pointers text[];
  indexes text[];
  policies text[];
  item record;
BEGIN
  ${refuseUnit()}
  SELECT n.nspname::text, c.relname::text, pg_get_userbyid(c.relowner)::text, c.relkind INTO place, base, owner, kind
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_trigger AS t ON t.tgrelid = c.oid AND t.tgname = ${literal(APPEND_ONLY_TRIGGER)} AND t.tgfoid = ${guard}::regprocedure
  WHERE c.oid = history AND NOT c.relispartition;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING
      ERRCODE = 'wrong_object_type',
      MESSAGE = format('%s is no history', history),
      HINT = 'It takes the audit table itself, not one of its partitions.';
  END IF;
  IF kind = 'r' THEN
    ${becomePartitioned(home)}
  END IF;
  ${makePartitions(home)}
END`
  return procedure(home, 'partitionHistory', UNIT, body)
}

const STEP: Sql = sql`step CONSTANT interval := (CASE unit ${join(
  PARTITION_UNITS.map((unit) => sql`WHEN ${literal(unit)} THEN ${literal(STEPS[unit])}`),
  sql` `,
)} END)::interval;`

function refuseUnit(): Sql {
  const message = literal(`a history is partitioned by ${PARTITION_UNITS.join(', ')}, and not by "%s"`)
  return sql`IF step IS NULL THEN
  RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format(${message}, unit);
END IF;`
}

const UNIT = sql`history regclass, unit text`

/** Moments have one spelling, whatever the session's settings are. */
function procedure(home: AuditHome, role: keyof typeof BASE_FUNCTIONS, parameters: Sql, body: Sql): Sql {
  return sql`CREATE OR REPLACE PROCEDURE ${baseFunction(home, role)}(${parameters})
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET "TimeZone" = 'UTC'
  SET "DateStyle" = 'ISO, YMD'
AS ${dollarQuoted(body)};`
}
