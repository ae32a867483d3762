import { cellsOf, cellValue } from './cells.ts'
import { bind, comma, type Fragment, ident, join, literal, qualified, sql } from './fragment.ts'
import { AuditHistoryError } from './history-error.ts'
import type { HistoryModel } from './history-model.ts'
import { quotedName } from './quoted-name.ts'
import type { Reader } from './reader.ts'
import type { StepGroup } from './revert-order.ts'
import { writableCells } from './writable.ts'

/** The versions of a group as records of the source's own row type. */
export interface Records {
  /** `json_populate_recordset(NULL::"public"."order", $1)`: PostgreSQL reads each value as the column's type does. */
  readonly rows: Fragment
  /** Columns of the source that are to be written. */
  readonly columns: readonly string[]
  /** `r."id"` */
  readonly key: Fragment
  /** `t."id" = r."id"` */
  readonly isRow: Fragment
  readonly isRowOf: (alias: string) => Fragment
}

/**
 * The recorded values travel as PostgreSQL's own JSON, from the history to the source: no time stamp loses its microseconds and
 * no number its digits on the way through JavaScript.
 */
export async function recordsOf(
  reader: Reader,
  { model, action, steps, columns }: StepGroup,
): Promise<Records> {
  const ids = steps.map(({ seen, target }) => (action === 'delete' ? seen : target))
  const cells = writableCells(model)
  const selected = cells.map(
    (cell) => sql`${cellValue(model, cell, 'h')} AS ${ident(sourceColumn(model, cell.column))}`,
  )
  const [row] = await reader.ask(
    [model],
    sql`SELECT coalesce(json_agg(to_json(v)), '[]')::text AS versions, count(*)::integer AS found FROM (
  SELECT ${join(selected, comma)} FROM ${qualified(model.audit)} AS h
  WHERE h."audit_id" = ANY (${bind(`{${ids.join(',')}}`, 'bigint[]')})
) AS v`,
  )
  if (row?.found !== new Set(ids.map(String)).size) {
    throw new AuditHistoryError(
      'NOT_FOUND',
      `The history of ${model.source.name} lacks versions of the plan.`,
    )
  }
  const key = model.key.map((column) => sourceColumn(model, column))
  const isRowOf = (alias: string) =>
    join(
      key.map((column) => sql`${ident(alias)}.${ident(column)} = r.${ident(column)}`),
      sql` AND `,
    )
  const generated = await generatedColumns(reader, model)
  return {
    rows: sql`pg_catalog.json_populate_recordset(NULL::${qualified(model.source)}, ${bind(String(row.versions), 'json')})`,
    columns: columns.map((column) => sourceColumn(model, column)).filter((column) => !generated.has(column)),
    key: join(
      key.map((column) => sql`r.${ident(column)}`),
      comma,
    ),
    isRow: isRowOf('t'),
    isRowOf,
  }
}

/** PostgreSQL computes these itself and refuses to be told. */
async function generatedColumns(reader: Reader, model: HistoryModel): Promise<ReadonlySet<string>> {
  const rows = await reader.askSource(
    sql`SELECT a.attname::text AS name FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = pg_catalog.to_regclass(${literal(quotedName(model.source))}) AND a.attgenerated <> '' AND NOT a.attisdropped`,
  )
  return new Set(rows.map(({ name }) => String(name)))
}

function sourceColumn(model: HistoryModel, column: string): string {
  const spec = cellsOf(model).find((cell) => cell.column === column)?.spec
  return (spec && 'source' in spec ? spec.source : undefined) ?? column
}
