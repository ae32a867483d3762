import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createToken } from '../src/cli/token.ts'
import { type AuditViewer, type AuditViewerOptions, createAuditViewer } from '../src/index.ts'
import { createDesk, fillDesk } from './support/desk.ts'
import { serve } from './support/serve.ts'

const database = await createDesk()
const pool = database.pool({ max: 4 })
afterAll(() => database.drop())
beforeAll(() => fillDesk(database))

const open = (options: Partial<AuditViewerOptions> = {}) =>
  createAuditViewer({ pool, authorize: () => true, ...options })
const get = (viewer: AuditViewer, path: string, headers: Record<string, string> = {}, method = 'GET') =>
  viewer(new Request(`http://127.0.0.1:4000${path}`, { method, headers }))
const body = async (response: Response) => JSON.parse(await response.text())

/** Every kind of address that there is. */
const paths = [
  '/',
  '/activity',
  '/record',
  '/api/tables',
  '/api/activity',
  '/api/chart',
  '/api/nothing',
  '/nothing',
]

describe('the token of the command line', () => {
  const token = createToken(4000)
  const viewer = open({ authorize: token.authorize, hosts: ['127.0.0.1:4000', 'localhost:4000'] })
  const cookie = { cookie: `other=1; prisma_audit_viewer_4000=${token.text}` }

  it('refuses every address without it', async () => {
    for (const path of [...paths, '/assets/x.js']) expect((await get(viewer, path)).status).toBe(401)
  })

  it('refuses a wrong one, in the link and in the cookie', async () => {
    const wrong = [token.text.slice(1), `${token.text}x`, token.text.toUpperCase(), '', 'undefined', '%00']
    for (const text of wrong) {
      expect((await get(viewer, `/activity?token=${text}`)).status).toBe(401)
      expect((await get(viewer, '/activity', { cookie: `prisma_audit_viewer_4000=${text}` })).status).toBe(
        401,
      )
      // A right cookie does not make a wrong token right.
      expect((await get(viewer, `/activity?token=${text}`, cookie)).status).toBe(401)
    }
  })

  it('leaves a cookie that no script and no other site gets, and takes itself out of the address', async () => {
    const response = await get(viewer, `/activity?table=a&token=${token.text}&op=U`)
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('/activity?table=a&op=U')
    expect(response.headers.get('set-cookie')).toBe(
      `prisma_audit_viewer_4000=${token.text}; Path=/; HttpOnly; SameSite=Strict`,
    )
    expect((await get(viewer, '/activity', cookie)).status).toBe(200)
  })

  it('never sends anybody to another host', async () => {
    const response = await viewer(new Request(`http://127.0.0.1:4000//evil.example/?token=${token.text}`))
    expect(response.headers.get('location')).toBe('/evil.example/')
  })

  it('is of another process’s port no use', async () => {
    const other = { cookie: `prisma_audit_viewer_4001=${token.text}` }
    expect((await get(viewer, '/activity', other)).status).toBe(401)
  })
})

describe('requests that a page of one origin never sends', () => {
  it('a host that was made to point here is refused, before anybody is authorized', async () => {
    let asked = 0
    const viewer = open({
      hosts: ['127.0.0.1:4000'],
      authorize: () => {
        asked += 1
        return true
      },
    })
    const { origin, close } = await serve(viewer)
    const port = Number(new URL(origin).port)
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1:4001', 'localhost', '127.0.0.1']) {
      for (const path of paths) expect(await statusWithHost(port, path, host)).toBe(421)
    }
    expect(asked).toBe(0)
    expect(await statusWithHost(port, '/api/tables', '127.0.0.1:4000')).toBe(200)
    await close()
  })

  it('a request that another site has made a browser send is refused', async () => {
    const viewer = open()
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:4001' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ]
    for (const headers of foreign) {
      for (const path of paths) expect((await get(viewer, path, headers)).status).toBe(403)
    }
  })

  it('a link on another site leads to the page, and never to an answer of the API', async () => {
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    }
    expect((await get(open(), '/activity', link)).status).toBe(200)
    expect((await get(open(), '/api/tables', link)).status).toBe(403)
    expect((await get(open({ basePath: '/audit' }), '/audit/api/tables', link)).status).toBe(403)
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])(
    '%s is refused everywhere',
    async (method) => {
      for (const path of paths) {
        const response = await get(open(), path, {}, method)
        expect(response.status).toBe(405)
        expect(response.headers.get('allow')).toBe('GET, HEAD')
      }
    },
  )

  it('every answer, refusals included, says that nothing may be loaded, framed, guessed or kept', async () => {
    const answers = [
      ...(await Promise.all(paths.map((path) => get(open(), path)))),
      await get(open({ authorize: () => false }), '/activity'),
      await get(open({ authorize: () => new Response('sign in', { status: 401 }) }), '/activity'),
      await get(open(), '/activity', {}, 'POST'),
      await get(open(), '/api/activity?op=X'),
    ]
    for (const { headers } of answers) {
      expect(headers.get('content-security-policy')).toContain(
        "default-src 'none'; script-src 'self'; style-src 'self'",
      )
      expect(headers.get('content-security-policy')).not.toMatch(/unsafe|https?:|\*/)
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
  })
})

