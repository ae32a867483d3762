import { setTimeout as sleep } from 'node:timers/promises'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** A TCP proxy before a PostgreSQL server that counts round trips, and may add latency. */
export interface CountingProxy extends TcpProxy {
  /** How many round trips `call` takes: how often a client speaks after the server has spoken. */
  count(call: () => Promise<unknown>): Promise<number>
}

/**
 * @param latency added to each round trip, in milliseconds
 * @param port to listen on; any that is free unless it is given
 * @param onRoundTrip called when one begins, before the server hears of it
 */
export async function startCountingProxy(
  url: string,
  latency = 0,
  port = 0,
  onRoundTrip?: () => void,
): Promise<CountingProxy> {
  let roundTrips = 0
  const proxy = await startTcpProxy(
    url,
    () => {
      let hasServerSpoken = true
      return {
        async fromClient(data, server) {
          if (hasServerSpoken) {
            roundTrips++
            onRoundTrip?.()
          }
          hasServerSpoken = false
          if (latency > 0) await sleep(latency)
          server.write(data)
        },
        fromServer(data, client) {
          hasServerSpoken = true
          client.write(data)
        },
      }
    },
    port,
  )
  return {
    ...proxy,
    async count(call) {
      const before = roundTrips
      await call()
      return roundTrips - before
    },
  }
}
