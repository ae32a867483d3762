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
  const calls = settings.map(([name], index) => `pg_catalog.set_config('audit.${name}', $${index + 1}, true)`)
  return { text: `SELECT ${calls.join(', ')}${MARK}`, values: settings.map(([, value]) => value) }
}

/** Whether a statement is one that `settingsStatement` made. */
export function isSettingsStatement(statement: {
  readonly text: string
  readonly values?: readonly unknown[]
}): statement is SettingsStatement {
  return statement.text.endsWith(MARK)
}
