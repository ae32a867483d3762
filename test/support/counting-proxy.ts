import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A TCP proxy before a PostgreSQL server that counts round trips, and may add latency. */
export interface CountingProxy {
  /** The same database, through the proxy. */
  readonly url: string
  /** How many round trips `call` takes: how often a client speaks after the server has spoken. */
  count(call: () => Promise<unknown>): Promise<number>
  close(): Promise<void>
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
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let roundTrips = 0
  const server = createServer((client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port || 5432), noDelay: true })
    client.setNoDelay(true)
    let hasServerSpoken = true
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', async (data) => {
      if (hasServerSpoken) {
        roundTrips++
        onRoundTrip?.()
      }
      hasServerSpoken = false
      if (latency > 0) await sleep(latency)
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      hasServerSpoken = true
      client.write(data)
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String((server.address() as AddressInfo).port)
  return {
    url: through.href,
    async count(call) {
      const before = roundTrips
      await call()
      return roundTrips - before
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
