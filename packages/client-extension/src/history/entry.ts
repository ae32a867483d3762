import { type Cell, cellsOf, decode, sameKey, selectCells, selectChanged, toScalar } from './cells.ts'
import { effective } from './former-type.ts'
import { comma, type Fragment, ident, join, qualified, sql } from './fragment.ts'
import type { HistoryModel } from './history-model.ts'
import type { Row } from './reader.ts'
import { sameValue } from './same-value.ts'
import type { Change, HistoryEntry, Operation } from './types.ts'

type AnyEntry = HistoryEntry<unknown, HistoryModel>
type AnyChange = Change<unknown, HistoryModel>

/**
 * `SELECT` of entries from versions `h` that `versions` chooses, each beside the version before it:
 *
 *     SELECT h."audit_id", …, h."total" AS h0, p."total" AS p0, ARRAY[ROW(h."total")::record *<> ROW(p."total")::record] AS changed
 *     FROM (…) AS h LEFT JOIN LATERAL (… ORDER BY p."audit_id" DESC LIMIT 1) AS p ON true
 */
export function selectEntries(model: HistoryModel, versions: Fragment, extra: Fragment): Fragment {
  return sql`SELECT ${selectHead(model)}, ${selectCells(model, 'h')}, ${selectCells(model, 'p')},
  (p."audit_operation" <> 'D') IS TRUE AS "known", ${selectChanged(model, 'next')}${extra}
FROM (${versions}) AS h
LEFT JOIN LATERAL (${before(model)}) AS p ON h."audit_operation" = 'U'`
}

/** What comes with each version, whatever its table. */
export function selectHead(model: HistoryModel): Fragment {
  const said = [
    ...Object.entries(model.settings).map(
      ([, { column }], index) => sql`h.${ident(column)} AS ${ident(`s${index}`)}`,
    ),
    ...Object.entries(model.facts).map(
      ([name, column], index) => sql`${asFact(name, sql`h.${ident(column)}`)} AS ${ident(`f${index}`)}`,
    ),
  ]
  const head = sql`h."audit_id", h."audit_operation"::text, h."audit_operation_timestamp",
  h."audit_transaction_timestamp", h."audit_transaction_id", h."audit_current_user"`
  return join([head, ...said], comma)
}

/** An address as the text of the host alone: Prisma's raw queries do not know the type. */
function asFact(name: string, column: Fragment): Fragment {
  return name === 'client_addr' ? sql`pg_catalog.host(${column})` : column
}

function before(model: HistoryModel): Fragment {
  const history = qualified(model.audit)
  if (model.key.length === 0) return sql`SELECT p.* FROM ${history} AS p WHERE false`
  const same = sameKey(model, sql`p`, sql`h`)
  return sql`SELECT p.* FROM ${history} AS p WHERE ${same} AND p."audit_id" < h."audit_id" ORDER BY p."audit_id" DESC LIMIT 1`
}

/** An entry from a row of `selectEntries`. */
export function toEntry(model: HistoryModel, row: Row): AnyEntry {
  return { ...toHead(model, row), ...toVersion(model, row, 'h'), changes: changesOf(model, row) }
}

export function toHead(model: HistoryModel, row: Row) {
  return {
    auditId: row.audit_id as bigint,
    operation: row.audit_operation as Operation,
    at: row.audit_operation_timestamp as Date,
    transaction: {
      id: row.audit_transaction_id as bigint,
      startedAt: row.audit_transaction_timestamp as Date,
    },
    databaseUser: row.audit_current_user as string,
    context: Object.fromEntries(
      Object.entries(model.settings).map(([name, { type }], index) => {
        const value = row[`s${index}`] ?? null
        if (value === null) return [name, null]
        return [name, type === 'Decimal' || type === 'Uuid' ? String(value) : toScalar(type, value)]
      }),
    ),
    facts: Object.fromEntries(
      Object.keys(model.facts).map((name, index) => [name, row[`f${index}`] ?? null]),
    ),
  }
}

/** The row of the source as one version has it, and the columns that no field stands for. */
export function toVersion(model: HistoryModel, row: Row, alias: 'h' | 'p') {
  const cells = cellsOf(model)
  const value = (cell: Cell, index: number) => [cell.name, valueAt(model, row, alias, cell, index)] as const
  const entries = cells.map(value)
  return {
    row: Object.fromEntries(entries.filter((_, index) => cells[index]?.isField)),
    other: Object.fromEntries(entries.filter((_, index) => !cells[index]?.isField)),
  }
}

function valueAt(model: HistoryModel, row: Row, alias: 'h' | 'p', cell: Cell, index: number): unknown {
  const value = decode(cell.spec, row[`${alias}${index}`])
  return value === null && 'former' in cell.spec
    ? effective(cell.spec, (column) => formerValue(model, row, alias, column))
    : value
}

function formerValue(model: HistoryModel, row: Row, alias: 'h' | 'p', column: string) {
  const index = cellsOf(model).findIndex((cell) => !cell.isField && cell.name === column)
  const spec = model.others[column]
  return spec === undefined ? undefined : { spec, value: decode(spec, row[`${alias}${index}`]) }
}

function changesOf(model: HistoryModel, row: Row): readonly AnyChange[] | null {
  const operation = row.audit_operation as Operation
  if (operation === 'B') return []
  if (operation === 'U') return row.known === true ? changesBetween(model, row) : null
  return reportedCells(model).flatMap(([cell, index]): readonly AnyChange[] => {
    const value = valueAt(model, row, 'h', cell, index)
    if (value === null) return []
    return operation === 'I'
      ? [{ field: cell.name, before: null, after: value }]
      : [{ field: cell.name, before: value, after: null }]
  })
}

/** What differs between the versions `p` and `h` of a row that `selectChanged` has compared. */
export function changesBetween(model: HistoryModel, row: Row): readonly AnyChange[] {
  const flags = row.changed as readonly boolean[]
  return reportedCells(model).flatMap(([cell, index]): readonly AnyChange[] => {
    const [before, after] = [valueAt(model, row, 'p', cell, index), valueAt(model, row, 'h', cell, index)]
    // The bytes of a column say nothing where one of the two was of another type.
    const isRetyped = 'former' in cell.spec && cell.spec.former !== undefined
    const isChanged = isRetyped ? !sameValue(before, after) : flags[index] === true
    return isChanged ? [{ field: cell.name, before, after }] : []
  })
}

/** All but the columns that held a field's values before its type changed: those are told under the field. */
function reportedCells(model: HistoryModel): readonly (readonly [Cell, number])[] {
  const former = new Set(Object.values(model.fields).flatMap((field) => field.former ?? []))
  return cellsOf(model)
    .map((cell, index) => [cell, index] as const)
    .filter(([cell]) => cell.isField || !former.has(cell.name))
}
