import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface TcpProxy {
  /** The same database, through the proxy. */
  readonly url: string
  close(): Promise<void>
}

/** What one connection does with what comes from either side. */
export interface Relay {
  fromClient(data: Buffer, server: Socket): unknown
  fromServer(data: Buffer, client: Socket): unknown
}

/**
 * A TCP proxy before a PostgreSQL server.
 *
 * @param relay is asked once a connection
 * @param port to listen on; any that is free unless it is given
 */
export async function startTcpProxy(url: string, relay: () => Relay, port = 0): Promise<TcpProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port || 5432), noDelay: true })
    client.setNoDelay(true)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    const { fromClient, fromServer } = relay()
    client.on('data', (data) => fromClient(data, upstream))
    upstream.on('data', (data) => fromServer(data, client))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String((server.address() as AddressInfo).port)
  return {
    url: through.href,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
