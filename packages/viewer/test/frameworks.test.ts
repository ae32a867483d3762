import type { AddressInfo, Server } from 'node:net'
import { serve as serveHono } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuditViewer } from '../src/index.ts'
import { toNodeHandler } from '../src/node.ts'
import { createDesk, fillDesk } from './support/desk.ts'

const database = await createDesk()
beforeAll(() => fillDesk(database))
afterAll(() => database.drop())

const basePath = '/admin/audit'
const viewer = createAuditViewer({
  connectionString: database.url,
  basePath,
  authorize: (request) => request.headers.get('x-user') === 'support',
})

/** Each gives its origin; the application has a route of its own besides. Next.js: test/e2e/example-nextjs.test.ts. */
const mounted: Record<string, () => Promise<{ origin: string; close: () => Promise<unknown> }>> = {
  async Hono() {
    const app = new Hono()
    app.get('/', (context) => context.text('the application'))
    app.all('/admin/audit', (context) => viewer(context.req.raw))
    app.all('/admin/audit/*', (context) => viewer(context.req.raw))
    const server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
    return opened(server)
  },
  async Express() {
    const app = express()
    app.get('/', (_, response) => void response.send('the application'))
    app.use('/admin/audit', toNodeHandler(viewer))
    return opened(app.listen(0, '127.0.0.1'))
  },
  async Fastify() {
    const app = fastify()
    const handler = toNodeHandler(viewer)
    app.get('/', async () => 'the application')
    for (const url of ['/admin/audit', '/admin/audit/*']) {
      app.all(url, (request, reply) => {
        reply.hijack()
        return handler(request.raw, reply.raw)
      })
    }
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    return { origin, close: () => app.close() }
  },
}

async function opened(server: Server) {
  if (!server.listening) await new Promise<void>((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () => {
      Reflect.get(server, 'closeAllConnections')?.call(server)
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

describe.each(Object.keys(mounted))('in %s', (name) => {
  let origin = ''
  let close: () => Promise<unknown> = async () => {}
  beforeAll(async () => {
    const made = await mounted[name]?.()
    origin = made?.origin ?? ''
    close = made?.close ?? close
  })
  afterAll(() => close())
  const support = { headers: { 'x-user': 'support' } }

  it('the page, its script and its answers are served where it is mounted', async () => {
    const page = await (await fetch(`${origin}${basePath}/activity?op=D`, support)).text()
    const [, script = ''] = /src="([^"]+)"/.exec(page) ?? []
    expect(script).toMatch(/^\/admin\/audit\/assets\/main-[\w-]+\.js$/)
    const loaded = await fetch(origin + script, support)
    expect(loaded.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect((await loaded.text()).length).toBeGreaterThan(10_000)
    const answer = await fetch(`${origin}${basePath}/api/activity?op=D`, support)
    expect(await answer.json()).toMatchObject({
      entries: [{ operation: 'D', table: 'audit.Ticket_audit', key: ['2'] }],
    })
    expect((await fetch(`${origin}${basePath}`, support)).status).toBe(200)
  })

  it('who is not authorized gets nothing, and the rest of the application is left alone', async () => {
    for (const path of ['', '/', '/activity', '/api/activity', '/api/tables']) {
      expect((await fetch(origin + basePath + path)).status).toBe(403)
    }
    expect(await (await fetch(origin)).text()).toBe('the application')
  })

  it('nothing but GET is taken', async () => {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      expect((await fetch(`${origin}${basePath}/api/activity`, { ...support, method })).status).toBe(405)
    }
  })
})
