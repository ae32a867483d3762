import { type Cell, cellsOf } from './cells.ts'
import { conditions, SOURCE } from './filter.ts'
import { all, bind, comma, type Fragment, ident, join, qualified, sql, typeName } from './fragment.ts'
import type { HistoryModel } from './history-model.ts'
import type { Reader } from './reader.ts'

/**
 * The live rows as their history would hold them, one column for each of its cells and under its names. What the history never
 * shows is not shown here either.
 *
 * @param given what `readLive` got, where the history is asked by another client than the source
 */
export function liveRows(
  model: HistoryModel,
  where: object | undefined,
  given: string | undefined,
): Fragment {
  if (given === undefined) return selectLive(model, where)
  const columns = cellsOf(model).map(({ column }) => sql`r.${ident(column)}`)
  return sql`SELECT ${join(columns, comma)}
  FROM pg_catalog.json_populate_recordset(NULL::${qualified(model.audit)}, ${bind(given, 'json')}) AS r`
}

/** The live rows as JSON, read with the application's own client: its rights and its row level security decide. */
export async function readLive(
  reader: Reader,
  model: HistoryModel,
  where: object | undefined,
): Promise<string> {
  const [row] = await reader.askSource(
    sql`SELECT coalesce(json_agg(to_json(live)), '[]')::text AS live_rows FROM (${selectLive(model, where)}) AS live`,
  )
  return String(row?.live_rows ?? '[]')
}

function selectLive(model: HistoryModel, where: object | undefined): Fragment {
  const columns = cellsOf(model).map((cell) => sql`${asRecorded(cell)} AS ${ident(cell.column)}`)
  return sql`SELECT ${join(columns, comma)} FROM ${qualified(model.source)} AS s
  WHERE ${all(conditions(model, where, SOURCE))}`
}

function asRecorded({ column, spec }: Cell): Fragment {
  const type = typeName(spec.dbType)
  const source = sql`s.${ident(('source' in spec ? spec.source : undefined) ?? column)}`
  if ('kind' in spec && spec.kind === 'retired') return sql`CAST(NULL AS ${type})`
  if (spec.policy === 'redact') return sql`CASE WHEN ${source} IS NOT NULL THEN '[redacted]' END`
  if (spec.policy === 'hash') return sql`CAST(NULL AS ${type})`
  return sql`CAST(${source} AS ${type})`
}
