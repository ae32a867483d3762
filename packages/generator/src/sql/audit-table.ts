import type { AuditTableObject, CapturedColumn, StateSetting } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { renderType } from './column-type.ts'
import {
  addMissingColumns,
  auditTable,
  createMissingIndex,
  type HistoryTable,
  type NewColumn,
  relation,
} from './look-first.ts'
import {
  APPEND_ONLY_TRIGGER,
  AUDIT_COLUMNS,
  keyIndexName,
  primaryKeyName,
  requiredCheckName,
} from './object-names.ts'
import { dollarQuoted, ident, join, literal, paragraphs, qualified, type Sql, sql, sqlText } from './sql.ts'

export { auditTable, relation }

/** The audit table with its index and its guard; a table that is there already is kept, and completed. */
export function renderAuditTable(table: AuditTableObject): Sql {
  return paragraphs([
    createTable(table),
    renderMissingColumns(table),
    commentOnTable(table),
    createKeyIndex(table),
    appendOnlyGuard(table),
  ])
}

function createTable(table: AuditTableObject): Sql {
  const c = AUDIT_COLUMNS
  const entries = [
    sql`${ident(c.id)} bigint GENERATED ALWAYS AS IDENTITY`,
    sql`${ident(c.operation)} char(1) NOT NULL`,
    sql`${ident(c.operationTimestamp)} timestamptz NOT NULL`,
    sql`${ident(c.transactionTimestamp)} timestamptz NOT NULL`,
    sql`${ident(c.currentUser)} text NOT NULL`,
    sql`${ident(c.transactionId)} bigint NOT NULL`,
    ...liveSettings(table).map(settingColumn),
    ...liveColumns(table).map(sourceColumn),
    sql`CONSTRAINT ${ident(primaryKeyName(table))} PRIMARY KEY (${ident(c.id)})`,
    sql`CONSTRAINT "audit_operation_known" CHECK (${ident(c.operation)} IN ('I', 'U', 'D', 'B'))`,
    ...requiredChecks(table).map((setting) => requiredCheck(table, setting)),
  ]
  return sql`CREATE TABLE IF NOT EXISTS ${auditTable(table)} (
  ${join(entries, sql`,\n`)}
);`
}

/**
 * The columns that the capture function fills, where they are not there yet: CREATE TABLE IF NOT EXISTS leaves an
 * adopted table, or that of another branch, as it is, and a function that names a column more would fail every write.
 */
export function renderMissingColumns(table: AuditTableObject): Sql {
  const columns = [...liveSettings(table).map(newSetting), ...liveColumns(table).map(newColumn)]
  if (columns.length === 0) return sql``
  return sql`-- A table that was there before gets the columns that it lacks.
${addMissingColumns(table, columns)}`
}

export function commentOnTable(table: AuditTableObject): Sql {
  const source = sqlText(qualified(table.source))
  const state = table.capturing ? 'History of' : 'Retired, written no more. History of'
  return sql`COMMENT ON TABLE ${auditTable(table)} IS ${literal(`${state} ${source}`)};`
}

function createKeyIndex(table: AuditTableObject): Sql {
  if (table.key.length === 0) return sql``
  const columns = [...table.key, AUDIT_COLUMNS.id].map(ident)
  const name = keyIndexName(table)
  return createMissingIndex(
    table,
    name,
    sql`CREATE INDEX ${ident(name)}
  ON ${auditTable(table)} (${join(columns, sql`, `)});`,
  )
}

/** The guard, and on a table that is new the rights. */
export function appendOnlyGuard(table: HistoryTable): Sql {
  const body = sql`BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = ${relation(table)} AND t.tgname = ${literal(APPEND_ONLY_TRIGGER)}
  ) THEN
    ${makeAppendOnly(table)}
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL ${baseFunction(table, 'keepPrivate')}(ARRAY[${relation(table)}], '{}');
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}

/** The statement that makes the guard. */
export function appendOnlyTrigger(table: HistoryTable): Sql {
  return sql`CREATE TRIGGER ${ident(APPEND_ONLY_TRIGGER)}
  BEFORE UPDATE OR DELETE OR TRUNCATE ON ${auditTable(table)}
  FOR EACH STATEMENT EXECUTE FUNCTION ${baseFunction(table, 'appendOnly')}()`
}

/** ENABLE ALWAYS: it fires under session_replication_role = replica too. */
export function makeAppendOnly(table: HistoryTable): Sql {
  const trigger = ident(APPEND_ONLY_TRIGGER)
  return sql`${appendOnlyTrigger(table)};
ALTER TABLE ${auditTable(table)} ENABLE ALWAYS TRIGGER ${trigger};`
}

/** The same in place of one that is otherwise, or calls a function of another schema. */
export function replaceAppendOnly(table: HistoryTable): Sql {
  return sql`DROP TRIGGER IF EXISTS ${ident(APPEND_ONLY_TRIGGER)} ON ${auditTable(table)};
${makeAppendOnly(table)}`
}

function settingColumn(setting: Omit<StateSetting, 'retired'>): Sql {
  return sql`${ident(setting.column)} ${renderType(setting.type)}`
}

function sourceColumn(column: CapturedColumn): Sql {
  return sql`${ident(column.name)} ${renderType(column.type)}`
}

/** Settings that no row may lack: the columns that carry a CHECK. */
export function requiredChecks(table: AuditTableObject): readonly StateSetting[] {
  if (table.missingSettings !== 'refuse') return []
  return liveSettings(table).filter((setting) => setting.required)
}

/** Nobody wrote the rows of a baseline. */
export function requiredCheck({ backfill }: AuditTableObject, setting: StateSetting): Sql {
  const rule = sql`${ident(setting.column)} IS NOT NULL`
  const exempt = backfill ? sql` OR ${ident(AUDIT_COLUMNS.operation)} = 'B'` : sql``
  return sql`CONSTRAINT ${ident(requiredCheckName(setting))} CHECK (${rule}${exempt})`
}

export function liveSettings(table: AuditTableObject) {
  return table.settings.filter((setting) => !setting.retired)
}

export function liveColumns(table: AuditTableObject) {
  return table.columns.filter((column) => !column.retired)
}

/** One column's COMMENT: a retired column says so, a live one has none. */
export function commentOnColumn(table: AuditTableObject, column: string, isRetired: boolean): Sql {
  const text = isRetired ? literal('Retired: kept for its history, written no more.') : sql`NULL`
  return sql`COMMENT ON COLUMN ${auditTable(table)}.${ident(column)} IS ${text};`
}

export function newColumn(column: CapturedColumn): NewColumn {
  return { name: column.name, definition: sourceColumn(column) }
}

export function newSetting(setting: Omit<StateSetting, 'retired'>): NewColumn {
  return { name: setting.column, definition: settingColumn(setting) }
}
