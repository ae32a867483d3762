import { findSqlState } from '../database-error.ts'
import { property } from './pg-driver.ts'

/** `connection_does_not_exist`, `connection_failure`, `admin_shutdown`, `crash_shutdown`. */
const states: ReadonlySet<unknown> = new Set(['08003', '08006', '57P01', '57P02'])
/** What pg says where the server has said nothing. */
const sayings = /^(?:Connection terminated|Client has encountered a connection error)/

/** Whether a connection that was there is gone; not that none could be made, which another try would not mend. */
export function isLostConnection(error: unknown): boolean {
  return (
    states.has(findSqlState(error)) ||
    property(property(error, 'cause'), 'kind') === 'ConnectionClosed' ||
    (error instanceof Error && sayings.test(error.message))
  )
}
