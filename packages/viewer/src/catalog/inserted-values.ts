export interface Insert {
  readonly schema: string
  readonly name: string
  /** Columns, and the text of the value that each gets. */
  readonly entries: readonly (readonly [column: string, value: string])[]
}

const INSERT = /INSERT INTO "((?:[^"]|"")+)"\."((?:[^"]|"")+)" \(/g

/** The INSERT statements in the text of a function, as the generator writes them. */
export function insertedValues(body: string): readonly Insert[] {
  return [...body.matchAll(INSERT)].map((found) => {
    const columns = items(body, found.index + found[0].length)
    const from = /^\s*(?:OVERRIDING SYSTEM VALUE\s*)?(?:SELECT\b|VALUES\s*\()/.exec(body.slice(columns.end))
    const values = from === null ? [] : items(body, columns.end + from[0].length).texts
    return {
      schema: unquoted(found[1] ?? ''),
      name: unquoted(found[2] ?? ''),
      entries: columns.texts.map((column, index) => [
        unquoted(column.slice(1, -1)),
        values[index]?.replace(/\s+/g, ' ') ?? '',
      ]),
    }
  })
}

/** What stands between commas from a place on, until the parenthesis around it, the statement or its list of values ends. */
function items(text: string, start: number): { readonly texts: readonly string[]; readonly end: number } {
  const texts: string[] = []
  let [depth, begin, index] = [0, start, start]
  for (; index < text.length; index++) {
    const character = text[index]
    if (character === '"' || character === "'") index = closing(text, index)
    else if (character === '(' || character === '[') depth += 1
    else if (depth > 0 && (character === ')' || character === ']')) depth -= 1
    else if (depth === 0 && character === ',') {
      texts.push(text.slice(begin, index).trim())
      begin = index + 1
    } else if (depth === 0 && (character === ')' || character === ';' || isFrom(text, index))) break
  }
  texts.push(text.slice(begin, index).trim())
  return { texts, end: index + 1 }
}

/** `FROM` at the beginning of a line; `IS DISTINCT FROM` stands in one. */
function isFrom(text: string, index: number): boolean {
  return text[index] === '\n' && /^\n\s*FROM\b/.test(text.slice(index, index + 200))
}

/** The place of the quote that ends what begins at `index`; a doubled one is part of it. */
function closing(text: string, index: number): number {
  const quote = text[index] ?? ''
  let end = text.indexOf(quote, index + 1)
  while (end !== -1 && text[end + 1] === quote) end = text.indexOf(quote, end + 2)
  return end === -1 ? text.length : end
}

function unquoted(name: string): string {
  return name.replaceAll('""', '"')
}
