import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '../../src/node.ts'
import type { AuditViewer } from '../../src/options.ts'

export interface Served {
  readonly origin: string
  readonly close: () => Promise<void>
}

/** Serves a viewer on a free port of 127.0.0.1. */
export async function serve(viewer: AuditViewer): Promise<Served> {
  const handler = toNodeHandler(viewer)
  const server = createServer((request, response) => void handler(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
