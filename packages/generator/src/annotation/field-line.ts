const STRING = /"(?:\\.|[^"\\\r\n])*"?/y

/** What ends the code of a line, or begins a string in it. */
const INTERESTING = /["\r\n]|\/[/*]/g

/** Where the code of a line ends: at its comment or its end. What looks like a comment inside a string is none. */
export function codeEnd(text: string, from: number): number {
  for (let offset = from; offset < text.length; ) {
    INTERESTING.lastIndex = offset
    const found = INTERESTING.exec(text)
    if (!found) return text.length
    if (found[0] !== '"') return found.index
    STRING.lastIndex = found.index
    offset = found.index + (STRING.exec(text)?.[0].length ?? 1)
  }
  return text.length
}

/** `Unsupported("circle")?` gives `Unsupported("circle")`, `Post[]` gives `Post`. */
export function readFieldType(code: string): string {
  const unsupported = /^(Unsupported\([\p{Zs}\t]*"(?:\\.|[^"\\])*"[\p{Zs}\t]*\))/u.exec(code)?.[1]
  return unsupported ?? /^[\w-]+/.exec(code)?.[0] ?? ''
}

export interface LineAttributes {
  readonly ignored: boolean
  /** `@id`. */
  readonly id: boolean
  /** `@map("…")`. */
  readonly column?: string
  /** `@@schema("…")`. */
  readonly schema?: string
}

const IGNORE = /@[\p{Zs}\t]*ignore(?![\w-])/u
const ID = /@[\p{Zs}\t]*id(?![\w-])/u
/** In code whose strings are numbered marks. */
const MAP = /@[\p{Zs}\t]*map[\p{Zs}\t]*\([\p{Zs}\t]*(?:name[\p{Zs}\t]*:[\p{Zs}\t]*)?"(\d+)"/u
const SCHEMA = /@[\p{Zs}\t]*schema[\p{Zs}\t]*\([\p{Zs}\t]*(?:map[\p{Zs}\t]*:[\p{Zs}\t]*)?"(\d+)"/u

/** The attributes that matter here, of a field's line or a block attribute's. */
export function readAttributes(code: string): LineAttributes {
  if (!code.includes('@')) return { ignored: false, id: false }
  // Strings first become numbered marks, so that their content is never taken for an attribute.
  const strings: string[] = []
  const bare = code.replaceAll(/"(?:\\.|[^"\\])*"/g, (quoted) => `"${strings.push(quoted) - 1}"`)
  const argument = (pattern: RegExp): string | undefined => {
    const index = pattern.exec(bare)?.[1]
    return index === undefined ? undefined : stringValue(strings[Number(index)] ?? '""')
  }
  const column = argument(MAP)
  const schema = argument(SCHEMA)
  return {
    ignored: IGNORE.test(bare),
    id: ID.test(bare),
    ...(column === undefined ? {} : { column }),
    ...(schema === undefined ? {} : { schema }),
  }
}

/** Prisma's strings are JSON's; one that is not keeps its characters. */
function stringValue(quoted: string): string {
  try {
    return String(JSON.parse(quoted))
  } catch {
    return quoted.slice(1, -1)
  }
}
