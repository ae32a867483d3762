import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A TCP proxy before PostgreSQL, in a process of its own. */
export interface LatencyProxy {
  readonly url: string
  /** How many round trips `call` takes. */
  count(call: () => Promise<unknown>): Promise<number>
  close(): void
}

/** @param latency added to each round trip, in milliseconds */
export async function startLatencyProxy(url: string, latency: number): Promise<LatencyProxy> {
  const child = fork(fileURLToPath(new URL('proxy-process.ts', import.meta.url)), [url, String(latency)])
  const answer = async (): Promise<unknown> => (await once(child, 'message'))[0]
  const through = String(await answer())
  return {
    url: through,
    async count(call) {
      const counting = answer()
      child.send('count')
      await counting
      try {
        await call()
      } finally {
        child.send('stop')
      }
      return Number(await answer())
    },
    close: () => void child.kill(),
  }
}
