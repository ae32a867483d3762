import type { Client } from 'pg'
import { SALT_BYTES, SEAL_FORMAT } from '../model/seal.ts'
import type { Finding } from '../seal/finding.ts'
import { merkleRoot } from '../seal/merkle-root.ts'
import { sameBytes } from '../seal/seal-hash.ts'
import { type PageColumns, renderCountRange, renderPage, renderPageWithErasures } from '../sql/seal-page.ts'
import type { AuditHome } from '../state/database-state.ts'
import type { SealedRange } from './sealed-ranges.ts'

/** Leaves of a range as its rows are now; null where a row cannot be what was sealed. */
export type Leaves = readonly (Uint8Array | null)[]

/** Begins to read the rows of a range; undefined where there are none to compare. */
export function askForLeaves(
  client: Client,
  home: AuditHome,
  range: SealedRange,
): Promise<Leaves> | undefined {
  const [columns] = range.columns
  if (columns === undefined || range.pruned !== undefined) return undefined
  return readLeaves(client, home, range, columns)
}

/** What is wrong with the rows of a range. */
export async function checkRange(
  client: Client,
  home: AuditHome,
  range: SealedRange,
  asked: Leaves | undefined,
): Promise<Finding | undefined> {
  const { seal, history, salts, pruned } = range
  const { historyName, firstId, lastId, number, sealedAt, rowCount } = seal
  const finding = (kind: Finding['kind'], rows?: number): Finding => ({
    kind,
    history: historyName,
    firstId,
    lastId,
    firstSeal: number,
    lastSeal: number,
    sealedAt,
    ...(rows === undefined ? {} : { rows }),
  })
  // Said by `checkLink`.
  if (seal.format !== SEAL_FORMAT) return undefined
  if (history === undefined) return pruned ? undefined : finding('history-missing')
  if (pruned !== undefined) {
    const { rows } = await client.query<{ rows: string }>(renderCountRange(history), [firstId, lastId])
    const left = Number(rows[0]?.rows ?? 0)
    return left === 0 ? undefined : finding('rows-inserted', left)
  }
  if (asked === undefined) return finding('history-missing')
  if (salts?.length !== rowCount * SALT_BYTES) return finding('seal-changed')
  if (asked.length < rowCount) return finding('rows-removed', rowCount - asked.length)
  if (asked.length > rowCount) return finding('rows-inserted', asked.length - rowCount)
  if (givesRoot(asked, seal.root)) return undefined
  for (const columns of range.columns.slice(1)) {
    if (givesRoot(await readLeaves(client, home, range, columns), seal.root)) return undefined
  }
  return finding('rows-changed')
}

async function readLeaves(
  client: Client,
  home: AuditHome,
  { seal, salts, erasedRows }: SealedRange,
  columns: PageColumns,
): Promise<Leaves> {
  // One row more than there should be is enough to say that there are more.
  const values = [seal.firstId, seal.lastId, salts ?? new Uint8Array(), seal.rowCount + 1]
  const { rows } =
    erasedRows === 0
      ? await client.query<{ leaf: Uint8Array | null }>(renderPage(columns), values)
      : await client.query<{ leaf: Uint8Array | null }>(renderPageWithErasures(home, columns), [
          ...values,
          seal.number,
        ])
  return rows.map(({ leaf }) => leaf)
}

function givesRoot(leaves: Leaves, root: Uint8Array): boolean {
  return leaves.every((leaf) => leaf !== null) && sameBytes(merkleRoot(leaves), root)
}
