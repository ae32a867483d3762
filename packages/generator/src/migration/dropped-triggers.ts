import type { LostObject } from '../state/lost-objects.ts'
import type { MigrationFile } from './migration-file.ts'

const NAME = String.raw`("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`
const DROP = new RegExp(
  String.raw`\bDROP\s+TRIGGER\s+(?:IF\s+EXISTS\s+)?${NAME}\s+ON\s+(?:${NAME}\s*\.\s*)?${NAME}`,
  'giu',
)

/** Found by their text, in bodies and comments too: one too many costs a migration that changes nothing. */
export function droppedTriggers(files: readonly MigrationFile[]): readonly LostObject[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(DROP)].map(([, trigger = '', schema, table = '']) => ({
      name: unquote(trigger),
      schema: schema === undefined ? undefined : unquote(schema),
      table: unquote(table),
      file: path,
    })),
  )
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()
}
