import type { AuditTableObject, StateColumn, StateSetting } from '../state/database-state.ts'
import { unreachable } from '../state/migration-step.ts'
import { auditTable, liveColumns, liveSettings } from './audit-table.ts'
import { baseFunction } from './base-functions.ts'
import { renderSettingCast } from './column-type.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import {
  dollarQuoted,
  ident,
  join,
  lines,
  literal,
  paragraphs,
  qualified,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'

/** The functions of one table's triggers; each replaces its former self. */
export function renderCaptureFunctions(table: AuditTableObject): Sql {
  return paragraphs([
    captureFunction(table),
    table.key.length === 0 ? sql`` : keyFunction(table),
    truncateFunction(table),
  ])
}

/** Insert, update and delete: one body serves all three, for each trigger calls its rows `changed`. */
function captureFunction(table: AuditTableObject): Sql {
  const body = sql`#variable_conflict use_variable
${declarations(table, sql`left(TG_OP, 1)`)}
BEGIN
  ${insertHistory(table, sql`changed`, sql`FROM changed`)};
  RETURN NULL;
END`
  return triggerFunction(table, table.names.captureFunction, sql``, body)
}

/**
 * A changed key: the row under its old key ends here. Row triggers fire before statement triggers, so this row
 * of history precedes the one that holds the new key.
 */
function keyFunction(table: AuditTableObject): Sql {
  const body = sql`#variable_conflict use_variable
${declarations(table, sql`'D'`)}
BEGIN
  ${insertHistory(table, sql`OLD`, sql``)};
  RETURN NULL;
END`
  return triggerFunction(table, table.names.keyFunction, sql``, body)
}

function truncateFunction(table: AuditTableObject): Sql {
  const { truncate } = table
  switch (truncate) {
    case 'refuse':
      return triggerFunction(table, table.names.truncateFunction, sql``, truncateRefusal())
    case 'record':
      // Row level security must not hide rows from the record: PostgreSQL raises instead.
      return triggerFunction(
        table,
        table.names.truncateFunction,
        sql`\nSET row_security = off`,
        truncateRecord(table),
      )
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
  -- An older snapshot would not see the rows that others committed since: they would vanish without a trace.
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION USING
      ERRCODE = 'AU003',
      MESSAGE = format(
        '%I.%I is audited: TRUNCATE is not allowed at isolation level %s',
        TG_TABLE_SCHEMA, TG_TABLE_NAME, upper(current_setting('transaction_isolation'))
      ),
      HINT = 'Run it at READ COMMITTED, or use DELETE.';
  END IF;
  ${insertHistory(table, sql`changed`, sql`FROM ONLY ${qualified(table.source)} AS changed`)};
  RETURN NULL;
END`
}

/** SECURITY DEFINER: a writer needs no right on the history, and can forge none. */
function triggerFunction(table: AuditTableObject, name: string, options: Sql, body: Sql): Sql {
  return sql`CREATE OR REPLACE FUNCTION ${qualified({ schema: table.schema, name })}()
  RETURNS trigger
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp${options}
AS ${dollarQuoted(body)};`
}

/** Everything that is the same for all rows of a statement, under the name of the column that it fills. */
function declarations(table: AuditTableObject, operation: Sql): Sql {
  const c = AUDIT_COLUMNS
  return sql`DECLARE
  ${ident(c.operation)} CONSTANT text := ${operation};
  ${ident(c.operationTimestamp)} CONSTANT timestamptz := clock_timestamp();
  -- This function runs as its owner: who really writes is the session's user, or the role that it took.
  ${ident(c.currentUser)} CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);${settingDeclarations(table)}`
}

function settingDeclarations(table: AuditTableObject): Sql {
  const settings = liveSettings(table).filter(isPlainText)
  if (settings.length === 0) return sql``
  return sql`
-- On a connection that has carried a value before, an absent setting is '' and not NULL.
${lines(settings.map((setting) => sql`${ident(setting.column)} CONSTANT text := ${settingValue(setting)};`))}`
}

function settingValue(setting: StateSetting): Sql {
  const value = sql`nullif(current_setting(${literal(`audit.${setting.name}`)}, true), '')`
  return setting.default === undefined ? value : sql`coalesce(${value}, ${literal(setting.default)})`
}

function isPlainText({ type }: StateSetting): boolean {
  return type.name === 'text' && !type.list
}

function insertHistory(table: AuditTableObject, row: Sql, from: Sql): Sql {
  const c = AUDIT_COLUMNS
  const entries: readonly (readonly [string, Sql])[] = [
    [c.operation, ident(c.operation)],
    [c.operationTimestamp, ident(c.operationTimestamp)],
    [c.transactionTimestamp, sql`now()`],
    [c.currentUser, ident(c.currentUser)],
    // In a subquery: once a statement, and not at all where no row changed.
    [c.transactionId, sql`(SELECT pg_current_xact_id()::text::bigint)`],
    ...liveSettings(table).map((setting) => [setting.column, captureSetting(table, setting)] as const),
    ...liveColumns(table).map((column) => [column.name, captureColumn(row, column)] as const),
  ]
  const columns = entries.map(([column]) => ident(column))
  const values = entries.map(([, value]) => value)
  return lines([
    sql`INSERT INTO ${auditTable(table)} (\n  ${join(columns, sql`,\n`)}\n)`,
    sql`SELECT\n  ${join(values, sql`,\n`)}`,
    from,
  ])
}

/**
 * Checked and cast where a row needs it, so that a statement that changes no row never fails for its context.
 * A value that is cast stands in a subquery: the planner would cast a variable beforehand, rows or no rows.
 */
function captureSetting(table: AuditTableObject, setting: StateSetting): Sql {
  const cast = renderSettingCast(setting.type)
  const value = isPlainText(setting) ? ident(setting.column) : sql`(SELECT ${settingValue(setting)}${cast})`
  const isRefused = setting.required && setting.default === undefined && table.missingSettings === 'refuse'
  if (!isRefused) return value
  const arguments_ = [`audit.${setting.name}`, sqlText(qualified(table.source))].map(literal)
  const missing = sql`${baseFunction(table, 'missingSetting')}(${join(arguments_, sql`, `)})${cast}`
  return sql`coalesce(${value}, ${missing})`
}

function captureColumn(row: Sql, column: StateColumn): Sql {
  const value = sql`${row}.${ident(column.name)}`
  if (!column.isEnum) return value
  return column.type.list ? sql`${value}::text[]` : sql`${value}::text`
}
