import { setTimeout as sleep } from 'node:timers/promises'

const ATTEMPTS = 6

/** Runs a transaction again, later each time, where it waited too long for a lock or was the victim of a deadlock. */
export async function retryLocks<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction()
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (attempt === ATTEMPTS || (code !== '55P03' && code !== '40P01')) throw error
      await sleep(200 * 2 ** attempt)
    }
  }
}
