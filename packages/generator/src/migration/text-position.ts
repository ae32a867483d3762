import type { Span } from './condensed.ts'

/** Places in one text, found from the offsets that PostgreSQL's parser gives. */
export interface TextPositions {
  /** UTF-16 offset of a byte offset in the text's UTF-8 form. */
  fromBytes(byte: number): number
  /** UTF-16 offset of a count of characters (code points). */
  fromCharacters(count: number): number
  /** Line and column of a UTF-16 offset; the length ends with the line. */
  span(offset: number, length?: number): Span
}

/** Prepares `text` for many look-ups; each is O(log lines). */
export function textPositions(text: string): TextPositions {
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  const ascii = Buffer.byteLength(text) === text.length
  let offsets: Uint32Array | undefined
  const clamp = (offset: number) => Math.min(Math.max(offset, 0), text.length)
  return {
    fromBytes(byte) {
      if (ascii) return clamp(byte)
      offsets ??= byteOffsets(text)
      return offsets[Math.min(Math.max(byte, 0), offsets.length - 1)] ?? text.length
    },
    fromCharacters(count) {
      if (ascii) return clamp(count)
      let offset = 0
      for (let left = count; left > 0 && offset < text.length; left--) {
        offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1
      }
      return offset
    },
    span(offset, length = 1) {
      const at = clamp(offset)
      const line = lineAt(lineStarts, at)
      const start = lineStarts[line - 1] ?? 0
      const end = lineStarts[line] === undefined ? text.length : (lineStarts[line] ?? 0) - 1
      return [line, at - start + 1, Math.max(1, Math.min(length, end - at))]
    },
  }
}

/** For each byte of the UTF-8 form, the UTF-16 offset of the character that it belongs to. */
function byteOffsets(text: string): Uint32Array {
  const offsets = new Uint32Array(Buffer.byteLength(text) + 1)
  let byte = 0
  for (let index = 0; index < text.length; ) {
    const code = text.codePointAt(index) ?? 0
    const bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    offsets.fill(index, byte, byte + bytes)
    byte += bytes
    index += code > 0xffff ? 2 : 1
  }
  offsets[byte] = text.length
  return offsets
}

/** The number (from 1) of the line that holds `offset`. */
function lineAt(lineStarts: readonly number[], offset: number): number {
  let low = 0
  let high = lineStarts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((lineStarts[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return low + 1
}
