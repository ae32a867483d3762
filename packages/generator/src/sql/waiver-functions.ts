import type { AuditHome } from '../state/database-state.ts'
import { baseFunction, callable } from './base-functions.ts'
import { auditTable } from './look-first.ts'
import { AUDIT_COLUMNS, WAIVER_SETTING } from './object-names.ts'
import { dollarQuoted, ident, join, literal, paragraphs, type Sql, sql } from './sql.ts'
import { WAIVER_COLUMNS, waiverHistory } from './waiver-table.ts'

/**
 * The functions by which capture is waived.
 *
 * @param role whose members may; looked up at each use, because roles belong to the cluster and not to the database
 */
export function renderWaiverFunctions(home: AuditHome, role: string): Sql {
  return paragraphs([waiveCapture(home, role), recordWaiver(home, role)])
}

/** Each of them with its argument types. */
export function waiverSignatures(home: AuditHome): readonly [waiveCapture: Sql, recordWaiver: Sql] {
  return [
    sql`${baseFunction(home, 'waiveCapture')}(text)`,
    sql`${baseFunction(home, 'recordWaiver')}(text, text, bigint)`,
  ]
}

/** `SELECT audit.waive_capture('reindexing, ticket 4711')`: until the end of the transaction, and no longer. */
function waiveCapture(home: AuditHome, role: string): Sql {
  const body = sql`DECLARE
  ${writer()}
BEGIN
  ${refuseOthers(role)}
  IF reason IS NULL OR btrim(reason) = '' THEN
    RAISE EXCEPTION USING
      ERRCODE = 'invalid_parameter_value',
      MESSAGE = 'a waiver of capture needs a reason';
  END IF;
  ${insertWaiver(home, sql`'W'`, sql`NULL`, sql`NULL`, sql`reason`)}
  PERFORM set_config(${literal(WAIVER_SETTING)}, pg_current_xact_id()::text, true);
END`
  return sql`CREATE OR REPLACE FUNCTION ${baseFunction(home, 'waiveCapture')}(reason text)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS ${dollarQuoted(body)};`
}

/**
 * Called by the capture functions in place of history. Everybody can set the setting that leads here; only the row that
 * waive_capture wrote in this very transaction counts, and the rights that the writer has now.
 */
function recordWaiver(home: AuditHome, role: string): Sql {
  const table = auditTable(waiverHistory(home))
  const c = { ...AUDIT_COLUMNS, ...WAIVER_COLUMNS }
  const body = sql`DECLARE
  ${writer()}
  given CONSTANT text := (
    SELECT w.${ident(c.reason)} FROM ${table} AS w
    WHERE w.${ident(c.transactionId)} = pg_current_xact_id()::text::bigint
      AND w.${ident(c.transactionTimestamp)} = now()
      AND w.${ident(c.source)} IS NULL
    ORDER BY w.${ident(c.id)} DESC
    LIMIT 1
  );
BEGIN
  ${refuseOthers(role)}
  IF given IS NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'AU004',
      MESSAGE = 'capture is not waived in this transaction',
      DETAIL = format('The setting %s was set by hand, or is left from somewhere else.', ${literal(WAIVER_SETTING)}),
      HINT = format('Run SELECT %s(''<reason>'') in the transaction that writes, or RESET %s.', ${literal(callable(home, 'waiveCapture'))}, ${literal(WAIVER_SETTING)});
  END IF;
  -- A statement that changes nothing leaves nothing out.
  IF changed_rows = 0 THEN
    RETURN;
  END IF;
  ${insertWaiver(home, sql`operation`, sql`changed_table`, sql`changed_rows`, sql`given`)}
END`
  return sql`CREATE OR REPLACE FUNCTION ${baseFunction(home, 'recordWaiver')}(changed_table text, operation text, changed_rows bigint)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS ${dollarQuoted(body)};`
}

function writer(): Sql {
  return sql`-- This function runs as its owner: who really writes is the session's user, or the role that it took.
writer CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);`
}

/** USAGE: rights that the writer has now; a membership that does not inherit has to be taken by SET ROLE. */
function refuseOthers(role: string): Sql {
  return sql`IF NOT EXISTS (
  SELECT FROM pg_roles AS r
  WHERE r.rolname = ${literal(role)} AND pg_has_role(writer::name, r.oid, 'USAGE')
) THEN
  RAISE EXCEPTION USING
    ERRCODE = 'AU004',
    MESSAGE = format('role %I may not waive capture: it is no member of the role %I', writer, ${literal(role)}),
    DETAIL = CASE WHEN EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = ${literal(role)})
      THEN 'A member that does not inherit its rights has to take it by SET ROLE first.'
      ELSE 'There is no such role in this cluster, so nobody may.'
    END,
    HINT = format('Write without a waiver (RESET %s), or have the role granted to you.', ${literal(WAIVER_SETTING)});
END IF;`
}

function insertWaiver(home: AuditHome, operation: Sql, source: Sql, rowCount: Sql, reason: Sql): Sql {
  const c = { ...AUDIT_COLUMNS, ...WAIVER_COLUMNS }
  const entries = [
    [c.operation, operation],
    [c.operationTimestamp, sql`clock_timestamp()`],
    [c.transactionTimestamp, sql`now()`],
    [c.currentUser, sql`writer`],
    [c.transactionId, sql`pg_current_xact_id()::text::bigint`],
    [c.source, source],
    [c.rowCount, rowCount],
    [c.reason, reason],
  ] as const
  return sql`INSERT INTO ${auditTable(waiverHistory(home))} (
  ${join(
    entries.map(([column]) => ident(column)),
    sql`,\n`,
  )}
)
VALUES (
  ${join(
    entries.map(([, value]) => value),
    sql`,\n`,
  )}
);`
}
