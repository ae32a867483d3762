import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ActivityAnswer } from '../../src/answers.ts'
import { createAuditViewer } from '../../src/index.ts'
import { as, createDesk, fillDesk } from '../support/desk.ts'
import { type Served, serve } from '../support/serve.ts'
import { soon, usePages } from './browser.ts'

const database = await createDesk()
const pages = usePages()
let served: Served
let origin = ''

beforeAll(async () => {
  await fillDesk(database)
  const viewer = createAuditViewer({
    pool: database.pool({ max: 4 }),
    authorize: () => true,
    title: 'Help desk',
  })
  served = await serve(viewer)
  origin = served.origin
})
afterAll(async () => {
  await served.close()
  await database.drop()
})

const key = (...parts: string[]) => encodeURIComponent(JSON.stringify(parts))
const entries = (page: Page) => page.locator('[data-entry]')
const labels = (page: Page) =>
  entries(page).evaluateAll((all) => all.map((entry) => entry.getAttribute('aria-label')))
const isReady = (page: Page) => entries(page).first().waitFor()

describe('the activity page', () => {
  it('shows what happened, newest first, with who and which fields', async () => {
    const page = await pages.open(`${origin}/`)
    await isReady(page)
    expect((await labels(page)).slice(0, 3)).toEqual([
      'Delete of Ticket 2',
      'Update of Customer 1',
      'Insert of _LabelToTicket urgent, 1',
    ])
    const second = entries(page).nth(1)
    expect(await second.textContent()).toMatch(
      /ann[\s\S]*name[\s\S]*Eve[\s\S]*→[\s\S]*Eve Adams[\s\S]*redacted, changed/,
    )
    expect(await page.title()).toBe('Activity · Help desk')
    expect(await page.getByText('That is all.').count()).toBe(1)
  })

  it('filters by table, operation, actor and time; all of it is in the link, and the link shows the same to somebody else', async () => {
    const page = await pages.open(`${origin}/activity`)
    await isReady(page)
    await page.getByRole('combobox', { name: 'Table' }).selectOption({ label: 'Ticket' })
    await page.getByRole('checkbox', { name: 'Update' }).check()
    await page.getByLabel('is exactly').fill('bob')
    await page.getByLabel('From (UTC)').fill('2020-01-01T00:00:00.000')
    await page.getByRole('button', { name: 'Filter' }).click()
    await soon(() => labels(page)).toEqual(['Update of Ticket 1'])
    const link = page.url()
    expect(decodeURIComponent(new URL(link).search)).toBe(
      '?table=audit.Ticket_audit&op=U&from=2020-01-01T00:00:00.000Z&by.username=bob',
    )
    const other = await pages.open(link)
    await isReady(other)
    expect(await labels(other)).toEqual(['Update of Ticket 1'])
    expect(await other.getByRole('combobox', { name: 'Table' }).inputValue()).toBe('audit.Ticket_audit')
    expect(await other.getByRole('checkbox', { name: 'Update' }).isChecked()).toBe(true)
    expect(await other.getByLabel('From (UTC)').inputValue()).toMatch(/^2020-01-01T00:00/)
    await other.getByLabel('Take away the filter username: bob').click()
    await soon(() => new URL(other.url()).search).not.toContain('bob')
    await other.goBack()
    await soon(() => new URL(other.url()).search).toContain('bob')
    await other.getByRole('link', { name: 'Clear all' }).click()
    await soon(async () => (await labels(other)).length).toBeGreaterThan(5)
  })

  it('filters by any other setting and by the database user', async () => {
    const page = await pages.open(`${origin}/activity`)
    await isReady(page)
    await page.getByLabel('Who or why').selectOption('by.reason')
    await page.getByLabel('is exactly').fill('merged')
    await page.getByRole('button', { name: 'Filter' }).click()
    await soon(() => labels(page)).toEqual(['Delete of Ticket 2'])
    await page.getByLabel('Who or why').selectOption('user')
    await page.getByLabel('is exactly').fill('nobody')
    await page.getByRole('button', { name: 'Filter' }).click()
    await page.getByText('Nothing fits these filters.').waitFor()
  })

  it('is live: a change that somebody makes appears by itself', async () => {
    const page = await pages.open(`${origin}/activity`)
    await isReady(page)
    await as(database, { username: 'zoe' }, `INSERT INTO "Label" VALUES ('appeared')`)
    await page.getByRole('link', { name: 'zoe' }).waitFor({ timeout: 15_000 })
    expect((await labels(page))[0]).toBe('Insert of Label appeared')
  })

  it('says what is wrong with a link in words', async () => {
    const page = await pages.open(`${origin}/activity?from=yesterday`)
    expect(await page.getByRole('alert').textContent()).toBe(
      '"from" is a time with its zone: 2026-03-04T10:15:00Z.',
    )
  })
})

