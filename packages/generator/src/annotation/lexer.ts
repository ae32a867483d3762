import type { SourcePlace } from '../model/place.ts'

export type Punctuation = '(' | ')' | '[' | ']' | ',' | ':' | '?' | '@' | '.'

export type Token =
  | { readonly kind: 'word' | 'number'; readonly text: string; readonly place: SourcePlace }
  | {
      readonly kind: 'string'
      readonly text: string
      /** The quote that should end it is on the line. */
      readonly closed: boolean
      readonly place: SourcePlace
    }
  | { readonly kind: Punctuation; readonly text: string; readonly place: SourcePlace }
  | { readonly kind: 'unknown' | 'end'; readonly text: string; readonly place: SourcePlace }

const WORD = /[\p{L}_][\p{L}\p{N}_-]*/uy
const NUMBER = /-?\d+(?:\.\d+)?/y
const STRING = /"(?:\\.|[^"\\\r\n])*("?)/y
/**
 * What stands between tokens: space, and a line's end with the `///` that leads to the next line's text. A `//` line
 * between two `///` lines is no part of the text for Prisma either.
 */
const GAP = /(?:(?:\r\n|\n|\r)(?:[\p{Zs}\t]*\/\/(?:\/|[^/\r\n][^\r\n]*|(?=[\r\n]|$)))?|[\p{Zs}\t]+)+/uy
const PUNCTUATION = new Set<string>(['(', ')', '[', ']', ',', ':', '?', '@', '.'])

/**
 * Gives tokens one at a time, so that an annotation may end wherever its parenthesis does and the rest of the comment
 * stays prose. `text` is a piece of the file as it stands there, `///` of later lines included; `start` is the
 * place of its first character.
 */
export function createLexer(text: string, start: SourcePlace): { next(): Token } {
  let offset = 0
  let line = start.line
  let column = start.column
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = offset
    return pattern.exec(text)
  }
  const advance = (piece: string): SourcePlace => {
    const place = { file: start.file, line, column, length: Math.max(1, piece.length) }
    offset += piece.length
    const lines = piece.split(/\r\n|\n|\r/)
    line += lines.length - 1
    column = lines.length > 1 ? (lines.at(-1) ?? '').length + 1 : column + piece.length
    return place
  }
  return {
    next(): Token {
      const gap = match(GAP)?.[0]
      if (gap) advance(gap)
      if (offset >= text.length) return { kind: 'end', text: '', place: advance('') }
      const word = match(WORD)?.[0]
      if (word) return { kind: 'word', text: word, place: advance(word) }
      const number = match(NUMBER)?.[0]
      if (number) return { kind: 'number', text: number, place: advance(number) }
      const string = match(STRING)
      if (string) {
        const closed = string[1] === '"'
        return { kind: 'string', text: stringContent(string[0], closed), closed, place: advance(string[0]) }
      }
      const char = String.fromCodePoint(text.codePointAt(offset) ?? 0)
      const place = advance(char)
      return isPunctuation(char) ? { kind: char, text: char, place } : { kind: 'unknown', text: char, place }
    },
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }

function stringContent(quoted: string, closed: boolean): string {
  return quoted
    .slice(1, closed ? -1 : undefined)
    .replaceAll(
      /\\(?:u([0-9a-fA-F]{4})|(.))/gsu,
      (_, unicode: string | undefined, char: string | undefined) =>
        unicode ? String.fromCharCode(Number.parseInt(unicode, 16)) : (ESCAPES[char ?? ''] ?? char ?? ''),
    )
}

function isPunctuation(char: string): char is Punctuation {
  return PUNCTUATION.has(char)
}
