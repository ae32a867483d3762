import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AuditViewer, type AuditViewerOptions, createAuditViewer } from '../src/index.ts'
import { as, createDesk, fillDesk } from './support/desk.ts'

const database = await createDesk()
const pool = database.pool({ max: 4 })
afterAll(() => database.drop())
beforeAll(() => fillDesk(database))

const open = (options: Partial<AuditViewerOptions> = {}) =>
  createAuditViewer({ pool, authorize: () => true, ...options })
const get = (viewer: AuditViewer, path: string) => viewer(new Request(`http://127.0.0.1:4000${path}`))
const body = async (response: Response) => JSON.parse(await response.text())

describe('tenants', () => {
  const tenant = { column: 'tenant_id' }
  const acme = open({ tenant, authorize: () => ({ tenant: 'acme' }) })

  beforeAll(() =>
    as(
      database,
      { username: 'dave' },
      // A row that moves from one tenant to the other.
      `INSERT INTO "Ticket" (tenant_id, customer_id, title) VALUES ('globex', 2, 'TOP SECRET of globex')`,
      `UPDATE "Ticket" SET tenant_id = 'acme', title = 'handed over' WHERE title = 'TOP SECRET of globex'`,
    ),
  )

  it('each answer has rows of the one tenant only, in lists, records, transactions, charts and as of a moment', async () => {
    const key = encodeURIComponent(JSON.stringify(['3']))
    const { entries } = await body(await get(acme, '/api/activity'))
    const { transaction } = entries.find(
      ({ settings }: { settings: { username: string } }) => settings.username === 'dave',
    )
    const tx = encodeURIComponent(`${transaction.id}@${transaction.startedAt}`)
    const answers = [
      '/api/tables',
      '/api/activity?take=200&deep=1',
      `/api/record?table=audit.Ticket_audit&key=${key}`,
      `/api/transaction?tx=${tx}`,
      '/api/as-of?table=audit.Ticket_audit',
      '/api/as-of?table=audit.Customer_audit',
      '/api/chart?group=actor',
    ]
    for (const path of answers) {
      const response = await get(acme, path)
      expect(response.status, path).toBe(200)
      expect(await response.text(), path).not.toMatch(/globex|SECRET|Mallory|carol/)
    }
    expect(await (await get(acme, answers[2] ?? '')).text()).toContain('handed over')
  })

  it('a history that does not say whose its rows are is closed', async () => {
    const { tables, unreadable } = await body(await get(acme, '/api/tables'))
    expect(tables.map(({ label }: { label: string }) => label)).toEqual([
      'Customer',
      'Ticket',
      "ticket's steps",
    ])
    expect(unreadable).toEqual([])
    expect((await get(acme, '/api/activity?table=audit.Label_audit')).status).toBe(404)
    expect((await get(acme, '/api/as-of?table=audit.Label_audit')).status).toBe(404)
  })

  it('nothing in the link changes whose rows are seen', async () => {
    const all = await body(await get(acme, '/api/activity?take=200'))
    const tampered = [
      'tenant=globex',
      'tenant_id=globex',
      'allTenants=true',
      'scope=all',
      'by.tenant_id=globex',
      'setting=x',
    ]
    for (const parameter of tampered) {
      const answer = await body(await get(acme, `/api/activity?take=200&${parameter}`))
      expect(answer.entries).toEqual(parameter.startsWith('by.') ? [] : all.entries)
    }
  })

  it('a cursor, an id and a key of somebody else’s give nothing', async () => {
    const everybody = open({ tenant, authorize: () => ({ allTenants: true }) })
    const { entries, cursor } = await body(await get(everybody, '/api/activity?take=1&op=D'))
    expect(entries[0].key).toEqual(['2'])
    expect(await (await get(acme, `/api/activity?cursor=${cursor}`)).text()).not.toContain('globex')
    const value = `/api/value?table=audit.Ticket_audit&id=${entries[0].auditId}&column=title`
    expect((await get(everybody, value)).status).toBe(200)
    expect((await get(acme, value)).status).toBe(404)
    const record = await body(await get(acme, '/api/record?table=audit.Ticket_audit&key=["2"]'))
    expect(record.entries).toEqual([])
  })

  it('an access that names no tenant is none, and a tenant that nobody keeps apart is none either', async () => {
    for (const access of [true, {}, { tenant: '' }, { tenant: 7 }, { tenant: null }, { allTenants: 'yes' }]) {
      const viewer = open({ tenant, authorize: () => access as { tenant: string } })
      expect((await get(viewer, '/api/activity')).status).toBe(403)
    }
    const forgotten = open({ authorize: () => ({ tenant: 'acme' }) })
    expect((await get(forgotten, '/api/activity')).status).toBe(403)
  })

  it('a name of a tenant is a value and never SQL', async () => {
    const viewer = open({ tenant, authorize: () => ({ tenant: "acme' OR true --" }) })
    expect((await body(await get(viewer, '/api/activity'))).entries).toEqual([])
  })

  it('policies of the database hold besides: they get the tenant as audit.<setting>', async () => {
    const role = `viewer_reader_${database.name.slice(-12)}`
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'reader'; GRANT USAGE ON SCHEMA audit TO ${role};
      GRANT SELECT ON audit."Ticket_audit" TO ${role}; ALTER TABLE audit."Ticket_audit" ENABLE ROW LEVEL SECURITY;
      CREATE POLICY reader ON audit."Ticket_audit" FOR SELECT TO ${role}
        USING (tenant_id = (SELECT nullif(current_setting('audit.tenant_id', true), '')));`)
    const url = new URL(database.url)
    url.username = role
    url.password = 'reader'
    const reader = database.pool({ connectionString: url.href })
    const viewer = open({ pool: reader, tenant, authorize: () => ({ tenant: 'globex' }) })
    const { entries } = await body(await get(viewer, '/api/activity'))
    expect(entries.length).toBeGreaterThan(0)
    const bare = open({ pool: reader })
    expect((await body(await get(bare, '/api/activity'))).entries).toEqual([])
    await reader.end()
    await database.query(`DROP POLICY reader ON audit."Ticket_audit"; ALTER TABLE audit."Ticket_audit" DISABLE ROW LEVEL SECURITY;
      DROP OWNED BY ${role}; DROP ROLE ${role}`)
  })
})
