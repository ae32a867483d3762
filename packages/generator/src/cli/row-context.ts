import type { AuditTableObject } from '../state/database-state.ts'
import { tableName } from './chosen-tables.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

/**
 * The context of rows that a command writes, as `--set` names it.
 *
 * @throws ProjectNotFoundError for what is no name=value
 */
export function parseSettings(texts: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new ProjectNotFoundError(`--set takes name=value, and not "${text}"`)
      return [text.slice(0, at), text.slice(at + 1)] as const
    }),
  )
}

/** @throws ProjectNotFoundError where no table has such a setting, or a history would refuse rows with these */
export function refuseWithoutContext(
  tables: readonly AuditTableObject[],
  settings: ReadonlyMap<string, string>,
): void {
  const known = new Set(tables.flatMap((table) => settingsOf(table).map(({ name }) => name)))
  const unknown = [...settings.keys()].find((name) => !known.has(name))
  if (tables.length > 0 && unknown !== undefined) {
    throw new ProjectNotFoundError(
      `--set ${unknown}: there is no such session setting. There are: ${[...known].join(', ') || 'none'}`,
    )
  }
  for (const table of tables) {
    const missing = settingsOf(table)
      .filter(
        ({ name, required, default: value }) =>
          required && value === undefined && table.missingSettings === 'refuse' && !settings.get(name),
      )
      .map(({ name }) => name)
    if (missing.length === 0) continue
    throw new ProjectNotFoundError(
      `${tableName(table)} takes no row of history without ${missing.join(', ')}: say who says so, ${missing.map((name) => `--set ${name}=…`).join(' ')}`,
    )
  }
}

function settingsOf({ settings }: AuditTableObject) {
  return settings.filter(({ retired, fact }) => !retired && fact === undefined)
}
