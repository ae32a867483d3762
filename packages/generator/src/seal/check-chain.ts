import { SEAL_FORMAT, type Seal } from '../model/seal.ts'
import type { Finding } from './finding.ts'
import { NO_SEAL, sameBytes, sealHash } from './seal-hash.ts'

/** Where the chain is, and up to which id each history is sealed. */
export interface ChainEnd {
  readonly number: bigint
  readonly hash: Uint8Array
  readonly lastIds: ReadonlyMap<string, bigint>
}

export const CHAIN_BEGIN: ChainEnd = { number: 0n, hash: NO_SEAL, lastIds: new Map() }

/** A line of an exported file: the number of a seal, and the hash that it had. */
export interface Anchor {
  readonly number: bigint
  readonly hash: string
}

/**
 * What is wrong with the next seal of the chain, its range's rows apart.
 *
 * @param oid the history of today that it is of
 */
export function checkLink(end: ChainEnd, seal: Seal, oid: string): readonly Finding[] {
  const here = { firstSeal: seal.number, lastSeal: seal.number, sealedAt: seal.sealedAt }
  const range = { ...here, history: seal.historyName, firstId: seal.firstId, lastId: seal.lastId }
  const missing: readonly Finding[] =
    seal.number === end.number + 1n
      ? []
      : [{ kind: 'seals-removed', firstSeal: end.number + 1n, lastSeal: seal.number - 1n }]
  if (!sameBytes(sealHash(seal), seal.hash)) return [...missing, { kind: 'seal-changed', ...range }]
  if (missing.length > 0) return missing
  if (!sameBytes(seal.previous, end.hash)) return [{ kind: 'chain-broken', ...here }]
  if (seal.firstId !== (end.lastIds.get(oid) ?? -1n) + 1n) return [{ kind: 'chain-broken', ...range }]
  return seal.format === SEAL_FORMAT ? [] : [{ kind: 'format-unknown', ...range }]
}

export function chainAfter({ lastIds }: ChainEnd, { number, hash, lastId }: Seal, oid: string): ChainEnd {
  return { number, hash, lastIds: new Map(lastIds).set(oid, lastId) }
}

/** What the exported hashes of one seal say of it; there may be several, by several runs. */
export function checkAnchors(seal: Seal, anchored: ReadonlySet<string>): readonly Finding[] {
  const hash = Buffer.from(seal.hash).toString('hex')
  const isAsAnchored = [...anchored].every((each) => each === hash)
  const here = { firstSeal: seal.number, lastSeal: seal.number, sealedAt: seal.sealedAt }
  return isAsAnchored ? [] : [{ kind: 'anchor-mismatch', ...here }]
}

/** Seals that were exported and that the chain does not reach any more. */
export function checkEnd({ number }: ChainEnd, newest: bigint | undefined): readonly Finding[] {
  if (newest === undefined || newest <= number) return []
  return [{ kind: 'seals-removed', firstSeal: number + 1n, lastSeal: newest }]
}
