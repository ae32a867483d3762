import type { Context, MiddlewareHandler } from 'hono'
import { refusal } from './refusal.ts'

export interface GuardOptions {
  /** The hosts, with their ports, that requests may name; undefined: any, where somebody else looks after that. */
  readonly hosts?: readonly string[] | undefined
  /** Where the API is: nothing but the page itself asks there. */
  readonly apiPath: string
}

/**
 * Refuses what a read-only page of one origin never sends: other methods, other hosts (a name that was made to point here), requests that
 * another site has made a browser send. Asked before anybody is authorized.
 */
export function guard({ hosts, apiPath }: GuardOptions): MiddlewareHandler {
  return async (context, next) => {
    const { method } = context.req
    if (method !== 'GET' && method !== 'HEAD') {
      return refusal(405, 'READ_ONLY', 'This page only reads.', { Allow: 'GET, HEAD' })
    }
    const host = hostOf(context)
    if (hosts !== undefined && !hosts.includes(host)) {
      return refusal(421, 'WRONG_HOST', 'This page is not served under that host.')
    }
    if (isCrossSite(context, host, apiPath)) {
      return refusal(403, 'CROSS_SITE', 'Another site may not ask here.')
    }
    return await next()
  }
}

function hostOf(context: Context): string {
  return (context.req.header('host') ?? new URL(context.req.url).host).toLowerCase()
}

function isCrossSite(context: Context, host: string, apiPath: string): boolean {
  const origin = context.req.header('origin')
  if (origin !== undefined && hostOfOrigin(origin) !== host) return true
  const site = context.req.header('sec-fetch-site')
  if (site === undefined || site === 'same-origin' || site === 'none') return false
  // A link to the page may stand anywhere; what it shows is asked for by the page itself.
  const isNavigation =
    context.req.header('sec-fetch-mode') === 'navigate' && context.req.header('sec-fetch-dest') === 'document'
  return !isNavigation || new URL(context.req.url).pathname.startsWith(apiPath)
}

function hostOfOrigin(origin: string): string | undefined {
  try {
    return new URL(origin).host.toLowerCase()
  } catch {
    return undefined
  }
}
