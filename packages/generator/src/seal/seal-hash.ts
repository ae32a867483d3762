import type { SealContent } from '../model/seal.ts'
import { sha256 } from './merkle-root.ts'

export const NO_SEAL: Uint8Array = new Uint8Array(32)

const SEAL = Uint8Array.of(0x02)

/** SHA-256 of 0x02, the hash of the seal before, the root, and the JSON of `sealText`. */
export function sealHash(content: SealContent): Uint8Array {
  return sha256(SEAL, content.previous, content.root, new TextEncoder().encode(sealText(content)))
}

/** `[1,"7","\"audit\".\"Order_audit\"","16402","0","1000",1000,[[7,"id","integer"]],"2026-03-04 10:15:00.123+00"]` */
function sealText(content: SealContent): string {
  return JSON.stringify([
    content.format,
    String(content.number),
    content.historyName,
    content.historyOid,
    String(content.firstId),
    String(content.lastId),
    content.rowCount,
    content.columns.map(({ number, name, type }) => [number, name, type]),
    content.sealedAt,
  ])
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
