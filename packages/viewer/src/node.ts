import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { AuditViewer } from './options.ts'

/**
 * The viewer as a listener of `node:http`, for Express and Fastify. Express takes the path of its mount off `url` and keeps the whole one
 * in `originalUrl`, which is what the viewer looks at.
 *
 *     app.use('/admin/audit', toNodeHandler(viewer))
 */
export function toNodeHandler(
  viewer: AuditViewer,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const listener = getRequestListener(viewer, { overrideGlobalObjects: false })
  return async (request, response) => {
    const { originalUrl } = request as { originalUrl?: unknown }
    if (typeof originalUrl === 'string') request.url = originalUrl
    await listener(request, response)
  }
}
