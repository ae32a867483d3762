import type { SourcePlace } from '../model/place.ts'
import { AUDIT_PART } from './condense-file.ts'
import type { MigrationFile } from './migration-file.ts'
import { textPositions } from './text-position.ts'

/** An AFTER trigger of the application whose function writes rows of the trigger's own table. */
export interface SelfWritingTrigger {
  readonly trigger: string
  /** Undefined where the statement names none. */
  readonly schema: string | undefined
  readonly table: string
  readonly events: readonly ('INSERT' | 'UPDATE' | 'DELETE')[]
  readonly forEachRow: boolean
  /** The trigger's name in its CREATE TRIGGER. */
  readonly place: SourcePlace
}

const NAME = String.raw`("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`
const QUALIFIED = String.raw`(?:${NAME}\s*\.\s*)?${NAME}`
const CREATE_TRIGGER = new RegExp(
  String.raw`\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\s+${NAME}\s+AFTER\s+([^;]*?)\s+ON\s+${QUALIFIED}([^;]*?)\bEXECUTE\s+(?:FUNCTION|PROCEDURE)\s+${QUALIFIED}\s*\(`,
  'giud',
)
const DROP_TRIGGER = new RegExp(
  String.raw`\bDROP\s+TRIGGER\s+(?:IF\s+EXISTS\s+)?${NAME}\s+ON\s+${QUALIFIED}`,
  'giu',
)
const FUNCTION = new RegExp(
  String.raw`\bCREATE\s+(?:OR\s+REPLACE\s+)?FUNCTION\s+${QUALIFIED}\s*\([^$]*?\bAS\s+(\$[^$\s]*\$)([\s\S]*?)\3`,
  'giu',
)
const CHANGE = new RegExp(
  String.raw`\b(UPDATE|DELETE\s+FROM|MERGE\s+INTO|INSERT\s+INTO)\s+(?:ONLY\s+)?${QUALIFIED}`,
  'giu',
)

/**
 * Found by the text of the migrations, not by running them: what is made by dynamic SQL is not seen. A function counts as
 * writing a table where its body changes or deletes rows of it; an INSERT makes rows of its own, unless it may meet
 * one (ON CONFLICT). Those that fire at the end of the transaction come last anyhow.
 */
export function selfWritingTriggers(files: readonly MigrationFile[]): readonly SelfWritingTrigger[] {
  const bodies = new Map<string, string>()
  const triggers = new Map<string, SelfWritingTrigger & { readonly calls: string }>()
  for (const { path, text: file } of files) {
    // Our own part holds thousands of triggers in a large project, and none of them is the application's.
    const text = file.slice(0, AUDIT_PART.exec(file)?.index)
    if (!/\bTRIGGER\b/i.test(text)) continue
    const code = withoutComments(text)
    for (const [, , name = '', , body = ''] of code.matchAll(FUNCTION)) bodies.set(unquote(name), body)
    const positions = textPositions(text)
    const made = [...code.matchAll(CREATE_TRIGGER)].map((match) => ({ at: match.index, match }))
    const gone = [...code.matchAll(DROP_TRIGGER)].map((match) => ({ at: match.index, match, isDrop: true }))
    for (const { match, ...rest } of [...made, ...gone].sort((a, b) => a.at - b.at)) {
      if ('isDrop' in rest) {
        triggers.delete(keyOf(unquote(match[1] ?? ''), unquote(match[3] ?? '')))
        continue
      }
      const [, name = '', events = '', schema, table = '', more = '', , calls = ''] = match
      if (/\bINITIALLY\s+DEFERRED\b/i.test(more)) continue
      const [start = 0, end = 0] = match.indices?.[1] ?? []
      const [line, column, length] = positions.span(start, end - start)
      triggers.set(keyOf(unquote(name), unquote(table)), {
        trigger: unquote(name),
        schema: schema === undefined ? undefined : unquote(schema),
        table: unquote(table),
        events: (['INSERT', 'UPDATE', 'DELETE'] as const).filter((event) =>
          new RegExp(`\\b${event}\\b`, 'i').test(events),
        ),
        forEachRow: /\bFOR\s+(?:EACH\s+)?ROW\b/i.test(more),
        place: { file: path, line, column, length },
        calls: unquote(calls),
      })
    }
  }
  return [...triggers.values()]
    .filter(({ calls, table }) => writes(bodies.get(calls) ?? '', table))
    .map(({ calls: _, ...trigger }) => trigger)
}

function writes(body: string, table: string): boolean {
  const mayMeet = /\bON\s+CONFLICT\b/i.test(body)
  return [...body.matchAll(CHANGE)].some(
    ([, verb = '', , name = '']) => unquote(name) === table && (mayMeet || !/^INSERT/i.test(verb)),
  )
}

/** Comments become blanks, so that all offsets stay. What looks like one inside quotes is kept. */
function withoutComments(text: string): string {
  return text.replace(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"/g, (found) =>
    /^(?:--|\/\*)/.test(found) ? found.replace(/[^\n]/g, ' ') : found,
  )
}

function keyOf(trigger: string, table: string): string {
  return JSON.stringify([trigger, table])
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()
}
