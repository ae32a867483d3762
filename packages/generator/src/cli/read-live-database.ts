import type { ClientBase, QueryResultRow } from 'pg'
import { ownTableNames } from '../installation/compare-own-tables.ts'
import type {
  HistoryEnds,
  LiveDatabase,
  LiveDetails,
  LiveHistory,
  LivePartition,
  LiveSequence,
} from '../installation/live-database.ts'
import { unkeyedColumns } from '../sql/hash-key-table.ts'
import { functionsThere, tablesThere, triggersThatCall } from '../sql/live-capture.ts'
import { detailsThere, rulesOn } from '../sql/live-details.ts'
import { historiesThere, historyEnds } from '../sql/live-histories.ts'
import { beginLook, settingsBroughtAlong, staleSchemas, whereLooked } from '../sql/live-installation.ts'
import { partitionsThere, rowsOfPartition } from '../sql/live-partitions.ts'
import { publicationsThere, slotsThere } from '../sql/live-replication.ts'
import { type NumberedColumn, numbersUsed, sequencesThere } from '../sql/live-sequences.ts'
import { renderLookForSeals, sealTable } from '../sql/seal-tables.ts'
import type { AuditHome, AuditTableObject } from '../state/database-state.ts'
import { hashKeyTable } from '../state/hashing.ts'
import { readOpenPauses } from './open-pauses.ts'
import { readApplied, type WantedMigrations } from './read-applied.ts'

/**
 * Looks at a database, all of it at one moment; writes nothing and locks nobody out.
 *
 * @param tables whose histories are looked into
 * @param role the application's; undefined: that of the connection
 * @throws Error of `pg`
 */
export async function readLiveDatabase(
  client: ClientBase,
  home: AuditHome,
  tables: readonly AuditTableObject[],
  wanted: WantedMigrations,
  role: string | undefined,
): Promise<LiveDatabase> {
  const { schema } = home
  const rowsOf = async <Row extends QueryResultRow>(query: string) => (await client.query<Row>(query)).rows
  await client.query(beginLook())
  try {
    const [where] = await rowsOf<WhereLooked>(whereLooked(schema, role))
    if (where === undefined) throw new Error('PostgreSQL gave no row for a query that always has one.')
    const applied = await readApplied(client, wanted)
    const found = await rowsOf<FoundHistory>(historiesThere(schema))
    const parts = await rowsOf<LivePartition & { readonly history: string }>(partitionsThere(schema))
    const details = await rowsOf<LiveDetails & QueryResultRow>(
      detailsThere(schema, [
        ...ownTableNames(home),
        ...new Set([...tables.map(({ names }) => names.table), ...found.map(({ name }) => name)]),
      ]),
    )
    const keysAreReadable = details.some(
      ({ name, isReadable }) => isReadable && name === hashKeyTable(home).name,
    )
    const histories: LiveHistory[] = []
    for (const history of found) {
      const table = tables.find(({ names }) => names.table === history.name)
      const [ends] =
        table === undefined || !history.isReadable || !hasAll(history, table)
          ? []
          : await rowsOf<HistoryEnds & QueryResultRow>(historyEnds(table))
      const partitions = parts.filter(({ history: of }) => of === history.name)
      const rest = partitions.find(({ isDefault, isReadable }) => isDefault && isReadable)
      const [loose] = rest === undefined ? [] : await rowsOf<{ rows: number }>(rowsOfPartition(rest.name))
      const unkeyed = table === undefined || !keysAreReadable ? undefined : unkeyedColumns(table)
      histories.push({
        ...history,
        ends,
        partitions,
        rowsInDefault: loose?.rows,
        unkeyed:
          unkeyed === undefined ? [] : (await rowsOf<{ name: string }>(unkeyed)).map(({ name }) => name),
      })
    }
    return {
      ...where,
      sequences: await readSequences(client, home, details),
      applied: applied && new Set(applied.keys()),
      functions: await rowsOf(functionsThere(schema)),
      histories,
      triggers: await rowsOf(triggersThatCall(schema)),
      details,
      rules: tables.length === 0 ? [] : await rowsOf(rulesOn(tables.map(({ source }) => source))),
      sources: tables.length === 0 ? [] : await rowsOf(tablesThere(tables, role)),
      settings: await rowsOf(settingsBroughtAlong()),
      pauses: await readOpenPauses(client, home),
      staleSchemas: await rowsOf(staleSchemas(schema)),
      publications: await rowsOf(publicationsThere(schema)),
      slots: await rowsOf(slotsThere()),
    }
  } finally {
    // A connection that is gone has nothing to roll back.
    await client.query('ROLLBACK').catch(() => {})
  }
}

async function readSequences(
  client: ClientBase,
  home: AuditHome,
  details: readonly LiveDetails[],
): Promise<readonly LiveSequence[]> {
  if (details.length === 0) return []
  const names = details.map(({ name }) => name)
  const { rows } = await client.query<Omit<LiveSequence, 'used'>>(sequencesThere(home.schema, names))
  if (rows.length === 0) return []
  const seals = details.find(({ name }) => name === sealTable(home, 'seal').names.table)
  const isSealed =
    seals?.isReadable === true &&
    (await client.query<{ isOurs: boolean }>(renderLookForSeals(home))).rows[0]?.isOurs === true
  const { rows: numbers } = await client.query<NumberedColumn & Pick<LiveSequence, 'used'>>(
    numbersUsed(home, rows, isSealed),
  )
  return rows.map((row) => ({
    ...row,
    used: numbers.find(({ table, column }) => table === row.table && column === row.column)?.used ?? null,
  }))
}

type FoundHistory = Omit<LiveHistory, 'ends' | 'partitions' | 'rowsInDefault' | 'unkeyed'>

type WhereLooked = Pick<
  LiveDatabase,
  'database' | 'role' | 'roleExists' | 'ownsHistory' | 'schemaOwner' | 'schemaComment' | 'isOpenToWriters'
>

/** What a column that is missing says, is said of it; nothing can be asked then. */
function hasAll({ columns }: Pick<LiveHistory, 'columns'>, { settings }: AuditTableObject): boolean {
  const there = new Set(columns.map(({ name }) => name))
  return settings.every(({ column, retired }) => retired || there.has(column))
}
