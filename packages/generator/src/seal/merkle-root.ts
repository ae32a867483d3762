import { createHash } from 'node:crypto'

const NODE = Uint8Array.of(0x01)

/**
 * The root of a Merkle tree over leaves that are hashed already, as RFC 6962 builds it: the left subtree of a node has the
 * largest power of two of leaves that is less than all. A tree without a leaf has SHA-256 of nothing.
 */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256()
  let level = leaves
  // Level by level, an odd one going up as it is, gives the same tree.
  while (level.length > 1) {
    const above: Uint8Array[] = []
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at], level[at + 1]]
      if (left !== undefined) above.push(right === undefined ? left : sha256(NODE, left, right))
    }
    level = above
  }
  return level[0] ?? sha256()
}

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
