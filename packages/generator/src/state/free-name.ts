import { MAX_IDENTIFIER_BYTES } from '../model/names.ts'

const encoder = new TextEncoder()

/** The first of `name__2`, `name__3`, … that is not taken, cut so that it stays a legal identifier. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 2; ; number += 1) {
    const suffix = `__${number}`
    const candidate = cutToBytes(name, MAX_IDENTIFIER_BYTES - suffix.length) + suffix
    if (!taken.has(candidate)) return candidate
  }
}

/** The longest beginning of `text` of at most `bytes` bytes of UTF-8 that cuts no character in two. */
export function cutToBytes(text: string, bytes: number): string {
  let length = 0
  let result = ''
  for (const character of text) {
    length += encoder.encode(character).length
    if (length > bytes) break
    result += character
  }
  return result
}
