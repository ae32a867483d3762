import { setTimeout as sleep } from 'node:timers/promises'

const ATTEMPTS = 6

/** Runs a transaction again, later each time, where it waited too long for a lock or was the victim of a deadlock. */
export async function retryLocks<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction()
    } catch (error) {
      if (attempt === ATTEMPTS || !isLockInTheWay(error)) throw error
      await sleep(200 * 2 ** attempt)
    }
  }
}

/** It waited too long for a lock, or was the victim of a deadlock: nothing else is wrong. */
export function isLockInTheWay(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && (error.code === '55P03' || error.code === '40P01')
}
