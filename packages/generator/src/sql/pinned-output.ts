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
  return lines(Object.entries(PINNED).map(([name, value]) => sql`SET ${ident(name)} = ${words(value)}`))
}

function words(value: string): Sql {
  return join(value.split(', ').map(literal), sql`, `)
}

/** The clauses for a function of a table that has columns recorded as text; each on a line of its own. */
export function pinnedFor(table: AuditTableObject): Sql {
  return hasTextForms(table) ? sql`\n${pinnedOutput()}` : sql``
}

/** The same for statements that follow, to the end of the transaction or to `unpinned`; none where nothing is recorded as text. */
export function pinnedHere(table: AuditTableObject): Sql {
  return hasTextForms(table) ? setPinned() : sql``
}

export function setPinned(): Sql {
  return lines(
    Object.entries(PINNED).map(([name, value]) => sql`SET LOCAL ${ident(name)} = ${words(value)};`),
  )
}

export function unpinned(table: AuditTableObject): Sql {
  if (!hasTextForms(table)) return sql``
  return lines(Object.keys(PINNED).map((name) => sql`SET LOCAL ${ident(name)} TO DEFAULT;`))
}

function hasTextForms(table: AuditTableObject): boolean {
  return liveColumns(table).some(({ asText, policy }) => asText === true && policy === 'record')
}
