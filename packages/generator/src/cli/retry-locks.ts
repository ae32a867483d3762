import { setTimeout as sleep } from 'node:timers/promises'
import { InterruptedError } from './interruption.ts'

const ATTEMPTS = 6

/**
 * Runs a transaction again, later each time, where it waited too long for a lock or was the victim of a deadlock.
 *
 * @param signal once it is aborted no transaction that waited in vain is begun once more
 * @throws InterruptedError where it was
 */
export async function retryLocks<T>(transaction: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction()
    } catch (error) {
      if (!isLockInTheWay(error)) throw error
      if (attempt === ATTEMPTS && !signal?.aborted) throw error
      // A signal ends the waiting, too.
      if (!signal?.aborted) await sleep(200 * 2 ** attempt, undefined, { signal }).catch(() => {})
      if (signal?.aborted) throw new InterruptedError({ cause: error })
    }
  }
}

/** It waited too long for a lock, or was the victim of a deadlock: nothing else is wrong. */
export function isLockInTheWay(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && (error.code === '55P03' || error.code === '40P01')
}
