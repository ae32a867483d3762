import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ActivityAnswer, AsOfAnswer, ChartAnswer, Entry } from '../../src/answers.ts'
import { createAuditViewer, type ViewerPool } from '../../src/index.ts'
import { as, createDesk } from '../support/desk.ts'
import { type Served, serve } from '../support/serve.ts'
import { soon, usePages } from './browser.ts'

const database = await createDesk()
const pages = usePages()
const ROWS = process.env.AUDIT_TEST_SIZE === 'full' ? 1_000_000 : 120_000
const START = Date.parse('2026-01-01T00:00:00Z')
/** One change a second; each tenth row is the insert of a ticket, the others update it. */
const SECOND = 1000
let served: Served
let origin = ''

beforeAll(async () => {
  // Written as the capture function writes them, in one statement: what matters here is how many there are.
  await database.query(`ALTER TABLE audit."Ticket_audit" DISABLE TRIGGER USER;
    INSERT INTO audit."Ticket_audit" (audit_operation, audit_operation_timestamp, audit_transaction_timestamp,
      audit_current_user, audit_transaction_id, audit_username, audit_reason, id, tenant_id, customer_id, title, body, state, hours)
    SELECT CASE WHEN n % 10 = 0 THEN 'I' ELSE 'U' END, at, at, 'app', 1000 + n,
      CASE WHEN n = 77 THEN 'needle' ELSE 'user ' || n % 7 END, 'reason', n / 10, 't', 1, 'title', '', 'state ' || n % 10, n % 10
    FROM (SELECT n, timestamptz '2026-01-01 00:00:00Z' + n * interval '1 second' AS at FROM generate_series(0, ${ROWS - 1}) AS n) AS w;
    ANALYZE audit."Ticket_audit"`)
  served = await serve(createAuditViewer({ pool: spied(database.pool({ max: 4 })), authorize: () => true }))
  origin = served.origin
})
afterAll(async () => {
  await served.close()
  await database.drop()
})

async function ask<Answer>(path: string): Promise<Answer> {
  const response = await fetch(`${origin}/api/${path}`)
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as Answer
}
/** What the viewer has asked since `asked` was emptied. */
const asked: { text: string; values: unknown[] }[] = []

function spied(pool: ReturnType<typeof database.pool>): ViewerPool {
  return {
    connect: async () => {
      const client = await pool.connect()
      return {
        query: (text, values) => {
          if (text.includes('Ticket_audit')) asked.push({ text, values })
          return client.query(text, values)
        },
        release: (error) => client.release(error),
      }
    },
  }
}

/** How PostgreSQL reads the big history for what was asked: one line for each way that it takes. */
async function waysOfReading(): Promise<readonly string[]> {
  const ways: string[] = []
  const look = (node: PlanNode): void => {
    if (node['Relation Name'] === 'Ticket_audit')
      ways.push(`${node['Node Type']} by ${node['Index Name'] ?? 'nothing'}`)
    const isOfAll = node.Plans?.some((child) => child['Relation Name'] === 'Ticket_audit') === true
    if (node['Node Type'] === 'Sort' && isOfAll && (node['Plan Rows'] ?? 0) > 1_000) ways.push('Sort of all')
    for (const child of node.Plans ?? []) look(child)
  }
  for (const { text, values } of asked.splice(0)) {
    const [row] = await database.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
      `EXPLAIN (FORMAT JSON) ${text}`,
      values,
    )
    if (row?.['QUERY PLAN'][0] !== undefined) look(row['QUERY PLAN'][0].Plan)
  }
  return [...new Set(ways)].sort()
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Plan Rows'?: number
  readonly Plans?: readonly PlanNode[]
}

const BY_INDEX = /^(Index Scan|Index Only Scan) by Ticket_audit_(pkey|key)$/
const number = ({ at }: Entry) => (Date.parse(at) - START) / SECOND
const iso = (n: number) => new Date(START + n * SECOND).toISOString()

