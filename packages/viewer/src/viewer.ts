import { Hono } from 'hono'
import type { Catalog } from './catalog/history.ts'
import { readCatalog } from './catalog/read-catalog.ts'
import { type Ask, ownPool, questionsOf } from './database/connection.ts'
import { answer } from './http/api.ts'
import { guard } from './http/guard.ts'
import { asset, PLACES, pageDocument } from './http/page.ts'
import { json, refusal, SECURITY_HEADERS } from './http/refusal.ts'
import type { Access, AuditViewer, AuditViewerOptions } from './options.ts'
import { checkedBasePath, checkedOptions } from './options.ts'
import type { Scope } from './scope.ts'
import { ViewerError } from './viewer-error.ts'

const STATUS = { INVALID: 400, NOT_FOUND: 404, NO_RIGHT: 403, TOO_SLOW: 503, UNREACHABLE: 503 } as const
/** How long the catalog is taken to be what it was, in milliseconds. */
const CATALOG_AGE = 5_000

/**
 * A request handler that shows the history of a database: a page, and the questions that it asks. It reads only, in READ ONLY transactions,
 * and never without `authorize`.
 *
 * @param options see `AuditViewerOptions`
 * @returns `(request: Request) => Promise<Response>`, for any framework that knows these two; for others see `prisma-audit-viewer/node`
 * @throws TypeError for options that cannot be
 */
export function createAuditViewer(options: AuditViewerOptions): AuditViewer {
  checkedOptions(options)
  const basePath = checkedBasePath(options.basePath)
  const title = options.title ?? 'Audit history'
  const questions = questionsOf(options.pool ?? ownPool(options.connectionString ?? ''))
  const catalogOf = rememberedFor(CATALOG_AGE)
  const app = new Hono<{ Variables: { scope: Scope } }>()

  app.use(guard({ hosts: options.hosts?.map((host) => host.toLowerCase()), apiPath: `${basePath}/api/` }))
  app.use(async (context, next) => {
    const access = await options.authorize(context.req.raw)
    if (access instanceof Response) return withHeaders(access)
    const scope = scopeOf(options, access)
    if (scope === undefined) return refusal(403, 'REFUSED', 'You may not see this history.')
    context.set('scope', scope)
    return await next()
  })
  app.get(`${basePath}/api/:question`, async (context) => {
    const scope = context.get('scope')
    const setting =
      scope.kind === 'tenant' && options.tenant !== undefined
        ? { name: `audit.${options.tenant.setting ?? options.tenant.column}`, value: scope.value }
        : undefined
    const session = { statementTimeout: options.statementTimeout ?? 15_000, setting }
    const query = new URL(context.req.url).searchParams
    const result = await questions(session, async (ask) => {
      const catalog = await catalogOf(ask)
      return await answer(context.req.param('question'), { ask, catalog, scope, query, actor: options.actor })
    })
    return result === undefined ? refusal(404, 'NOT_FOUND', 'There is no such question.') : json(200, result)
  })
  app.get(`${basePath}/assets/:name`, (context) => asset(context.req.param('name')) ?? notFound())
  app.get(`${basePath}/`, () => pageDocument(basePath, title))
  if (basePath !== '') app.get(basePath, () => pageDocument(basePath, title))
  for (const place of PLACES) app.get(`${basePath}/${place}`, () => pageDocument(basePath, title))
  app.notFound(() => notFound())
  app.onError((error) => {
    if (error instanceof ViewerError) return refusal(STATUS[error.code], error.code, error.message)
    // A fault of ours, or of `authorize`: it is for whoever runs the server, not for whoever asks.
    console.error('prisma-audit-viewer:', error)
    return refusal(500, 'FAILED', 'This failed. The log of the server says why.')
  })
  return async (request) => await app.fetch(request)
}

function notFound(): Response {
  return refusal(404, 'NOT_FOUND', 'There is nothing here.')
}

/** Undefined: refused. Where tenants are kept apart, an access that names none is none; and the other way round. */
function scopeOf({ tenant }: AuditViewerOptions, access: Exclude<Access, Response>): Scope | undefined {
  if (access === false || access === null || access === undefined) return undefined
  if (tenant === undefined) return access === true ? { kind: 'all' } : undefined
  if (access === true) return undefined
  if ('allTenants' in access) return access.allTenants === true ? { kind: 'all' } : undefined
  if (typeof access.tenant !== 'string' || access.tenant === '') return undefined
  return { kind: 'tenant', column: tenant.column, value: access.tenant }
}

function withHeaders(response: Response): Response {
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value)
  headers.set('Cache-Control', 'no-store')
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

function rememberedFor(age: number): (ask: Ask) => Promise<Catalog> {
  let known: { readonly catalog: Catalog; readonly until: number } | undefined
  return async (ask) => {
    if (known !== undefined && Date.now() < known.until) return known.catalog
    const catalog = await readCatalog(ask)
    known = { catalog, until: Date.now() + age }
    return catalog
  }
}
