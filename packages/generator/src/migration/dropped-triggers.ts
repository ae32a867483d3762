import type { MigrationFile } from './migration-file.ts'

/** A `DROP TRIGGER` in a migration file. */
export interface DroppedTrigger {
  readonly trigger: string
  /** Undefined where the statement names none. */
  readonly schema: string | undefined
  readonly table: string
  /** The path of the file. */
  readonly file: string
}

const NAME = String.raw`("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`
const DROP = new RegExp(
  String.raw`\bDROP\s+TRIGGER\s+(?:IF\s+EXISTS\s+)?${NAME}\s+ON\s+(?:${NAME}\s*\.\s*)?${NAME}`,
  'giu',
)

/** Found by their text, in bodies and comments too: one too many costs a migration that changes nothing. */
export function droppedTriggers(files: readonly MigrationFile[]): readonly DroppedTrigger[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(DROP)].map(([, trigger = '', schema, table = '']) => ({
      trigger: unquote(trigger),
      schema: schema === undefined ? undefined : unquote(schema),
      table: unquote(table),
      file: path,
    })),
  )
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()
}
