import { diffLines, diffWordsWithSpace } from 'diff'

/** A piece of a text: in both, only before, or only after. */
export interface Piece {
  readonly kind: 'same' | 'before' | 'after'
  readonly text: string
}

/** Short texts are compared by words, long ones by lines; beyond this many milliseconds not at all. */
const LIMIT = { timeout: 400 }
const WORDS = 4_000
/** Where a short value changed, all of it is new. */
const LONG = 24

/** How two values differ; undefined where they are too short, or too different, for that to help anybody. */
export function differ(before: string, after: string, type: string): readonly Piece[] | undefined {
  const isJson = /^jsonb?$/.test(type)
  const [a, b] = isJson ? [prettyJson(before), prettyJson(after)] : [before, after]
  if (!isJson && Math.max(a.length, b.length) < LONG) return undefined
  const byLines = isJson || a.length + b.length > WORDS
  const changes = byLines ? diffLines(a, b, LIMIT) : diffWordsWithSpace(a, b, LIMIT)
  return changes?.map(({ added, removed, value }) => ({
    kind: added ? 'after' : removed ? 'before' : 'same',
    text: value,
  }))
}

/** Numbers are kept as they are written: JSON.parse would round them. */
export function prettyJson(text: string): string {
  let [result, depth, inString] = ['', 0, false]
  const indent = () => `\n${'  '.repeat(depth)}`
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? ''
    if (inString) {
      result += character
      if (character === '\\') result += text[++index] ?? ''
      else if (character === '"') inString = false
    } else if (character === '"') {
      inString = true
      result += character
    } else if (/\s/.test(character)) {
      // Made anew.
    } else if (character === '{' || character === '[') {
      const rest = /^\s*[}\]]/.exec(text.slice(index + 1, index + 50))
      if (rest !== null) {
        result += character + rest[0].trim()
        index += rest[0].length
      } else {
        depth += 1
        result += character + indent()
      }
    } else if (character === '}' || character === ']') {
      depth = Math.max(0, depth - 1)
      result += indent() + character
    } else if (character === ',') result += character + indent()
    else result += character === ':' ? ': ' : character
  }
  return result
}
