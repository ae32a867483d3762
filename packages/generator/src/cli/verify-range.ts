import type { Client } from 'pg'
import { SALT_BYTES, SEAL_FORMAT } from '../model/seal.ts'
import type { Finding } from '../seal/finding.ts'
import { merkleRoot } from '../seal/merkle-root.ts'
import { sameBytes } from '../seal/seal-hash.ts'
import { type PageColumns, renderCountRange, renderPage, renderPageWithErasures } from '../sql/seal-page.ts'
import type { AuditHome } from '../state/database-state.ts'
import type { SealedRange } from './sealed-ranges.ts'

/** A row's id and its leaf, null where it cannot be what was sealed. */
interface Leaf {
  readonly id: string
  readonly leaf: Uint8Array | null
}

/** Of a range as its rows are now. */
export type Leaves = readonly Leaf[]

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
  const { historyName, firstId, lastId, number, sealedAt } = seal
  // Of a row that was pruned its leaf is there, and neither the row nor its salt.
  const rowCount = seal.rowCount - range.prunedLeaves.length
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
  if (givesRoot(asked, range)) return undefined
  for (const columns of range.columns.slice(1)) {
    if (givesRoot(await readLeaves(client, home, range, columns), range)) return undefined
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
      ? await client.query<Leaf>(renderPage(columns), values)
      : await client.query<Leaf>(renderPageWithErasures(home, columns), [...values, seal.number])
  return rows
}

function givesRoot(rows: Leaves, { seal, prunedLeaves }: SealedRange): boolean {
  const gone = prunedLeaves.map(([id, leaf]) => ({ id, leaf: Buffer.from(leaf ?? '', 'hex') }))
  const all = gone.length === 0 ? rows : [...rows, ...gone].sort(inOrder)
  const leaves = all.flatMap(({ leaf }) => (leaf === null ? [] : [leaf]))
  return leaves.length === all.length && sameBytes(merkleRoot(leaves), seal.root)
}

/** As the rows of a range stand: by the absolute value of their ids, and a baseline's before another one. */
function inOrder(one: Leaf, other: Leaf): number {
  const [a, b] = [BigInt(one.id), BigInt(other.id)]
  const distance = (a < 0n ? -a : a) - (b < 0n ? -b : b) || a - b
  return distance < 0n ? -1 : distance > 0n ? 1 : 0
}
