import { MAX_IDENTIFIER_BYTES } from '../model/names.ts'

/**
 * The name that PostgreSQL gives a constraint without one: `<table>_<column>_<label>`, where the longer of
 * table and column is cut, byte by byte and never inside a character, until all fits.
 */
export function constraintName(table: string, column: string | undefined, label: string): string {
  let first = Buffer.byteLength(table)
  let second = Buffer.byteLength(column ?? '')
  const rest = Buffer.byteLength(label) + (column === undefined ? 1 : 2)
  while (first + second + rest > MAX_IDENTIFIER_BYTES) {
    if (first > second) first--
    else second--
  }
  const parts = [cut(table, first), ...(column === undefined ? [] : [cut(column, second)]), label]
  return parts.join('_')
}

function cut(text: string, bytes: number): string {
  let length = 0
  let kept = ''
  for (const character of text) {
    length += Buffer.byteLength(character)
    if (length > bytes) break
    kept += character
  }
  return kept
}
