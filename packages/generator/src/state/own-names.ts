import { cutToBytes, MAX_IDENTIFIER_BYTES } from '../model/names.ts'
import type { AuditTableObject } from './database-state.ts'
import { textHash } from './state-hash.ts'

/** `base` and suffix; where PostgreSQL would cut that, the base is cut and a hash keeps it unique. */
export function derivedName(base: string, suffix: string): string {
  const bytes = new TextEncoder().encode(base).length
  if (bytes + suffix.length <= MAX_IDENTIFIER_BYTES) return base + suffix
  const end = `_${textHash(base).slice(0, 8)}${suffix}`
  return cutToBytes(base, MAX_IDENTIFIER_BYTES - end.length) + end
}

/** The capture function of level row: no other level's triggers ever call it. */
export function rowFunctionName(table: AuditTableObject): string {
  return derivedName(table.names.captureFunction, '_row')
}

/** Every name that the table's own objects have: what a statement that names one of them is about. */
export function ownNames(table: AuditTableObject): readonly string[] {
  return [...Object.values(table.names), rowFunctionName(table)]
}
