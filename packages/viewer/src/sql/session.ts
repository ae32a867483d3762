import { bind, integer, type Sql, sql } from './sql.ts'

export interface SessionOptions {
  /** In milliseconds. */
  readonly statementTimeout: number
  /** A setting that policies of the histories ask for, as `audit.tenant_id`. */
  readonly setting?: { readonly name: string; readonly value: string } | undefined
}

/** The statements that begin a question: nothing can be written, nothing runs for long, names mean what they say. */
export function beginQuestion({ statementTimeout, setting }: SessionOptions): readonly Sql[] {
  return [
    sql`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`,
    sql`SET LOCAL search_path = pg_catalog, pg_temp`,
    sql`SET LOCAL statement_timeout = ${integer(statementTimeout)}`,
    sql`SET LOCAL lock_timeout = ${integer(statementTimeout)}`,
    sql`SET LOCAL idle_in_transaction_session_timeout = ${integer(statementTimeout + 60_000)}`,
    sql`SET LOCAL TimeZone = 'UTC'`,
    sql`SET LOCAL DateStyle = 'ISO, YMD'`,
    sql`SET LOCAL IntervalStyle = 'iso_8601'`,
    sql`SET LOCAL bytea_output = 'hex'`,
    sql`SET LOCAL extra_float_digits = 1`,
    sql`SET LOCAL row_security = on`,
    ...(setting === undefined
      ? []
      : [sql`SELECT pg_catalog.set_config(${bind(setting.name)}, ${bind(setting.value)}, true)`]),
  ]
}

export const endQuestion = sql`ROLLBACK`
