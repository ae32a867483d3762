import type { AuditTableObject } from '../state/database-state.ts'
import { unreachable } from '../state/migration-step.ts'
import { rowFunctionName } from '../state/own-names.ts'
import { declarations, insertRows } from './history-row.ts'
import { pinnedFor } from './pinned-output.ts'
import { keyStillHeld, rowCapture } from './row-capture.ts'
import { withOwnFunctions } from './shared-schema.ts'
import { dollarQuoted, lines, paragraphs, qualified, type Sql, sql } from './sql.ts'
import { unlessRowWaived, unlessWaived } from './unless-waived.ts'

/** The functions of one table's triggers; each replaces its former self. */
export function renderCaptureFunctions(table: AuditTableObject): Sql {
  const functions = paragraphs([
    captureFunction(table),
    table.key.length === 0 ? sql`` : keyFunction(table),
    truncateFunction(table),
  ])
  return withOwnFunctions(table, functions)
}

/** Insert, update and delete share one function: three were measured, and are no faster at either level. */
function captureFunction(table: AuditTableObject): Sql {
  const { level } = table
  switch (level) {
    case 'statement':
      return triggerFunction(table, table.names.captureFunction, sql``, statementCapture(table))
    case 'row':
      return triggerFunction(table, rowFunctionName(table), sql``, rowCapture(table))
    default:
      return unreachable(level)
  }
}

/** One body serves all three operations, for each trigger calls its rows `changed`. */
function statementCapture(table: AuditTableObject): Sql {
  return sql`#variable_conflict use_variable
${declarations(table, sql`left(TG_OP, 1)`)}
BEGIN
  ${lines([
    unlessWaived(table, sql`(SELECT count(*) FROM changed)`),
    sql`${insertRows(table, sql`changed`, sql`FROM changed`)};`,
    sql`RETURN NULL;`,
  ])}
END`
}

/**
 * A changed key: the row under its old key ends here. Row triggers fire before statement triggers, and this one's name
 * sorts before that of the update trigger, so this row of history precedes the one that holds the new key.
 */
function keyFunction(table: AuditTableObject): Sql {
  const body = sql`#variable_conflict use_variable
${declarations(table, sql`'D'`)}
BEGIN
  ${lines([
    unlessRowWaived(table),
    table.level === 'row' ? keyStillHeld(table) : sql``,
    sql`${insertRows(table, sql`OLD`, sql``)};`,
    sql`RETURN NULL;`,
  ])}
END`
  return triggerFunction(table, table.names.keyFunction, table.level === 'row' ? seesAllRows() : sql``, body)
}

function truncateFunction(table: AuditTableObject): Sql {
  const { truncate } = table
  switch (truncate) {
    case 'refuse':
      return triggerFunction(table, table.names.truncateFunction, sql``, truncateRefusal())
    case 'record':
      return triggerFunction(table, table.names.truncateFunction, seesAllRows(), truncateRecord(table))
    default:
      return unreachable(truncate)
  }
}

function truncateRefusal(): Sql {
  return sql`BEGIN
  RAISE EXCEPTION USING
    ERRCODE = 'AU003',
    MESSAGE = format('%I.%I is audited: TRUNCATE is not allowed', TG_TABLE_SCHEMA, TG_TABLE_NAME),
    HINT = 'Use DELETE, or audit the model with truncate: record.';
END`
}

function truncateRecord(table: AuditTableObject): Sql {
  return sql`#variable_conflict use_variable
${declarations(table, sql`'D'`)}
BEGIN
  ${lines([
    unlessWaived(table, sql`NULL`, sql`'T'`),
    sql`-- An older snapshot would not see the rows that others committed since: they would vanish without a trace.
IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
  RAISE EXCEPTION USING
    ERRCODE = 'AU003',
    MESSAGE = format(
      '%I.%I is audited: TRUNCATE is not allowed at isolation level %s',
      TG_TABLE_SCHEMA, TG_TABLE_NAME, upper(current_setting('transaction_isolation'))
    ),
    HINT = 'Run it at READ COMMITTED, or use DELETE.';
END IF;`,
    sql`${insertRows(table, sql`changed`, truncatedRows(table))};`,
    sql`RETURN NULL;`,
  ])}
END`
}

/** Tables that inherit have triggers of their own; a partitioned table's rows are all in others, which have none for TRUNCATE. */
function truncatedRows(table: AuditTableObject): Sql {
  const source = qualified(table.source)
  if (table.level === 'statement') return sql`FROM ONLY ${source} AS changed`
  return sql`FROM ${source} AS changed
WHERE changed.tableoid = TG_RELID OR (SELECT c.relkind = 'p' FROM pg_class AS c WHERE c.oid = TG_RELID)`
}

/** Row level security must not hide rows from a function that reads the source: PostgreSQL raises instead. */
function seesAllRows(): Sql {
  return sql`\nSET row_security = off`
}

/** SECURITY DEFINER: a writer needs no right on the history, and can forge none. */
function triggerFunction(table: AuditTableObject, name: string, options: Sql, body: Sql): Sql {
  return sql`CREATE OR REPLACE FUNCTION ${qualified({ schema: table.schema, name })}()
  RETURNS trigger
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp${options}${pinnedFor(table)}
AS ${dollarQuoted(body)};`
}
