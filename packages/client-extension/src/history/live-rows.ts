import { type Cell, cellsOf, sameKey } from './cells.ts'
import { conditions, keysUpTo, SOURCE } from './filter.ts'
import {
  all,
  bind,
  comma,
  type Fragment,
  ident,
  join,
  literal,
  qualified,
  sql,
  typeName,
} from './fragment.ts'
import type { HistoryModel } from './history-model.ts'
import { quotedName } from './quoted-name.ts'
import type { Reader, Row } from './reader.ts'

/** Which live rows; see `Question`. */
interface LiveQuestion {
  readonly where?: object | undefined
  readonly upTo?: readonly string[] | undefined
}

/**
 * The live rows as their history would hold them, one column for each of its cells and under its names. What the history never
 * shows is not shown here either.
 *
 * @param given what `readLive` got, where the history is asked by another client than the source
 */
export function liveRows(model: HistoryModel, question: LiveQuestion, given: string | undefined): Fragment {
  if (given === undefined) return selectLive(model, question)
  const columns = cellsOf(model).map(({ column }) => sql`r.${ident(column)}`)
  return sql`SELECT ${join(columns, comma)}
  FROM pg_catalog.json_populate_recordset(NULL::${qualified(model.audit)}, ${bind(given, 'json')}) AS r`
}

/** So many live rows travel to the reader at once. */
const CHUNK = 5000

/**
 * The live rows that were never written, as JSON, for a reader that may not see the table itself: the application's own client
 * reads the rows, a chunk at a time in the order of the key, and the reader says which of them have no history.
 *
 * @returns undefined where the reader may read the table
 */
export async function readLive(
  reader: Reader,
  model: HistoryModel,
  question: LiveQuestion,
): Promise<string | undefined> {
  if (reader.isOne || (await mayReadSource(reader, model))) return undefined
  const found: string[] = []
  let last: Row | undefined
  for (;;) {
    const chunk = await reader.askSource(chunkAfter(model, question, last))
    if (chunk.length > 0) found.push(...(await neverWritten(reader, model, chunk)))
    if (chunk.length < CHUNK) return `[${found.join(',')}]`
    last = chunk.at(-1)
  }
}

function chunkAfter(model: HistoryModel, question: LiveQuestion, last: Row | undefined): Fragment {
  const keys = model.key.map((column) => sql`live.${ident(column)}`)
  const texts = keys.map((key, index) => sql`CAST(${key} AS text) AS ${ident(`k${index}`)}`)
  const types = model.key.map((column) => cellsOf(model).find((cell) => cell.column === column)?.spec.dbType)
  const place = last && types.map((type, index) => bind(String(last[`k${index}`]), type ?? 'text'))
  const beyond = place ? sql`(${join(keys, comma)}) > (${join(place, comma)})` : sql`true`
  return sql`SELECT to_json(live)::text AS live_row, ${join(texts, comma)} FROM (${selectLive(model, question)}) AS live
WHERE ${beyond} ORDER BY ${join(keys, comma)} LIMIT ${bind(String(CHUNK), 'integer')}`
}

async function neverWritten(
  reader: Reader,
  model: HistoryModel,
  chunk: readonly Row[],
): Promise<readonly string[]> {
  const given = `[${chunk.map((row) => String(row.live_row)).join(',')}]`
  const history = qualified(model.audit)
  const rows = await reader.ask(
    [model],
    sql`SELECT to_json(r)::text AS live_row FROM pg_catalog.json_populate_recordset(NULL::${history}, ${bind(given, 'json')}) AS r
WHERE NOT EXISTS (SELECT FROM ${history} AS known WHERE ${sameKey(model, sql`known`, sql`r`)})`,
  )
  return rows.map((row) => String(row.live_row))
}

async function mayReadSource(reader: Reader, { source }: HistoryModel): Promise<boolean> {
  const table = sql`pg_catalog.to_regclass(${literal(quotedName(source))})`
  const [row] = await reader.ask(
    [],
    sql`SELECT pg_catalog.has_table_privilege(${table}, 'SELECT')
  AND NOT (SELECT c.relrowsecurity FROM pg_catalog.pg_class AS c WHERE c.oid = ${table}) AS may`,
  )
  return row?.may === true
}

function selectLive(model: HistoryModel, { where, upTo }: LiveQuestion): Fragment {
  const wanted = [
    ...conditions(model, where, SOURCE),
    ...(upTo === undefined ? [] : [keysUpTo(model, SOURCE, upTo)]),
  ]
  const columns = cellsOf(model).map((cell) => sql`${asRecorded(cell)} AS ${ident(cell.column)}`)
  return sql`SELECT ${join(columns, comma)} FROM ${qualified(model.source)} AS s
  WHERE ${all(wanted)}`
}

function asRecorded({ column, spec }: Cell): Fragment {
  const type = typeName(spec.dbType)
  const source = sql`s.${ident(('source' in spec ? spec.source : undefined) ?? column)}`
  if ('kind' in spec && spec.kind === 'retired') return sql`CAST(NULL AS ${type})`
  if (spec.policy === 'redact') return sql`CASE WHEN ${source} IS NOT NULL THEN '[redacted]' END`
  if (spec.policy === 'hash') return sql`CAST(NULL AS ${type})`
  return sql`CAST(${source} AS ${type})`
}
