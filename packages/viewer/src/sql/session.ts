import { bind, comma, join, type Sql, sql } from './sql.ts'

export interface SessionOptions {
  /** In milliseconds. */
  readonly statementTimeout: number
  /** A setting that policies of the histories ask for, as `audit.tenant_id`. */
  readonly setting?: { readonly name: string; readonly value: string } | undefined
}

/** What a question runs with: nothing runs for long, names mean what they say, values are spelled in one way. */
const SETTINGS = {
  search_path: 'pg_catalog, pg_temp',
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'iso_8601',
  bytea_output: 'hex',
  extra_float_digits: '1',
  row_security: 'on',
} as const

/** The two statements that begin a question: in READ ONLY nothing can be written; the settings end with the transaction. */
export function beginQuestion({ statementTimeout, setting }: SessionOptions): readonly Sql[] {
  const settings = {
    ...SETTINGS,
    statement_timeout: String(statementTimeout),
    lock_timeout: String(statementTimeout),
    idle_in_transaction_session_timeout: String(statementTimeout + 60_000),
    ...(setting === undefined ? {} : { [setting.name]: setting.value }),
  }
  const calls = Object.entries(settings).map(
    ([name, value]) => sql`pg_catalog.set_config(${bind(name)}, ${bind(value)}, true)`,
  )
  return [sql`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`, sql`SELECT ${join(calls, comma)}`]
}

export const endQuestion = sql`ROLLBACK`
