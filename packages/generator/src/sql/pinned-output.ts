import type { AuditTableObject } from '../state/database-state.ts'
import { liveColumns } from './audit-table.ts'
import { ident, join, lines, literal, type Sql, sql } from './sql.ts'

/** The settings that decide how a value is written as text: equal values must read equal, whoever writes them. */
const PINNED: Readonly<Record<string, string>> = {
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'iso_8601',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
}

/** As clauses of a function. */
export function pinnedOutput(): Sql {
  return lines(
    Object.entries(PINNED).map(([name, value]) => {
      const list = join(value.split(', ').map(literal), sql`, `)
      return sql`SET ${ident(name)} = ${list}`
    }),
  )
}

/** The clauses for a function of a table that has columns recorded as text; each on a line of its own. */
export function pinnedFor(table: AuditTableObject): Sql {
  return hasTextForms(table) ? sql`\n${pinnedOutput()}` : sql``
}

/** PL/pgSQL: the same until the end of the transaction. */
export function pinHere(table: AuditTableObject): Sql {
  if (!hasTextForms(table)) return sql``
  return lines(
    Object.entries(PINNED).map(
      ([name, value]) => sql`PERFORM set_config(${literal(name)}, ${literal(value)}, true);`,
    ),
  )
}

function hasTextForms(table: AuditTableObject): boolean {
  return liveColumns(table).some(({ asText, policy }) => asText === true && policy === 'record')
}
