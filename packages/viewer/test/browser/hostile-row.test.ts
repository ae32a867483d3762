import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuditViewer } from '../../src/index.ts'
import { as, createDesk } from '../support/desk.ts'
import { type Served, serve } from '../support/serve.ts'
import { soon, usePages } from './browser.ts'

const database = await createDesk()
const pages = usePages()
let served: Served
let origin = ''

const SCRIPT = `"><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>{{constructor.constructor('alert(4)')()}}`
const LINK = 'javascript:alert(5)'
// A bell, an escape sequence, a null-like one, a right-to-left override, a zero-width space, a byte order mark.
const CONTROL = '\u0007\u001b[31mred\u0001\u202eevil\u202c\u200b\ufeff\u0085end'
const MEGABYTE = `${SCRIPT}${'<b>0123456789</b>\n'.repeat(61_000)}`.slice(0, 1_048_576)

beforeAll(async () => {
  const insert = async (title: string, body: string) => {
    const client = database.pool({ max: 1 })
    await client.query(`BEGIN`)
    await client.query(`SELECT audit.set_context($1::jsonb)`, [
      JSON.stringify({ username: SCRIPT, reason: `${LINK} ${CONTROL}` }),
    ])
    await client.query(
      `INSERT INTO "Ticket" (tenant_id, customer_id, title, body, state) VALUES ($1, 1, $2, $3, $4)`,
      [LINK, title, body, CONTROL],
    )
    await client.query(`UPDATE "Ticket" SET state = $1 WHERE title = $2`, [SCRIPT + CONTROL, title])
    await client.query(`COMMIT`)
    await client.end()
  }
  await as(
    database,
    { username: 'ann' },
    `INSERT INTO "Customer" (tenant_id, name, password, preferences) VALUES ('t', 'c', 'p', '{}')`,
  )
  await insert(SCRIPT, MEGABYTE)
  await insert(CONTROL, SCRIPT)
  await as(
    database,
    { username: 'ann' },
    `INSERT INTO "Label" VALUES ('${SCRIPT.replaceAll("'", "''")}'), (U&'\\202Eevil')`,
  )
  served = await serve(
    createAuditViewer({ pool: database.pool({ max: 4 }), authorize: () => true, title: `</title>${SCRIPT}` }),
  )
  origin = served.origin
})
afterAll(async () => {
  await served.close()
  await database.drop()
})

/** Each address that shows hostile values; `usePages` fails the test for a dialog, an error or a request to elsewhere. */
const places = [
  '/activity',
  `/activity?by.username=${encodeURIComponent(SCRIPT)}`,
  `/activity?table=${encodeURIComponent(SCRIPT)}`,
  `/activity?from=${encodeURIComponent(SCRIPT)}`,
  `/activity?tx=${encodeURIComponent(SCRIPT)}`,
  `/record?table=audit.Ticket_audit&key=${encodeURIComponent('["1"]')}`,
  `/record?table=audit.Ticket_audit&key=${encodeURIComponent('["2"]')}`,
  `/record?table=audit.Label_audit&key=${encodeURIComponent(JSON.stringify([SCRIPT]))}`,
  `/record?table=${encodeURIComponent(SCRIPT)}&key=${encodeURIComponent(SCRIPT)}`,
  `/transaction?tx=${encodeURIComponent(SCRIPT)}`,
  '/chart?group=actor',
  `/as-of?table=audit.Ticket_audit&at=2099-01-01T00:00:00Z`,
  `/as-of?table=audit.Label_audit&at=2099-01-01T00:00:00Z`,
  `/as-of?table=${encodeURIComponent(SCRIPT)}&at=${encodeURIComponent(SCRIPT)}`,
]

describe('a hostile row', () => {
  it('a hostile row is shown and not run, on every page', async () => {
    for (const place of places) {
      const page = await pages.open(origin + place)
      await page.waitForLoadState('networkidle')
      await page.evaluate<void>("for (const part of document.querySelectorAll('details')) part.open = true")
      const made = await page
        .locator('#page script, #page img, #page svg[onload], #page b, a[href^="javascript"]')
        .count()
      expect(made, place).toBe(0)
      await page.context().close()
    }
  }, 180_000)

  it('is shown with all its characters: scripts as text, control characters by name', async () => {
    const page = await pages.open(
      `${origin}/record?table=audit.Ticket_audit&key=${encodeURIComponent('["2"]')}`,
    )
    await page.locator('[data-entry]').first().waitFor()
    const text = (await page.locator('main').textContent()) ?? ''
    expect(text).toContain(SCRIPT)
    expect(text).toContain('␇␛[31mred␁⟨U+202E⟩evil⟨U+202C⟩⟨U+200B⟩⟨U+FEFF⟩⟨U+0085⟩end')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
    expect(text).not.toMatch(/[\u0007\u001b\u202e\u200b]/)
  })

  it('of a megabyte is cut, says so, and is there in full on request', async () => {
    const page = await pages.open(
      `${origin}/record?table=audit.Ticket_audit&key=${encodeURIComponent('["1"]')}`,
    )
    const button = page.getByRole('button', { name: 'Show all 1,048,576 characters' }).last()
    await button.click()
    const isThere = async () =>
      (await page.locator('.value').allTextContents()).some((text) => text === MEGABYTE)
    await soon(isThere).toBe(true)
  })
})
