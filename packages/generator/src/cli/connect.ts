import type { Client } from 'pg'
import { ProjectNotFoundError } from './project-not-found-error.ts'

/**
 * Connects, or says why not.
 *
 * @throws ProjectNotFoundError where PostgreSQL, or the way to it, says no
 */
export async function connect(client: Client): Promise<void> {
  // A connection that breaks makes its query fail; without a listener it would end the process besides.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    if (!isRefusal(error)) throw error
    throw new ProjectNotFoundError(`The database cannot be reached: ${error.message}`, { cause: error })
  }
}

/** Anything else is a fault of ours. A connection that ends has no code. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && ('code' in error || /^Connection terminated|timeout/.test(error.message))
}
