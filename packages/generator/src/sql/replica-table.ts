import type { ColumnType } from '../model/column-type.ts'
import {
  type AuditSchemaObject,
  type AuditTableObject,
  homeOf,
  type StateSetting,
} from '../state/database-state.ts'
import { formatType } from '../state/format-type.ts'
import type { FormerNames } from '../state/former-names.ts'
import { requiredChecks } from './audit-table.ts'
import { renderType } from './column-type.ts'
import {
  addMissingCheck,
  addMissingColumns,
  auditTable,
  createMissingIndex,
  dropCheck,
  type HistoryTable,
  relation,
} from './look-first.ts'
import { AUDIT_COLUMNS, keyIndexName, primaryKeyName, requiredCheckName } from './object-names.ts'
import { refuseForeignTable } from './shared-schema.ts'
import { dollarQuoted, ident, join, lines, literal, paragraphs, type Sql, sql } from './sql.ts'
import { WAIVER_COLUMNS, waiverHistory } from './waiver-table.ts'

/** A history as the second server has it. */
export interface ReplicaTable extends HistoryTable {
  /** All that the primary sends, besides `audit_id`: columns that are retired, too. */
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[]
  /** Settings that no row of the primary lacks, and those that one may. */
  readonly required: readonly StateSetting[]
  readonly optional: readonly StateSetting[]
  readonly index: { readonly name: string; readonly columns: readonly string[] } | undefined
  readonly comment: string
  readonly former: FormerNames
}

/** @param order of the columns, as the history got them; those that it lacks come last */
export function replicaOf(
  table: AuditTableObject,
  former: FormerNames,
  order: readonly string[],
): ReplicaTable {
  const { schema, shared, names, source, key } = table
  const columns = [
    ...table.settings.map(({ column: name, type }) => ({ name, type })),
    ...table.columns.map(({ name, type }) => ({ name, type })),
  ]
  const place = ({ name }: { readonly name: string }) =>
    order.includes(name) ? order.indexOf(name) : order.length
  return {
    schema,
    ...(shared ? { shared } : {}),
    names,
    columns: [...FACTS, ...columns.toSorted((a, b) => place(a) - place(b))],
    required: requiredChecks(table),
    optional: table.settings.filter((setting) => !requiredChecks(table).includes(setting)),
    index: key.length === 0 ? undefined : { name: keyIndexName(table), columns: [...key, AUDIT_COLUMNS.id] },
    comment: `History of ${source.schema}.${source.name}, of another server`,
    former,
  }
}

export function replicaOfWaivers(schema: AuditSchemaObject, former: FormerNames): ReplicaTable {
  const home = homeOf(schema)
  const { source, rowCount, reason } = WAIVER_COLUMNS
  return {
    ...waiverHistory(home),
    columns: [
      ...FACTS,
      { name: source, type: TEXT },
      { name: rowCount, type: BIGINT },
      { name: reason, type: TEXT },
    ],
    required: [],
    optional: [],
    index: undefined,
    comment: 'Waivers of capture, of another server',
    former,
  }
}

/**
 * The table, or what it lacks. It has the columns of the primary and its key, and none of its other constraints: what the primary let
 * through is history, and a CHECK that came here at another time would make replication wait.
 */
export function renderReplicaTable(table: ReplicaTable): Sql {
  const key = primaryKeyName(table)
  const missing = table.columns.map(({ name, type }) => ({
    name,
    // The facts are never empty.
    definition: sql`${ident(name)} ${renderType(type)}${FACTS.some((fact) => fact.name === name) ? sql` NOT NULL` : sql``}`,
  }))
  return paragraphs([
    refuseForeignTable(table, key),
    sql`CREATE TABLE IF NOT EXISTS ${auditTable(table)} (
  ${ident(AUDIT_COLUMNS.id)} bigint,
  CONSTRAINT ${ident(key)} PRIMARY KEY (${ident(AUDIT_COLUMNS.id)})
);`,
    addMissingColumns(table, missing),
    renderWiderTypes(table),
    renderRequired(table),
    createIndex(table),
    sql`COMMENT ON TABLE ${auditTable(table)} IS ${literal(table.comment)};`,
  ])
}

/** A wider type takes what comes with the narrower one, so it may come here first. */
function renderWiderTypes(table: ReplicaTable): Sql {
  const wanted = table.columns.map(({ name, type }) => sql`(${literal(name)}, ${literal(formatType(type))})`)
  const body = sql`DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I TYPE %s', a.attrelid::regclass, a.attname, wanted.type)
    FROM (VALUES
      ${join(wanted, sql`,\n`)}
    ) AS wanted (name, type)
    JOIN pg_catalog.pg_attribute AS a ON a.attname = wanted.name AND NOT a.attisdropped
    WHERE a.attrelid = ${relation(table)} AND pg_catalog.format_type(a.atttypid, a.atttypmod) <> wanted.type
  LOOP
    EXECUTE command;
  END LOOP;
END`
  return sql`DO ${dollarQuoted(body)};`
}

/** An erasure puts a mark where a value may not be missing, and knows it by a check. These refuse nothing. */
function renderRequired(table: ReplicaTable): Sql {
  return lines([
    ...table.required.map((setting) => {
      const name = ident(requiredCheckName(setting))
      const check = sql`CONSTRAINT ${name} CHECK (${ident(setting.column)} IS NOT NULL OR true)`
      return addMissingCheck(table, setting, check)
    }),
    ...table.optional.map((setting) => dropCheck(table, setting)),
  ])
}

function createIndex(table: ReplicaTable): Sql {
  if (table.index === undefined) return sql``
  const { name, columns } = table.index
  return createMissingIndex(
    table,
    name,
    sql`CREATE INDEX ${ident(name)} ON ${auditTable(table)} (${join(columns.map(ident), sql`, `)});`,
  )
}

const TEXT: ColumnType = { name: 'text', args: [], list: false }
const BIGINT: ColumnType = { name: 'bigint', args: [], list: false }
const INSTANT: ColumnType = { name: 'timestamptz', args: [], list: false }

const FACTS: ReplicaTable['columns'] = [
  { name: AUDIT_COLUMNS.operation, type: { name: 'char', args: [1], list: false } },
  { name: AUDIT_COLUMNS.operationTimestamp, type: INSTANT },
  { name: AUDIT_COLUMNS.transactionTimestamp, type: INSTANT },
  { name: AUDIT_COLUMNS.currentUser, type: TEXT },
  { name: AUDIT_COLUMNS.transactionId, type: BIGINT },
]
