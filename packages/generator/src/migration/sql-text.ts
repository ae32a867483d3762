/** The first offset from `at` that is neither white space nor a comment. Block comments nest, as in PostgreSQL. */
export function skipBlank(text: string, at: number): number {
  let index = at
  for (;;) {
    const char = text[index]
    if (char !== undefined && /\s/.test(char)) index++
    else if (text.startsWith('--', index)) {
      const end = text.indexOf('\n', index)
      index = end === -1 ? text.length : end + 1
    } else if (text.startsWith('/*', index)) index = skipBlockComment(text, index)
    else return index
  }
}

function skipBlockComment(text: string, at: number): number {
  let depth = 0
  let index = at
  do {
    if (text.startsWith('/*', index)) {
      depth++
      index += 2
    } else if (text.startsWith('*/', index)) {
      depth--
      index += 2
    } else index++
  } while (depth > 0 && index < text.length)
  return index
}

const NAME = /(?:"(?:[^"]|"")*"|[\w$\u0080-\uffff]+)(?:\s*\.\s*(?:"(?:[^"]|"")*"|[\w$\u0080-\uffff]+))*/y

/** Where the (qualified, perhaps quoted) name that starts at `at` ends. */
export function endOfName(text: string, at: number): number {
  NAME.lastIndex = at
  return at + (NAME.exec(text)?.[0].length ?? 1)
}

const VERB_BEFORE_TABLE =
  /\b(?:insert\s+into|update|delete\s+from|merge\s+into|copy|truncate)(?:\s+table)?(?:\s+only)?\s+\(?\s*$/i

/**
 * Where the statement whose table stands at `table` begins: at its verb, looked for not further back
 * than `from`; else at the table itself (a comment between the two, for one).
 */
export function startOfVerb(text: string, table: number, from: number): number {
  const start = Math.max(from, table - 200)
  const found = VERB_BEFORE_TABLE.exec(text.slice(start, table))
  return found ? start + found.index : table
}
