import type { AuditSettings } from './settings.ts'

/** One statement with its bind parameters. */
export interface SettingsStatement {
  readonly text: string
  readonly values: readonly string[]
  /** The name under which the server keeps it parsed. Not `name`, which adapter-pg gives to any statement of its own. */
  readonly preparedName?: string
}

/** The mark by which the fast path knows the statement among those of the application. */
const MARK = ' /* audit context */'

/**
 * The statement that puts settings on the current transaction, and only on it:
 *
 *     SELECT pg_catalog.set_config('audit.username', $1, true), pg_catalog.set_config('audit.reason', $2, true) /* audit context *\/
 *
 * The names must have been checked (`assertNames`); the values are bind parameters.
 */
export function settingsStatement(settings: AuditSettings): SettingsStatement {
  return { text: textOf(settings), values: settings.map(([, value]) => value) }
}

/** The text that was made last, and for which names: a project has one list of settings, and writes it each time. */
let last: { readonly names: readonly string[]; readonly text: string } | undefined

function textOf(settings: AuditSettings): string {
  const names = last?.names
  if (last !== undefined && names?.length === settings.length) {
    if (settings.every(([name], index) => name === names[index])) return last.text
  }
  const calls = settings.map(([name], index) => `pg_catalog.set_config('audit.${name}', $${index + 1}, true)`)
  last = { names: settings.map(([name]) => name), text: `SELECT ${calls.join(', ')}${MARK}` }
  return last.text
}

/** Whether a statement is one that `settingsStatement` made. */
export function isSettingsStatement(statement: {
  readonly text: string
  readonly values?: readonly unknown[]
}): statement is SettingsStatement {
  return statement.text.endsWith(MARK)
}