describe('the record page', () => {
  it('tells a row’s versions side by side, with JSON as a difference of its lines and redacted values as such', async () => {
    const page = await pages.open(`${origin}/activity`)
    await page.getByRole('link', { name: 'Customer 1' }).first().click()
    await isReady(page)
    expect(new URL(page.url()).search).toBe(`?table=audit.Customer_audit&key=${key('1')}`)
    const [newest, older] = [entries(page).nth(0), entries(page).nth(1)]
    const password = newest.getByRole('row', { name: /^password/ })
    expect(await password.locator('td').allInnerTexts()).toEqual([
      'redacted',
      'redacted, another value than before',
    ])
    const preferences = older.getByRole('row', { name: /^preferences/ })
    const trimmed = (texts: string[]) => texts.map((text) => text.trim())
    expect(trimmed(await preferences.locator('del').allInnerTexts())).toEqual([
      '"count": 12345678901234567890,',
      '"theme": "dark"',
    ])
    expect(trimmed(await preferences.locator('ins').allInnerTexts())).toEqual([
      '"count": 12345678901234567891,',
      '"theme": "light"',
    ])
    expect(await page.getByText(/hash [0-9a-f]{64}/).count()).toBeGreaterThan(0)
  })

  it('marks the words of a long text that changed', async () => {
    const page = await pages.open(`${origin}/record?table=audit.Ticket_audit&key=${key('1')}`)
    await isReady(page)
    const body = entries(page).nth(0).getByRole('row', { name: /^body/ })
    expect(await body.locator('del').allInnerTexts()).toEqual(['Smoke'])
    expect((await body.locator('ins').allInnerTexts()).join('|')).toMatch(/Black.*smoke.*luckily/)
  })

  it('tells what the application said from what the database knows', async () => {
    const page = await pages.open(`${origin}/record?table=audit.Ticket_audit&key=${key('1')}`)
    await isReady(page)
    const newest = entries(page).first()
    const said = newest.locator('.asserted')
    const known = newest.locator('.authenticated')
    expect(await said.textContent()).toMatch(
      /username\s*bob[\s\S]*reason\s*ticket moved on[\s\S]*request_id\s*nothing[\s\S]*application_name/,
    )
    expect(await known.textContent()).toMatch(/user\s*postgres[\s\S]*client_addr\s*127\.0\.0\.1/)
    expect(await known.textContent()).not.toMatch(/bob|application_name/)
  })
})

describe('the transaction page', () => {
  it('shows everything that one request changed, over all tables', async () => {
    const page = await pages.open(`${origin}/record?table=audit.Ticket_audit&key=${key('1')}`)
    await page
      .getByRole('link', { name: /^transaction/ })
      .first()
      .click()
    await soon(() => labels(page)).toEqual([
      'Update of Ticket 1',
      'Update of Customer 1',
      'Insert of Label urgent',
      'Insert of Label hardware',
      'Insert of _LabelToTicket urgent, 1',
    ])
    expect(await page.locator('.said').textContent()).toMatch(/reason\s*ticket moved on/)
    expect(await page.locator('.said').textContent()).toMatch(
      /tables\s*Customer, Label, Ticket, _LabelToTicket/,
    )
  })
})

describe('the chart', () => {
  it('counts by table and by actor, and a range that is brushed leads to its changes', async () => {
    const page = await pages.open(`${origin}/chart`)
    await page.getByRole('img', { name: /^Changes over time/ }).waitFor()
    await page.getByRole('link', { name: 'by actor' }).click()
    const legend = page.getByRole('list', { name: 'Colours' })
    await soon(() => legend.textContent()).toMatch(/ann: 7/)
    const box = await page.getByRole('img', { name: /^Changes over time/ }).boundingBox()
    if (box === null) throw new Error('There is no chart.')
    await page.mouse.move(box.x + box.width * 0.02, box.y + 100)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.999, box.y + 120, { steps: 5 })
    await page.mouse.up()
    expect(await page.getByText(/^Chosen: /).textContent()).toMatch(/UTC to .* UTC$/)
    await page.getByRole('link', { name: 'Show these changes' }).click()
    await isReady(page)
    const { searchParams } = new URL(page.url())
    expect(Date.parse(searchParams.get('from') ?? '')).toBeLessThan(Date.parse(searchParams.get('to') ?? ''))
    expect(await labels(page)).toContain('Delete of Ticket 2')
  })

  it('can be brushed with the keyboard, and read as a table', async () => {
    const page = await pages.open(`${origin}/chart`)
    await page.getByLabel('Start of the range').focus()
    await page.keyboard.press('ArrowRight')
    await page.getByText(/^Chosen: /).waitFor()
    await page.getByRole('link', { name: 'Zoom in' }).click()
    await soon(() => new URL(page.url()).searchParams.has('from')).toBe(true)
    // The new range is drawn; nothing is chosen on it yet.
    await page.getByText('Drag over the chart').waitFor()
    await page.getByText('The figures as a table').click()
    expect(await page.getByRole('region', { name: 'Figures' }).getByRole('row').count()).toBeGreaterThan(1)
  })
})

