import { MAX_IDENTIFIER_BYTES, type QualifiedName } from '../model/names.ts'

declare const brand: unique symbol

/** A fragment of SQL. Only the functions of this file make one, so no bare string becomes SQL by mistake. */
export interface Sql {
  readonly [brand]: true
}

/** Text of a template may be indented where it stands; a name or literal is kept byte for byte. */
interface Piece {
  readonly text: string
  readonly verbatim: boolean
}

const encoder = new TextEncoder()

/**
 * A fragment from a template whose holes are fragments. The lines of a hole are indented as the line in which
 * it stands.
 */
export function sql(strings: TemplateStringsArray, ...holes: readonly Sql[]): Sql {
  const pieces: Piece[] = []
  for (const [index, text] of strings.entries()) {
    pieces.push({ text, verbatim: false })
    const hole = holes[index]
    if (hole !== undefined) pieces.push(...indented(piecesOf(hole), indentation(pieces)))
  }
  return make(pieces)
}

export const EMPTY: Sql = make([])

/** The text for PostgreSQL. */
export function sqlText(fragment: Sql): string {
  return piecesOf(fragment)
    .map((piece) => piece.text)
    .join('')
}

/** A quoted identifier: `Order` gives `"Order"`, `a"b` gives `"a""b"`. Throws for NUL, the empty name and more than 63 bytes. */
export function ident(name: string): Sql {
  if (name === '' || name.includes('\0')) {
    throw new Error(`not a PostgreSQL name: ${JSON.stringify(name)} (empty, or with a NUL)`)
  }
  if (encoder.encode(name).length > MAX_IDENTIFIER_BYTES) {
    throw new Error(`PostgreSQL would cut the name ${JSON.stringify(name)} to ${MAX_IDENTIFIER_BYTES} bytes`)
  }
  return atom(`"${name.replaceAll('"', '""')}"`)
}

/** `"schema"."name"` */
export function qualified({ schema, name }: QualifiedName): Sql {
  return join([ident(schema), ident(name)], sql`.`)
}

/** A string literal that means the same whatever `standard_conforming_strings` says. Throws for NUL. */
export function literal(value: string): Sql {
  if (value.includes('\0')) throw new Error('PostgreSQL text cannot hold a NUL')
  const quoted = `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
  return atom(value.includes('\\') ? `E${quoted}` : quoted)
}

/** A body between dollar quotes, on lines of its own, with a tag that the body does not hold. */
export function dollarQuoted(body: Sql): Sql {
  const text = sqlText(body)
  let tag = '$audit$'
  for (let number = 2; text.includes(tag); number += 1) tag = `$audit${number}$`
  return make([
    { text: `${tag}\n`, verbatim: false },
    ...piecesOf(body),
    { text: `\n${tag}`, verbatim: false },
  ])
}

/** A comment of one line: whatever would end the line is a space. */
export function comment(text: string): Sql {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not come through
  return atom(`-- ${text.replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029]/g, ' ')}`)
}

/** A whole number. */
export function integer(value: number): Sql {
  if (!Number.isSafeInteger(value)) throw new Error(`not a whole number: ${value}`)
  return atom(String(value))
}

const KEYWORDS = [
  'INSERT',
  'UPDATE',
  'DELETE',
  'TRUNCATE',
  'NEW',
  'OLD',
  'TABLE',
  'FUNCTION',
  'SCHEMA',
  'ASC',
  'DESC',
] as const

export function keyword(word: (typeof KEYWORDS)[number]): Sql {
  return atom(word)
}

/** `OPERATOR("public".>)`. Throws for what is no operator's name. */
export function operator({ schema, name }: QualifiedName): Sql {
  if (!/^[-+*/<>=~!@#%^&|`?]+$/.test(name) || name.includes('--') || name.includes('/*')) {
    throw new Error(`not an operator: ${JSON.stringify(name)}`)
  }
  return sql`OPERATOR(${ident(schema)}.${atom(name)})`
}

/** `$1`: a bind parameter, from 1 on. */
export function parameter(number: number): Sql {
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`not a parameter: ${number}`)
  return atom(`$${number}`)
}

export function join(fragments: readonly Sql[], separator: Sql): Sql {
  return make(
    fragments.flatMap((fragment, index) =>
      index === 0 ? piecesOf(fragment) : [...piecesOf(separator), ...piecesOf(fragment)],
    ),
  )
}

/** One fragment a line; what is empty takes no line. */
export function lines(fragments: readonly Sql[], separator: Sql = EMPTY): Sql {
  return join(fragments.filter(isFilled), sql`${separator}\n`)
}

/** Fragments with an empty line between them. */
export function paragraphs(fragments: readonly Sql[]): Sql {
  return join(fragments.filter(isFilled), sql`\n\n`)
}

export function isFilled(fragment: Sql): boolean {
  return piecesOf(fragment).length > 0
}

function atom(text: string): Sql {
  return make([{ text, verbatim: true }])
}

function make(pieces: readonly Piece[]): Sql {
  const made = pieces.filter((piece) => piece.text !== '')
  // The one place where an array of pieces becomes the opaque type, and `piecesOf` the one way back.
  return made as unknown as Sql
}

function piecesOf(fragment: Sql): readonly Piece[] {
  return fragment as unknown as readonly Piece[]
}

function indented(pieces: readonly Piece[], indent: string): readonly Piece[] {
  if (indent === '') return pieces
  return pieces.map((piece, index) => {
    if (piece.verbatim) return piece
    // A line end just before the next piece begins a line too; one at the very end of the hole does not.
    const isLast = index === pieces.length - 1
    const lineEnd = isLast ? /\n(?!\n|$)/g : /\n(?!\n)/g
    return { text: piece.text.replace(lineEnd, `\n${indent}`), verbatim: false }
  })
}

/** The blanks at the beginning of the line that is being written. */
function indentation(pieces: readonly Piece[]): string {
  let line = ''
  for (const { text, verbatim } of pieces) {
    const end = verbatim ? -1 : text.lastIndexOf('\n')
    line = end === -1 ? line + text : text.slice(end + 1)
  }
  return /^ */.exec(line)?.[0] ?? ''
}
