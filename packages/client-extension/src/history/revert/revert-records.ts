import { type Cell, cellValue } from '../cells.ts'
import { bind, comma, type Fragment, ident, join, literal, qualified, sql, typeName } from '../fragment.ts'
import { AuditHistoryError } from '../history-error.ts'
import type { HistoryModel } from '../history-model.ts'
import { quotedName } from '../quoted-name.ts'
import type { Reader } from '../reader.ts'
import type { StepGroup } from './revert-order.ts'
import { writableCells } from './writable.ts'

/** The versions of a group as rows of the source's own types. */
export interface Records {
  /** `(SELECT CAST(r."c0" AS bigint) AS "id", … FROM json_to_recordset($1) AS r ("c0" text, …))` */
  readonly rows: Fragment
  /** Columns of the source that are to be written. */
  readonly columns: readonly string[]
  /** `r."id"` */
  readonly key: Fragment
  /** `t."id" = r."id"` */
  readonly isRow: Fragment
  readonly isRowOf: (alias: string) => Fragment
}

interface SourceColumn {
  readonly name: string
  readonly type: string
  readonly isGenerated: boolean
}

/**
 * What a session writes and reads as text is the same in every session with these settings, and exact. In JSON itself a JSON null
 * and SQL's NULL would be one.
 */
export const PIN_TEXT_FORMS = sql`SELECT pg_catalog.set_config('DateStyle', 'ISO, YMD', true),
  pg_catalog.set_config('IntervalStyle', 'postgres', true), pg_catalog.set_config('extra_float_digits', '1', true),
  pg_catalog.set_config('bytea_output', 'hex', true), pg_catalog.set_config('xmloption', 'content', true)`

/**
 * The recorded values travel as PostgreSQL's own text forms, from the history to the source: no time stamp loses its microseconds
 * and no number its digits on the way through JavaScript.
 */
export async function recordsOf(
  reader: Reader,
  { model, action, steps, columns }: StepGroup,
): Promise<Records> {
  const ids = steps.map(({ seen, target }) => (action === 'delete' ? seen : target))
  const known = await sourceColumns(reader, model)
  const cells = writableCells(model).filter((cell) => known.has(sourceName(cell)))
  const selected = cells.map((cell, index) => sql`${recordedText(model, cell)} AS ${ident(`c${index}`)}`)
  const [row] = await reader.ask(
    [model],
    sql`SELECT coalesce(json_agg(to_json(v)), '[]')::text AS versions, count(*)::integer AS found FROM (
  SELECT ${join(selected, comma)} FROM ${qualified(model.audit)} AS h
  WHERE h."audit_id" = ANY (${bind(`{${ids.join(',')}}`, 'bigint[]')})
) AS v`,
    PIN_TEXT_FORMS,
  )
  if (row?.found !== new Set(ids.map(String)).size) {
    throw new AuditHistoryError(
      'NOT_FOUND',
      `The history of ${model.source.name} lacks versions of the plan.`,
    )
  }
  const key = model.key
    .flatMap((column) => cells.find((cell) => cell.column === column) ?? [])
    .map(sourceName)
  const isRowOf = (alias: string) =>
    join(
      key.map((column) => sql`${ident(alias)}.${ident(column)} = r.${ident(column)}`),
      sql` AND `,
    )
  return {
    rows: asRows(cells, known, String(row.versions)),
    columns: cells
      .filter(({ column }) => columns.includes(column))
      .map(sourceName)
      .filter((name) => known.get(name)?.isGenerated === false),
    key: join(
      key.map((column) => sql`r.${ident(column)}`),
      comma,
    ),
    isRow: isRowOf('t'),
    isRowOf,
  }
}

/** Also of a column that had another type then, which `skippedFields` has found to be read by today's. */
function recordedText(model: HistoryModel, cell: Cell): Fragment {
  const value = sql`CAST(${cellValue(model, cell, 'h')} AS text)`
  const former = ('former' in cell.spec ? cell.spec.former : undefined) ?? []
  if (former.length === 0) return value
  const texts = [value, ...former.map((column) => sql`CAST(h.${ident(column)} AS text)`)]
  return sql`coalesce(${join(texts, comma)})`
}

function asRows(
  cells: readonly Cell[],
  known: ReadonlyMap<string, SourceColumn>,
  versions: string,
): Fragment {
  const values = cells.map((cell, index) => {
    const type = known.get(sourceName(cell))?.type ?? 'text'
    return sql`CAST(v.${ident(`c${index}`)} AS ${typeName(type)}) AS ${ident(sourceName(cell))}`
  })
  const columns = cells.map((_, index) => sql`${ident(`c${index}`)} text`)
  return sql`(SELECT ${join(values, comma)}
FROM pg_catalog.json_to_recordset(${bind(versions, 'json')}) AS v (${join(columns, comma)}))`
}

/** By name, with PostgreSQL's own word for each type; generated columns refuse to be told. */
async function sourceColumns(
  reader: Reader,
  model: HistoryModel,
): Promise<ReadonlyMap<string, SourceColumn>> {
  const rows = await reader.askSource(
    sql`SELECT a.attname::text AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated <> '' AS is_generated
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = pg_catalog.to_regclass(${literal(quotedName(model.source))}) AND a.attnum > 0 AND NOT a.attisdropped`,
  )
  return new Map(
    rows.map((row) => [
      String(row.name),
      { name: String(row.name), type: String(row.type), isGenerated: row.is_generated === true },
    ]),
  )
}

function sourceName({ column, spec }: Cell): string {
  return ('source' in spec ? spec.source : undefined) ?? column
}