describe('the page of a moment', () => {
  it('shows a table as it stood, by a link of its own', async () => {
    const page = await pages.open(`${origin}/as-of`)
    await page.getByRole('combobox', { name: 'Table' }).selectOption({ label: 'Ticket' })
    await page.getByRole('button', { name: 'Show' }).click()
    const rows = page.getByRole('region', { name: /^Ticket at/ }).getByRole('row')
    await soon(() => rows.count()).toBe(2)
    expect(await rows.nth(1).textContent()).toContain('waiting')
    expect(new URL(page.url()).search).toMatch(/^\?table=audit\.Ticket_audit&at=20/)
    // A redacted value is no value here either.
    const customers = await pages.open(
      `${origin}/as-of?table=audit.Customer_audit&at=${new Date().toISOString()}`,
    )
    const redacted = customers.getByRole('region', { name: /^Customer at/ }).locator('.redacted')
    await soon(() => redacted.allTextContents()).toEqual(['redacted, changed', 'redacted'])
    await page.getByLabel(/^Moment/).fill('2001-01-01T00:00:00.000')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByText('That is before the first change that was recorded').waitFor()
  })
})

describe('for everybody', () => {
  it('the keyboard goes from change to change, opens one, and comes back', async () => {
    const page = await pages.open(`${origin}/activity`)
    await isReady(page)
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    await page.keyboard.press('j')
    const focused = () =>
      page.evaluate<string>("document.activeElement.closest('[data-entry]')?.getAttribute('aria-label')")
    expect(await focused()).toBe((await labels(page))[1])
    await page.keyboard.press('Enter')
    await soon(() => new URL(page.url()).pathname).toBe('/record')
    await page.keyboard.press('g')
    await page.keyboard.press('c')
    await soon(() => new URL(page.url()).pathname).toBe('/chart')
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.keyboard.press('/')
    expect(await page.evaluate("document.activeElement.getAttribute('name')")).toBe('table')
  })

  it('times are told with their zone, UTC or that of the browser', async () => {
    const page = await pages.open(`${origin}/record?table=audit.Ticket_audit&key=${key('2')}`, {
      timezoneId: 'Asia/Kolkata',
    })
    await isReady(page)
    const shown = async () => (await page.locator('time').first().textContent()) ?? ''
    const utc = await shown()
    expect(await page.getByText('Newest first, times in UTC.').count()).toBe(1)
    await page.getByLabel('Times in').selectOption('local')
    await page.getByText(/times in Asia\/(Kolkata|Calcutta)\./).waitFor()
    const local = await shown()
    const asTime = (text: string) => Date.parse(`${text.replace(' ', 'T')}Z`)
    expect(asTime(local) - asTime(utc)).toBe(5.5 * 3_600_000)
    expect(await page.locator('time').first().getAttribute('title')).toMatch(/UTC\+05:30$/)
  })

  it('colours are dark where the system’s are, or where it is asked for', async () => {
    const ground = (page: Page) =>
      page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor')
    const light = await pages.open(`${origin}/activity`, { colorScheme: 'light' })
    const dark = await pages.open(`${origin}/activity`, { colorScheme: 'dark' })
    expect([await ground(light), await ground(dark)]).toEqual(['rgb(251, 251, 250)', 'rgb(22, 24, 27)'])
    await light.getByLabel('Colours').selectOption('dark')
    expect(await ground(light)).toBe('rgb(22, 24, 27)')
    await light.reload()
    await isReady(light)
    expect(await ground(light)).toBe('rgb(22, 24, 27)')
  })

  const places = () => [
    '/activity',
    '/activity?op=U&by.username=bob',
    `/record?table=audit.Customer_audit&key=${key('1')}`,
    `/record?table=audit.Ticket_audit&key=${key('1')}`,
    '/chart?group=actor',
    `/as-of?table=audit.Customer_audit&at=${new Date().toISOString()}`,
  ]

  it('no page is wider than a phone', async () => {
    for (const place of places()) {
      const page = await pages.open(origin + place, { viewport: { width: 360, height: 740 } })
      await page.waitForLoadState('networkidle')
      const content = await page.evaluate<number>('document.documentElement.scrollWidth')
      expect(content, place).toBeLessThanOrEqual(360)
      await page.context().close()
    }
  }, 180_000)

  it.each(['light', 'dark'] as const)(
    'axe finds nothing wrong with any page in %s colours',
    async (colorScheme) => {
      const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
      const activity = (await (await fetch(`${origin}/api/activity`)).json()) as ActivityAnswer
      const transaction = activity.entries[0]?.transaction
      const tx = encodeURIComponent(`${transaction?.id}@${transaction?.startedAt}`)
      for (const place of [...places(), `/transaction?tx=${tx}`]) {
        const page = await pages.open(origin + place, { colorScheme, bypassCSP: true })
        await page.waitForLoadState('networkidle')
        await page.evaluate<void>("for (const part of document.querySelectorAll('details')) part.open = true")
        await page.evaluate<void>(axe)
        const found = await page.evaluate<string[]>(
          `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
          violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`,
        )
        expect(found, place).toEqual([])
        await page.context().close()
      }
    },
    180_000,
  )
})