describe(`a history of ${ROWS} rows`, () => {
  it('is paged by the id of the last row: each page is read by the index, from where the last one ended', async () => {
    asked.splice(0)
    let answer = await ask<ActivityAnswer>('activity?take=200')
    let expected = ROWS - 1
    for (let page = 0; page < 50; page++) {
      expect(answer.entries.map(number)).toEqual(answer.entries.map((_, index) => expected - index))
      expected -= answer.entries.length
      answer = await ask<ActivityAnswer>(`activity?take=200&cursor=${answer.cursor}`)
    }
    asked.splice(2, asked.length - 4)
    const ways = await waysOfReading()
    expect(ways.length).toBeGreaterThan(0)
    for (const way of ways) expect(way).toMatch(BY_INDEX)
  })

  it('is never scanned for a filter that no index serves: the search stops, says where, and goes on when told', async () => {
    asked.splice(0)
    const filter = 'activity?table=audit.Ticket_audit&by.username=needle'
    const first = await ask<ActivityAnswer>(filter)
    expect(first.entries).toEqual([])
    expect(first.cursor).not.toBeNull()
    for (const way of await waysOfReading()) expect(way).toMatch(BY_INDEX)
    expect(first.searchedUntil).toBe(iso(ROWS - 100_000).replace('Z', '000Z'))
    const deep = await ask<ActivityAnswer>(`${filter}&cursor=${first.cursor}&deep=1`)
    expect([deep.entries.map(number), deep.cursor]).toEqual([[77], null])
  })

  it('is searched at once for what an index serves', async () => {
    await database.query(`CREATE INDEX by_username ON audit."Ticket_audit" (audit_username, audit_id)`)
    const viewer = createAuditViewer({ pool: database.pool({ max: 1 }), authorize: () => true })
    const path = 'http://viewer.test/api/activity?table=audit.Ticket_audit&by.username=needle'
    const answer = (await (await viewer(new Request(path))).json()) as ActivityAnswer
    expect([answer.entries.map(number), answer.cursor]).toEqual([[77], null])
    await database.query(`DROP INDEX audit.by_username`)
  })

  it('any time is reached without an index on it', async () => {
    for (const n of [0, 1, 60, 12_345, Math.floor(ROWS / 2), ROWS - 2]) {
      const { entries } = await ask<ActivityAnswer>(`activity?from=${iso(n)}&to=${iso(n + 2)}`)
      expect(entries.map(number)).toEqual([n + 1, n])
    }
    expect((await ask<ActivityAnswer>(`activity?to=${iso(3)}`)).entries.map(number)).toEqual([2, 1, 0])
    expect((await ask<ActivityAnswer>(`activity?from=${iso(ROWS)}`)).entries).toEqual([])
  })

  it('a transaction is found from its start on', async () => {
    const n = Math.floor(ROWS / 3)
    const { entries } = await ask<ActivityAnswer>(`transaction?tx=${1000 + n}@${iso(n)}&deep=1`)
    expect(entries.map(number)).toEqual([n])
  })

  it('the timeline of a row, and the table as of a moment, read what they show and no more', async () => {
    asked.splice(0)
    const record = await ask<ActivityAnswer>(`record?table=audit.Ticket_audit&key=["4321"]`)
    expect(record.entries.map(number)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((of) => 43_210 + of))
    const asOf = await ask<AsOfAnswer>(`as-of?table=audit.Ticket_audit&at=${iso(ROWS)}&take=50`)
    expect(asOf.rows).toHaveLength(50)
    const next = await ask<AsOfAnswer>(
      `as-of?table=audit.Ticket_audit&at=${iso(ROWS)}&take=50&cursor=${asOf.cursor}`,
    )
    expect(next.rows[0]?.key).toEqual(['50'])
    for (const way of await waysOfReading()) expect(way).toMatch(BY_INDEX)
  })

  it('the chart is estimated from a sample and says so, and counted when told', async () => {
    const total = ({ series }: ChartAnswer) =>
      series.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count, 0)
    const estimated = await ask<ChartAnswer>('chart?table=audit.Ticket_audit&group=actor')
    expect(Math.abs(total(estimated) - ROWS) / ROWS).toBeLessThan(0.02)
    expect(estimated.isEstimated).toBe(ROWS > 200_000)
    if (estimated.isEstimated) expect(estimated.looked).toBeLessThan(30_000)
    const exact = await ask<ChartAnswer>('chart?table=audit.Ticket_audit&group=actor&exact=1')
    expect([total(exact), exact.isEstimated]).toEqual([ROWS, false])
    const one = await ask<ChartAnswer>(`chart?from=${iso(1000)}&to=${iso(2000)}`)
    expect([total(one), one.isEstimated]).toEqual([1000, false])
  })
})

describe('in the browser', () => {
  it('the first page is there at once, with an estimate that says that it is one; older ones come on request', async () => {
    const page = await pages.open(`${origin}/activity`)
    await page.locator('[data-entry]').first().waitFor()
    const text = await page.locator('main').textContent()
    expect(text).toContain(
      `About ${ROWS.toLocaleString('en')} rows in 1 history (PostgreSQL's estimate, filters aside).`,
    )
    for (const count of [50, 100, 150]) {
      await soon(() => page.locator('[data-entry]').count()).toBe(count)
      await page.getByRole('button', { name: 'Older changes' }).click()
    }
    await page.keyboard.press('m')
    await soon(() => page.locator('[data-entry]').count()).toBeGreaterThanOrEqual(200)
  })

  it('newer changes are told, and do not take away what is being read', async () => {
    const page = await pages.open(`${origin}/activity`)
    await page.getByRole('button', { name: 'Older changes' }).click()
    await soon(() => page.locator('[data-entry]').count()).toBe(100)
    await as(database, { username: 'zoe' }, `INSERT INTO "Label" VALUES ('newer')`)
    await page.getByRole('button', { name: 'There are newer changes: show them' }).click({ timeout: 15_000 })
    await soon(() => page.locator('[data-entry]').first().getAttribute('aria-label')).toBe(
      'Insert of Label newer',
    )
  })

  it('says where a search stopped, and looks further when it is told to', async () => {
    const page = await pages.open(`${origin}/activity?table=audit.Ticket_audit&by.username=needle`)
    await page.getByText('No index tells which rows fit.').waitFor()
    expect(await page.locator('[data-entry]').count()).toBe(0)
    await page.getByRole('button', { name: 'Look through all of it (slow)' }).click()
    await soon(() => page.locator('[data-entry]').count()).toBe(1)
    await page.getByText('That is all.').waitFor()
  })

  it('the first paint of the activity page takes at most six times what a bare page takes', async () => {
    const page = await pages.open(`${origin}/as-of`)
    const painted = async (path: string, what: string) => {
      const began = performance.now()
      await page.goto(origin + path)
      await page.locator(what).first().waitFor()
      return performance.now() - began
    }
    const least = async (path: string, what: string) => {
      const times: number[] = []
      for (let turn = 0; turn < 5; turn++) times.push(await painted(path, what))
      return Math.min(...times)
    }
    const bare = await least('/as-of', 'form')
    expect((await least('/activity', '[data-entry]')) / bare).toBeLessThan(6)
  })
})
