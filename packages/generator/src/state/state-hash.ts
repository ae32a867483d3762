import { type DatabaseState, IMPLIED_LEVEL } from './database-state.ts'

const encoder = new TextEncoder()
/** A state has hundreds of tables and a fold hashes it at every part; a table that did not change is not hashed again. */
const known = new WeakMap<object, string>()

/**
 * Sixteen hexadecimal digits that stand for a state: equal states have equal hashes, whatever the order of
 * their properties. It finds mistakes and branches; it is no protection against intent.
 */
export function stateHash(state: DatabaseState): string {
  const schema = state.schema === undefined ? '-' : hashOf(state.schema)
  return textHash([schema, ...state.tables.map(hashOf)].join(' '))
}

function hashOf(object: object): string {
  const found = known.get(object)
  if (found !== undefined) return found
  const made = textHash(JSON.stringify(sorted(withoutImplied(object))))
  known.set(object, made)
  return made
}

/** Headers hold hashes from before there was a level: an object that has the one of then has the hash of then. */
function withoutImplied(object: object): object {
  const implied = new Map<string, unknown>(Object.entries(IMPLIED_LEVEL))
  return Object.fromEntries(Object.entries(object).filter(([name, value]) => implied.get(name) !== value))
}

/** The same value with every object's properties in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}

/** Sixteen hexadecimal digits: FNV-1a over UTF-8, in two lanes of 32 bits; the second also turns after each byte. */
export function textHash(text: string): string {
  let first = 0x811c9dc5
  let second = 0x9747b28c
  const bytes = encoder.encode(text)
  // Not for…of, which takes four times as long: a part may be megabytes long.
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0
    first = Math.imul(first ^ byte, 0x01000193)
    second = Math.imul(second ^ byte, 0x01000193)
    second = (second << 13) | (second >>> 19)
  }
  return [first, second].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('')
}
