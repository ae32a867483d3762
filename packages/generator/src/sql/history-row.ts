import type { Fact } from '../model/audit-model.ts'
import type { AuditTableObject, StateColumn, StateSetting } from '../state/database-state.ts'
import { isHashed } from '../state/hashing.ts'
import { unreachable } from '../state/migration-step.ts'
import { keyColumn, sourceColumn } from '../state/source-column.ts'
import { auditTable, liveColumns, liveSettings } from './audit-table.ts'
import { baseFunction } from './base-functions.ts'
import { renderSettingCast, renderType } from './column-type.ts'
import type { KeyColumn } from './key-columns.ts'
import { AUDIT_COLUMNS, REDACTED, REDACTED_CHANGED, UNCHANGED } from './object-names.ts'
import { ident, join, lines, literal, qualified, type Sql, sql, sqlText } from './sql.ts'

/** Everything that is the same for all rows of a call, under the name of the column that it fills. */
export function declarations(table: AuditTableObject, operation: Sql): Sql {
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

function isPlainText({ type, fact }: StateSetting): boolean {
  return fact === undefined && type.name === 'text' && !type.list
}

/** `INSERT … SELECT … FROM`: all rows that `from` has, as `row`; none where it has none. */
export function insertRows(table: AuditTableObject, row: Sql, from: Sql): Sql {
  // In a subquery: once a statement, and not at all where no row changed.
  const entries = historyEntries(table, row, (value) => sql`(SELECT ${value})`)
  return lines([insertInto(table, entries), sql`SELECT\n  ${values(entries)}`, from])
}

/**
 * `INSERT … VALUES`: the one `row` that there is; measured an eighth cheaper than a SELECT for each row.
 *
 * @param given what the function knows besides
 */
export function insertRow(table: AuditTableObject, row: Sql, given: Given = {}): Sql {
  const entries = historyEntries(table, row, (value) => value, given)
  return sql`${insertInto(table, entries)}\nVALUES (\n  ${values(entries)}\n)`
}

/** A row as the history has it already, as `row`: of what the table has no more. */
export function insertKnown(table: AuditTableObject, row: Sql, from: Sql): Sql {
  const entries = historyEntries(table, row, (value) => sql`(SELECT ${value})`, { known: row })
  return lines([insertInto(table, entries), sql`SELECT\n  ${values(entries)}`, from])
}

/**
 * What a statement that is no trigger's has to bring for `insertRows`: a row in which everything has the name of its column.
 *
 * @param operation undefined: each row has its own
 */
export function callOf(table: AuditTableObject, operation?: Sql): Sql {
  const c = AUDIT_COLUMNS
  const settings = liveSettings(table)
    .filter(isPlainText)
    .map((setting) => sql`${settingValue(setting)} AS ${ident(setting.column)}`)
  return sql`(
  SELECT
    ${join(
      [
        ...(operation ? [sql`${operation} AS ${ident(c.operation)}`] : []),
        sql`clock_timestamp() AS ${ident(c.operationTimestamp)}`,
        sql`coalesce(nullif(current_setting('role'), 'none'), session_user) AS ${ident(c.currentUser)}`,
        ...settings,
      ],
      sql`,\n`,
    )}
)`
}

/** Rows that nobody wrote while they were watched: without settings, and below all other numbers. */
export function insertBaseline(table: AuditTableObject, row: Sql, from: Sql): Sql {
  const withoutSettings = { ...table, settings: [] }
  const entries: readonly Entry[] = [
    [AUDIT_COLUMNS.id, baselineId(table)],
    ...historyEntries(withoutSettings, row, (value) => sql`(SELECT ${value})`),
  ]
  return lines([
    insertInto(table, entries),
    sql`OVERRIDING SYSTEM VALUE`,
    sql`SELECT\n  ${values(entries)}`,
    from,
  ])
}

/** Where a baseline's number comes from: the history's own sequence, below zero. */
function baselineId(table: AuditTableObject): Sql {
  const [history, id] = [literal(sqlText(auditTable(table))), literal(AUDIT_COLUMNS.id)]
  return sql`- nextval((SELECT pg_get_serial_sequence(${history}, ${id})))`
}

/** A column of a row of the source as the history would have it. */
export function historyValue(table: AuditTableObject, name: string, row: Sql): Sql {
  const column = liveColumns(table).find((each) => each.name === name)
  return column === undefined ? sql`${row}.${ident(name)}` : captureColumn(table, row, column, undefined)
}

/** The same of a column of the key. A text may be of a type of its own in the source, which has no `=` that is found here: uuid, ltree. */
export function historyKey(table: AuditTableObject, { name, isText }: KeyColumn, row: Sql): Sql {
  const value = historyValue(table, name, row)
  const column = keyColumn(table, name)
  if (column === undefined || column.asText || column.isEnum) return value
  return isText ? sql`${value}::${renderType(column.type)}` : value
}

type Entry = readonly [column: string, value: Sql]

/** What a function knows besides the row. */
interface Given {
  /** The row before, where the operation may be an UPDATE. */
  readonly former?: Sql
  /** It has looked for what the history holds already: see `findUnchanged`. */
  readonly marks?: boolean
  /** A row of the history, whose values are taken as they are. */
  readonly known?: Sql
}

function insertInto(table: AuditTableObject, entries: readonly Entry[]): Sql {
  const columns = entries.map(([column]) => ident(column))
  return sql`INSERT INTO ${auditTable(table)} (\n  ${join(columns, sql`,\n`)}\n)`
}

function values(entries: readonly Entry[]): Sql {
  return join(
    entries.map(([, value]) => value),
    sql`,\n`,
  )
}

/** @param late puts a value so that it is computed when a row needs it */
function historyEntries(
  table: AuditTableObject,
  row: Sql,
  late: (value: Sql) => Sql,
  given: Given = {},
): readonly Entry[] {
  const c = AUDIT_COLUMNS
  const { former, known } = given
  return [
    [c.operation, ident(c.operation)],
    [c.operationTimestamp, ident(c.operationTimestamp)],
    [c.transactionTimestamp, sql`now()`],
    [c.currentUser, ident(c.currentUser)],
    [c.transactionId, late(sql`pg_current_xact_id()::text::bigint`)],
    ...liveSettings(table).map(
      (setting) =>
        [
          setting.column,
          known && setting.fact === 'unchanged_columns'
            ? sql`${known}.${ident(setting.column)}`
            : setting.fact
              ? captureFact(table, setting.fact, row, given)
              : captureSetting(table, setting, late),
        ] as const,
    ),
    ...liveColumns(table).map((column) => {
      if (known) return [column.name, sql`${known}.${ident(column.name)}`] as const
      const value = captureColumn(table, row, column, former)
      return [column.name, given.marks ? unlessUnchanged(column, value) : value] as const
    }),
  ]
}

/**
 * Checked and cast where a row needs it, so that a statement that changes no row never fails for its context.
 * A value that is cast stands in a subquery: the planner would cast a variable beforehand, rows or no rows.
 */
function captureSetting(table: AuditTableObject, setting: StateSetting, late: (value: Sql) => Sql): Sql {
  const cast = renderSettingCast(setting.type)
  const value = isPlainText(setting) ? ident(setting.column) : late(sql`${settingValue(setting)}${cast}`)
  const isRefused = setting.required && setting.default === undefined && table.missingSettings === 'refuse'
  if (!isRefused) return value
  const arguments_ = [`audit.${setting.name}`, sqlText(qualified(table.source))].map(literal)
  const missing = sql`${baseFunction(table, 'missingSetting')}(${join(arguments_, sql`, `)})${cast}`
  return sql`coalesce(${value}, ${missing})`
}

/** What no writer can say otherwise, but for the name that its session gave itself. */
function captureFact(table: AuditTableObject, fact: Fact, row: Sql, { former, marks }: Given): Sql {
  switch (fact) {
    case 'client_addr':
      return sql`inet_client_addr()`
    case 'application_name':
      return sql`nullif(current_setting('application_name'), '')`
    case 'changed_columns':
      return former === undefined ? sql`NULL` : changedColumns(table, row, former)
    case 'unchanged_columns':
      return marks ? ident(UNCHANGED.numbers) : sql`NULL`
    default:
      return unreachable(fact)
  }
}

/** The names that the audit table has for them; bytes are compared, which every type has. */
function changedColumns(table: AuditTableObject, row: Sql, former: Sql): Sql {
  const each = liveColumns(table).map((recorded) => {
    const { name } = recorded
    const column = ident(sourceColumn(recorded))
    return sql`CASE WHEN ROW(${former}.${column})::record *<> ROW(${row}.${column})::record THEN ${literal(name)} END`
  })
  return sql`CASE WHEN TG_OP = 'UPDATE' THEN array_remove(ARRAY[
  ${join(each, sql`,\n`)}
]::text[], NULL) END`
}

function captureColumn(table: AuditTableObject, row: Sql, column: StateColumn, former: Sql | undefined): Sql {
  const name = ident(sourceColumn(column))
  const value = sql`${row}.${name}`
  if (column.policy === 'redact') return redacted(value, former && sql`${former}.${name}`)
  if (isHashed(column)) return hashed(table, column, value)
  if (column.asText) return sql`${value}::text`
  if (!column.isEnum) return value
  return column.type.list ? sql`${value}::text[]` : sql`${value}::text`
}

/**
 * The fact in place of the value: NULL stays NULL, and with the former row at hand a change is told. Bytes are compared,
 * which every type has. Of a composite value IS NULL asks for its fields, and not for itself.
 */
function redacted(value: Sql, former: Sql | undefined): Sql {
  if (former === undefined) return sql`CASE WHEN ${value} IS DISTINCT FROM NULL THEN ${literal(REDACTED)} END`
  return sql`CASE
  WHEN ${value} IS NOT DISTINCT FROM NULL THEN NULL
  WHEN TG_OP = 'UPDATE' AND ROW(${former})::record *<> ROW(${value})::record THEN ${literal(REDACTED_CHANGED)}
  ELSE ${literal(REDACTED)}
END`
}

function unlessUnchanged({ name, whenChanged }: StateColumn, value: Sql): Sql {
  if (!whenChanged) return value
  return sql`CASE WHEN ${literal(name)} = ANY (${ident(UNCHANGED.names)}) THEN NULL ELSE ${value} END`
}

/** By the audit column's own name: its key is found by it. */
function hashed(table: AuditTableObject, { name }: StateColumn, value: Sql): Sql {
  const history = literal(sqlText(auditTable(table)))
  return sql`${baseFunction(table, 'hashValue')}(${value}, ${history}, ${literal(name)})`
}

/** Where the table's functions put history, as it stands in them: `INSERT INTO "audit"."Order_audit" ( … )`. */
export function historyTarget(table: AuditTableObject): Sql {
  return insertInto(
    table,
    historyEntries(table, sql`NEW`, (value) => value),
  )
}
