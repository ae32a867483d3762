import { property } from './pg-driver.ts'

/** The errors of flushes whose settings had a name that the server did not know, or knew already. */
const lost = new WeakSet<object>()

/** `invalid_sql_statement_name` from Bind, `duplicate_prepared_statement` from Parse. */
const states: ReadonlySet<unknown> = new Set(['26000', '42P05'])

/** Remembers an error of the settings at the head of a flush, behind which nothing has run. */
export function noteLostName(error: Error): void {
  if (states.has(property(error, 'code'))) lost.add(error)
}

export function isLostName(error: unknown): boolean {
  return typeof error === 'object' && error !== null && lost.has(error)
}
