import {
  type Cell,
  cellsOf,
  decode,
  sameKey,
  selectCells,
  selectChanged,
  selectFormerCells,
  toScalar,
} from './cells.ts'
import { effective } from './former-type.ts'
import { comma, compact, type Fragment, ident, join, qualified, sql } from './fragment.ts'
import type { HistoryField, HistoryModel, OtherColumn } from './history-model.ts'
import { oncePerModel } from './once-per-model.ts'
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
  return sql`SELECT ${selectHead(model)}, ${selectCells(model, 'h')}, ${selectFormerCells(model)},
  (p."audit_operation" <> 'D') IS TRUE AS "known", compared.changed${extra}
FROM (${versions}) AS h
LEFT JOIN LATERAL (${before(model)}) AS p ON h."audit_operation" = 'U'
CROSS JOIN LATERAL (SELECT ${selectChanged(model, 'next')} OFFSET 0) AS compared`
}

/** What comes with each version, whatever its table. */
export const selectHead = oncePerModel((model) => {
  const said = [
    ...Object.values(model.settings).map(
      ({ column }, index) => sql`h.${ident(column)} AS ${ident(`s${index}`)}`,
    ),
    ...Object.entries(model.facts).map(
      ([name, column], index) => sql`${asFact(name, sql`h.${ident(column)}`)} AS ${ident(`f${index}`)}`,
    ),
  ]
  const head = sql`h."audit_id", h."audit_operation"::text, h."audit_operation_timestamp",
  h."audit_transaction_timestamp", h."audit_transaction_id", h."audit_current_user"`
  return compact(join([head, ...said], comma))
})

/** An address as the text of the host alone: Prisma's raw queries do not know the type. */
function asFact(name: string, column: Fragment): Fragment {
  return name === 'client_addr' ? sql`pg_catalog.host(${column})` : column
}

const before = oncePerModel((model) => {
  const history = qualified(model.audit)
  if (model.key.length === 0) return sql`SELECT p.* FROM ${history} AS p WHERE false`
  const same = sameKey(model, sql`p`, sql`h`)
  return sql`SELECT p.* FROM ${history} AS p WHERE ${same} AND p."audit_id" < h."audit_id" ORDER BY p."audit_id" DESC LIMIT 1`
})

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
  const fields: [string, unknown][] = []
  const others: [string, unknown][] = []
  for (const cell of cellsOf(model)) {
    const place = cell.isField ? fields : others
    place.push([cell.name, valueAt(model, row, alias, cell)])
  }
  return { row: Object.fromEntries(fields), other: Object.fromEntries(others) }
}

function valueAt(model: HistoryModel, row: Row, alias: 'h' | 'p', cell: Cell): unknown {
  const value = decode(cell.spec, row[cell.at[alias]])
  if (value !== null || cell.former.length === 0) return value
  return effective(cell.spec as HistoryField, (column) => {
    const former = cellsOf(model).find((each) => each.isFormer && each.name === column)
    return former && { spec: former.spec as OtherColumn, value: decode(former.spec, row[former.at[alias]]) }
  })
}

function changesOf(model: HistoryModel, row: Row): readonly AnyChange[] | null {
  const operation = row.audit_operation as Operation
  if (operation === 'B') return []
  if (operation === 'U') return row.known === true ? changesBetween(model, row) : null
  const changes: AnyChange[] = []
  for (const cell of cellsOf(model)) {
    const value = cell.isFormer ? null : valueAt(model, row, 'h', cell)
    if (value === null) continue
    const [before, after] = operation === 'I' ? [null, value] : [value, null]
    changes.push({ field: cell.name, before, after })
  }
  return changes
}

/** What differs between the versions `p` and `h` of a row that `selectChanged` has compared. */
export function changesBetween(model: HistoryModel, row: Row): readonly AnyChange[] {
  const flags = row.changed as readonly boolean[]
  const changes: AnyChange[] = []
  for (const [index, cell] of cellsOf(model).entries()) {
    if (cell.isFormer || (cell.former.length === 0 && flags[index] !== true)) continue
    const [before, after] = [valueAt(model, row, 'p', cell), valueAt(model, row, 'h', cell)]
    // The bytes of a column say nothing where one of the two was of another type.
    if (cell.former.length > 0 && sameValue(before, after)) continue
    changes.push({ field: cell.name, before, after })
  }
  return changes
}