describe('authorize', () => {
  it('is mandatory', () => {
    const without = { pool } as unknown as AuditViewerOptions
    expect(() => createAuditViewer(without)).toThrow('createAuditViewer needs "authorize"')
  })

  it('refuses every address, scripts included, and nothing is asked of the database', async () => {
    const deaf = { connect: () => Promise.reject(new Error('asked')) }
    for (const refused of [false, undefined, null, 0, '']) {
      const viewer = open({ pool: deaf, authorize: () => refused as boolean })
      for (const path of [...paths, '/assets/x.js']) expect((await get(viewer, path)).status).toBe(403)
    }
  })

  it('that throws refuses, and its words stay in the log', async () => {
    const viewer = open({
      authorize: () => {
        throw new Error('session store at 10.0.0.1 is down')
      },
    })
    const response = await get(viewer, '/api/activity')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('10.0.0.1')
  })

  it('may answer by itself, with a redirect to a sign-in', async () => {
    const viewer = open({ authorize: () => Response.redirect('http://127.0.0.1:4000/sign-in', 302) })
    const response = await get(viewer, '/activity')
    expect([response.status, response.headers.get('location')]).toEqual([
      302,
      'http://127.0.0.1:4000/sign-in',
    ])
  })
})

describe('the database', () => {
  it('is asked in READ ONLY transactions with a time-out, and nothing is left of them on the connection', async () => {
    const said: string[] = []
    let inside: unknown
    const spying = {
      connect: async () => {
        const client = await pool.connect()
        return {
          query: async (text: string, values: unknown[]) => {
            said.push(text)
            if (text === 'ROLLBACK') inside = (await client.query(INSIDE)).rows[0]
            return await client.query(text, values)
          },
          release: (error?: Error | boolean) => client.release(error),
        }
      },
    }
    const INSIDE = `SELECT current_setting('transaction_read_only') AS read_only, current_setting('statement_timeout') AS time,
      current_setting('lock_timeout') AS lock, current_setting('search_path') AS path`
    const viewer = open({ pool: spying, statementTimeout: 1234 })
    expect((await get(viewer, '/api/activity')).status).toBe(200)
    expect(inside).toEqual({ read_only: 'on', time: '1234ms', lock: '1234ms', path: 'pg_catalog, pg_temp' })
    expect([said[0], said.at(-1)]).toEqual(['BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', 'ROLLBACK'])
    expect(said.filter((text) => !/^(BEGIN|SELECT|WITH|ROLLBACK)/.test(text.trim()))).toEqual([])
    const client = await pool.connect()
    const { rows } = await client.query(INSIDE)
    client.release()
    expect(rows[0]).toMatchObject({ read_only: 'off', time: '0', lock: '0' })
  })

  it('stops what runs too long, and says what to do', async () => {
    const slow = {
      connect: async () => {
        const client = await pool.connect()
        return {
          query: (text: string, values: unknown[]) =>
            client.query(
              text.startsWith('SELECT\n  c.oid') ? `SELECT pg_sleep(30), * FROM (${text}) AS c` : text,
              values,
            ),
          release: (error?: Error | boolean) => client.release(error),
        }
      },
    }
    const response = await get(open({ pool: slow, statementTimeout: 100 }), '/api/tables')
    expect(response.status).toBe(503)
    expect((await body(response)).error.code).toBe('TOO_SLOW')
  })

  it('gets values beside the text: nothing of a link becomes SQL', async () => {
    const evil = `'; DROP TABLE "Customer"; --`
    const queries = [
      `/api/activity?by.username=${encodeURIComponent(evil)}`,
      `/api/activity?user=${encodeURIComponent(evil)}`,
      `/api/record?table=audit.Ticket_audit&key=${encodeURIComponent(JSON.stringify([evil]))}`,
      `/api/record?table=audit.Label_audit&key=${encodeURIComponent(JSON.stringify([evil]))}`,
      `/api/value?table=audit.Label_audit&id=1&column=${encodeURIComponent(evil)}`,
      `/api/activity?table=${encodeURIComponent(`audit.x" UNION SELECT`)}`,
      `/api/activity?by.${encodeURIComponent(evil)}=x`,
      `/api/activity?cursor=${Buffer.from(JSON.stringify({ [evil]: '1' })).toString('base64url')}`,
      `/api/activity?cursor=${Buffer.from(JSON.stringify({ 1: evil })).toString('base64url')}`,
    ]
    for (const query of queries) expect([200, 400, 404]).toContain((await get(open(), query)).status)
    expect(await database.query('SELECT count(*)::int AS n FROM "Customer"')).toEqual([{ n: 2 }])
  })

  it.each([
    ['/api/activity?op=X', 'There is no operation "X".'],
    ['/api/activity?from=yesterday', '"from" is a time with its zone: 2026-03-04T10:15:00Z.'],
    ['/api/activity?tx=7', '"tx" is a transaction: its id, @ and the time of its start.'],
    ['/api/activity?take=1000', '"take" is a whole number from 1 to 200.'],
    ['/api/activity?cursor=x', 'This is no place to go on from. Begin at the first page.'],
    [
      '/api/activity?by.request_id=ann',
      'A value of the question does not fit: invalid input syntax for type uuid: "ann".',
    ],
    ['/api/record?table=audit.Ticket_audit&key=7', '"key" is a JSON array of texts: ["7"].'],
    ['/api/record?table=audit.Ticket_audit&key=["1","2"]', 'A key of Ticket has 1 values: id.'],
    ['/api/record?key=["1"]', 'Name one history with "table".'],
    ['/api/activity?table=audit.Nothing', 'There is no history "audit.Nothing" that may be read here.'],
  ])('%s is answered in words', async (path, message) => {
    expect((await body(await get(open(), path))).error.message).toBe(message)
  })

  it('a role that may not read a history is told so, and what it needs', async () => {
    const role = `viewer_poor_${database.name.slice(-12)}`
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'poor'`)
    const url = new URL(database.url)
    url.username = role
    url.password = 'poor'
    const poor = database.pool({ connectionString: url.href })
    const answer = await body(await get(open({ pool: poor }), '/api/tables'))
    expect(answer).toMatchObject({ tables: [], unreadable: expect.arrayContaining(['audit.Ticket_audit']) })
    await poor.end()
    await database.query(`DROP ROLE ${role}`)
  })
})

describe('options that cannot be', () => {
  it.each([
    [{ pool: undefined }, 'createAuditViewer needs either "pool" or "connectionString".'],
    [{ connectionString: 'postgresql://x' }, 'createAuditViewer needs either "pool" or "connectionString".'],
    [{ basePath: 'admin' }, '"basePath" is a path like /admin/audit'],
    [{ basePath: '/a"><script>' }, '"basePath" is a path like /admin/audit'],
    [{ tenant: { column: '' } }, '"tenant" needs "column"'],
    [{ tenant: { column: 'tenant id' } }, '"tenant" needs "setting"'],
    [{ statementTimeout: 0 }, '"statementTimeout" is a whole number'],
  ])('%j', (options, message) => {
    expect(() => open(options as Partial<AuditViewerOptions>)).toThrow(message)
  })
})

/** `fetch` does not let anybody name a host. */
function statusWithHost(port: number, path: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ host: '127.0.0.1', port, path, headers: { host } }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.on('error', reject).end()
  })
}
