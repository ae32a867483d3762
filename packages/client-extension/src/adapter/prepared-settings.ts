import { createHash } from 'node:crypto'
import type { SettingsStatement } from '../settings-statement.ts'
import { isLostName } from './lost-name.ts'

export interface PreparedSettings {
  /** The same settings, with the name under which the server keeps their statement parsed; without one where there is none. */
  named(settings: SettingsStatement): SettingsStatement
  /** Whether a flush has failed for the name of its settings alone: it is to be sent again, as it was without the name. */
  isToBeSentAgain(sent: SettingsStatement, error: unknown): boolean
}

/** An untyped context makes a text of its own for each set of keys; so many are kept parsed on a connection. */
const limit = 8

/**
 * Has the server keep the settings statement parsed on each connection: it then costs a quarter, seen in PostgreSQL 18.
 *
 * A pooler that changes the server's connection between transactions, and does not follow names (PgBouncer before 1.21, or
 * with `max_prepared_statements = 0`), loses them. The settings are the first of their flush, so nothing has run then: the
 * flush is sent again without a name, and from then on names are not used. The name holds a hash of the text, so
 * whoever has prepared it, it is this text.
 */
export function preparedSettings(): PreparedSettings {
  const names = new Map<string, string>()
  let isUsable = true

  function nameOf(text: string): string | undefined {
    const known = names.get(text)
    if (known !== undefined || names.size >= limit) return known
    const name = `prisma_audit_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
    names.set(text, name)
    return name
  }

  return {
    named(settings) {
      const preparedName = isUsable ? nameOf(settings.text) : undefined
      return preparedName === undefined
        ? settings
        : { text: settings.text, values: settings.values, preparedName }
    },
    isToBeSentAgain(sent, error) {
      if (sent.preparedName === undefined || !isLostName(error)) return false
      isUsable = false
      return true
    },
  }
}
