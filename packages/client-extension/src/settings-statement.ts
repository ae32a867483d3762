import type { AuditSettings } from './settings.ts'

/** One statement with its bind parameters. */
export interface SettingsStatement {
  readonly text: string
  readonly values: readonly string[]
  /** The name under which the server keeps it parsed. Not `name`, which adapter-pg gives to any statement of its own. */
  readonly preparedName?: string
}

/** Tells a reader of the log what it is. */
const MARK = ' /* audit context */'
/** What the fast path knows the statement by. Prisma writes its SQL comments, where it is asked for some, behind the mark. */
const BEGINNING = "SELECT 1 WHERE pg_catalog.set_config('audit."
const MADE_HERE =
  /^SELECT 1 WHERE (?:(?: OR )?pg_catalog\.set_config\('audit\.\w+', \$\d+, true\) IS NULL)+ \/\* audit context \*\/(?:\s*\/\*.*\*\/)?\s*$/s

/**
 * The statement that puts settings on the current transaction, and only on it:
 *
 *     SELECT 1 WHERE pg_catalog.set_config('audit.username', $1, true) IS NULL
 *                 OR pg_catalog.set_config('audit.reason', $2, true) IS NULL /* audit context *\/
 *
 * in one line. `set_config` gives back what it has set, never NULL, so each arm is called (an OR of what is not true
 * has to ask them all) and no row comes of it: nobody wants the values back, and a row costs the server, the wire and the
 * client about a hundredth of a single write.
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
  const calls = settings.map(
    ([name], index) => `pg_catalog.set_config('audit.${name}', $${index + 1}, true) IS NULL`,
  )
  last = { names: settings.map(([name]) => name), text: `SELECT 1 WHERE ${calls.join(' OR ')}${MARK}` }
  return last.text
}

/** Whether a statement is one that `settingsStatement` made; Prisma may have put comments behind it. */
export function isSettingsStatement(statement: {
  readonly text: string
  readonly values?: readonly unknown[]
}): statement is SettingsStatement {
  return statement.text.startsWith(BEGINNING) && MADE_HERE.test(statement.text)
}
