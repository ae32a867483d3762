import type { Client } from 'pg'
import type { Seal, SealedColumn } from '../model/seal.ts'
import { type ColumnEpoch, columnMappings } from '../seal/sealed-columns.ts'
import { renderColumnEpochs, renderReadSeals } from '../sql/seal-chain.ts'
import type { PageColumns } from '../sql/seal-page.ts'
import type { AuditHome } from '../state/database-state.ts'
import { type History, isBlankPadded, readHistories } from './sealed-histories.ts'

/** A seal, and what the database has for its range. */
export interface SealedRange {
  readonly seal: Seal
  /** The history's OID of today. */
  readonly oid: string
  /** The random bytes of its rows; null where they are gone. */
  readonly salts: Uint8Array | null
  readonly erasedRows: number
  /** The leaves of rows that were pruned from a range of which others stay, by their ids. */
  readonly prunedLeaves: readonly (readonly [id: string, leaf: string])[]
  /** When the range was pruned, and by whom. */
  readonly pruned: { readonly at: string; readonly by: string } | undefined
  /** The history as it is; undefined where it is gone. */
  readonly history: History | undefined
  /** Where its fields may be today, the likeliest first. */
  readonly columns: readonly PageColumns[]
}

interface SealRow {
  readonly number: string
  readonly format: number
  readonly oid: string
  readonly historyName: string
  readonly historyOid: string
  readonly firstId: string
  readonly lastId: string
  readonly rowCount: number
  readonly columns: readonly SealedColumn[]
  readonly sealedAt: string
  readonly root: Uint8Array
  readonly previous: Uint8Array
  readonly hash: Uint8Array
  readonly salts: Uint8Array | null
  readonly erasedRows: number
  readonly prunedLeaves: readonly (readonly [id: string, leaf: string])[] | null
  readonly prunedAt: string | null
  readonly prunedBy: string | null
}

/** What columns a history had, from a seal of the chain on. */
export interface EpochRow {
  readonly oid: string
  readonly historyOid: string
  readonly columns: string
  readonly from: string
}

/** Once a run: it looks at every seal. */
export async function readEpochs(client: Client, home: AuditHome): Promise<readonly EpochRow[]> {
  const { rows } = await client.query<EpochRow>(renderColumnEpochs(home))
  return rows
}

/** The ranges that follow a seal in the chain, for the transaction that reads their rows. */
export async function readRanges(
  client: Client,
  home: AuditHome,
  epochs: readonly EpochRow[],
  after: bigint,
  limit: number,
): Promise<readonly SealedRange[]> {
  const histories = await readHistories(client, home, true)
  const { rows } = await client.query<SealRow>(renderReadSeals(home), [after, limit])
  const known = new Map<string, readonly PageColumns[]>()
  return rows.map((row) => {
    const history = histories.find(({ oid }) => oid === row.oid)
    const key = JSON.stringify([row.oid, row.historyOid, row.columns])
    const columns = known.get(key) ?? (history === undefined ? [] : columnsOf(row, history, epochs))
    known.set(key, columns)
    return {
      seal: toSeal(row),
      oid: row.oid,
      salts: row.salts,
      erasedRows: row.erasedRows,
      prunedLeaves: row.prunedLeaves ?? [],
      pruned: row.prunedAt === null ? undefined : { at: row.prunedAt, by: row.prunedBy ?? '' },
      history,
      columns,
    }
  })
}

function columnsOf(row: SealRow, history: History, epochs: readonly EpochRow[]): readonly PageColumns[] {
  const own = epochs.filter(({ oid }) => oid === row.oid)
  const begin = own.findLastIndex(({ from }) => BigInt(from) <= BigInt(row.number))
  const known: readonly ColumnEpoch[] = [
    { oid: row.historyOid, columns: row.columns },
    ...own.slice(begin + 1).map((epoch) => ({ oid: epoch.historyOid, columns: JSON.parse(epoch.columns) })),
  ]
  return columnMappings(row.columns, known, history).map((names) => ({
    history,
    fields: names.flatMap((name) =>
      history.columns
        .filter((column) => column.name === name)
        .map((column) => ({ name, isBlankPadded: isBlankPadded(column) })),
    ),
    later: history.columns.map(({ name }) => name).filter((name) => !names.includes(name)),
  }))
}

function toSeal(row: SealRow): Seal {
  const { number, format, historyName, historyOid, rowCount, columns, sealedAt, root, previous, hash } = row
  return {
    number: BigInt(number),
    format,
    historyName,
    historyOid,
    firstId: BigInt(row.firstId),
    lastId: BigInt(row.lastId),
    rowCount,
    columns,
    sealedAt,
    root,
    previous,
    hash,
  }
}
