import type { SourcePlace } from '../model/place.ts'

/** A line of a file without its line break. */
export interface TextLine {
  readonly text: string
  /** Where it starts in the file's text. */
  readonly offset: number
}

/** Lines as Prisma sees them: `\n`, `\r\n` or `\r` ends one. */
export function splitLines(text: string): readonly TextLine[] {
  const lines: TextLine[] = []
  let offset = 0
  for (const part of text.split(/(\r\n|\n|\r)/)) {
    // Odd parts are the line breaks.
    if (!/^(\r\n|\n|\r)$/.test(part)) lines.push({ text: part, offset })
    offset += part.length
  }
  return lines
}

/** Turns offsets of one file into places. */
export function createPlaces(
  file: string,
  lines: readonly TextLine[],
): (offset: number, length: number) => SourcePlace {
  return (offset, length) => {
    let low = 0
    let high = lines.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((lines[middle]?.offset ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    const line = lines[low]
    const column = offset - (line?.offset ?? 0) + 1
    return { file, line: low + 1, column, length: Math.max(1, length) }
  }
}
