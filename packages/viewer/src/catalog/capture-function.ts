/** What the text of a capture function says of the history that it writes. */
export interface Capture {
  /** Schema and name of the history. */
  readonly target: { readonly schema: string; readonly name: string }
  /** Columns of settings, by their names: `audit_username` → `username`. */
  readonly settings: ReadonlyMap<string, string>
  readonly redacted: ReadonlySet<string>
  readonly hashed: ReadonlySet<string>
  /** Columns whose values are recorded as they are. */
  readonly plain: ReadonlySet<string>
}

const NAME = '"((?:[^"]|"")+)"'
const TARGET = new RegExp(`INSERT INTO ${NAME}\\.${NAME} \\(`)
const SETTING = new RegExp(`${NAME} CONSTANT [^\\n]*current_setting\\('audit\\.((?:[^']|'')+)', true\\)`, 'g')
const REDACTED = new RegExp(
  `\\b(?:NEW|OLD|changed)\\.${NAME} IS (?:NOT )?DISTINCT FROM NULL THEN (?:NULL|'\\[redacted)`,
  'g',
)
const HASHED = new RegExp(`hash_value"\\((?:NEW|OLD|changed)\\.${NAME}`, 'g')
const PLAIN = new RegExp(`^\\s*(?:NEW|OLD|changed)\\.${NAME},?$`, 'gm')

/** Undefined for a function that writes no history. */
export function parseCapture(body: string): Capture | undefined {
  const [, schema, name] = TARGET.exec(body) ?? []
  if (schema === undefined || name === undefined) return undefined
  const settings = [...body.matchAll(SETTING)].map(
    ([, column = '', setting = '']) => [unquoted(column), setting.replaceAll("''", "'")] as const,
  )
  return {
    target: { schema: unquoted(schema), name: unquoted(name) },
    settings: new Map(settings),
    redacted: names(body, REDACTED),
    hashed: names(body, HASHED),
    plain: names(body, PLAIN),
  }
}

function names(body: string, pattern: RegExp): ReadonlySet<string> {
  return new Set([...body.matchAll(pattern)].map(([, name = '']) => unquoted(name)))
}

function unquoted(name: string): string {
  return name.replaceAll('""', '"')
}
