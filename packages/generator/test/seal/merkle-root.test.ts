import fc from 'fast-check'
import { expect, test } from 'vitest'
import { merkleRoot, sha256 } from '../../src/seal/merkle-root.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** As RFC 6962 writes it: by the largest power of two below the number of leaves. */
function byDefinition(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves
  if (first === undefined) return sha256()
  if (leaves.length === 1) return first
  let left = 1
  while (left * 2 < leaves.length) left *= 2
  return sha256(Uint8Array.of(1), byDefinition(leaves.slice(0, left)), byDefinition(leaves.slice(left)))
}

test('the root is the one that RFC 6962 defines, for any number of leaves', () => {
  for (let count = 0; count <= 130; count += 1) {
    const leaves = Array.from({ length: count }, (_, at) => sha256(Uint8Array.of(at)))
    expect(hex(merkleRoot(leaves))).toBe(hex(byDefinition(leaves)))
  }
})

test('a known root: three leaves of RFC 6962, hashed with the prefix of a leaf', () => {
  const leaf = (bytes: string) => sha256(Uint8Array.of(0), Buffer.from(bytes, 'hex'))
  expect(hex(merkleRoot([leaf('')]))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
  expect(hex(merkleRoot(['', '00', '10'].map(leaf)))).toBe(
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  )
})

test('no list of leaves has the root of another', () => {
  const list = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 20 })
  fc.assert(
    fc.property(list, list, (a, b) => {
      fc.pre(JSON.stringify(a.map(hex)) !== JSON.stringify(b.map(hex)))
      expect(hex(merkleRoot(a))).not.toBe(hex(merkleRoot(b)))
    }),
  )
})
