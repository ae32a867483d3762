import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { findChromium } from '../../../../test/support/chromium.ts'
import { skipWithoutChromium } from '../../../../test/support/skip-without-chromium.ts'

/** What the page shows in a moment, on a machine that has much to do. */
export function soon<T>(look: () => Promise<T> | T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(look, { timeout: 20_000 })
}

export interface Pages {
  /** A page of a browser of its own, as it were: no cookie and no setting of another one. */
  open(url: string, options?: BrowserContextOptions): Promise<Page>
}

/**
 * The browser of this test file. After each test no page of it may have had an error, loaded anything from elsewhere, or met
 * the content security policy.
 */
export function usePages(): Pages {
  skipWithoutChromium()
  let browser: Browser | undefined
  const wrong: string[] = []
  beforeAll(async () => {
    const executablePath = findChromium()
    if (executablePath === undefined) return
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  })
  afterAll(() => browser?.close())
  afterEach(() => expect(wrong.splice(0)).toEqual([]))
  return {
    async open(url, options = {}) {
      if (browser === undefined) throw new Error('There is no browser.')
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
      const page = await context.newPage()
      const { origin } = new URL(url)
      page.on('pageerror', (error) => wrong.push(`error: ${error.message}`))
      page.on('console', (message) => {
        // An answer that refuses is logged by the browser itself; the test says what the page makes of it.
        const isRefusal = /Failed to load resource: the server responded/.test(message.text())
        if (message.type() === 'error' && !isRefusal) wrong.push(`console: ${message.text()}`)
      })
      page.on('dialog', (dialog) => {
        wrong.push(`dialog: ${dialog.message()}`)
        void dialog.dismiss()
      })
      page.on('request', (request) => {
        const asked = request.url()
        if (!asked.startsWith(`${origin}/`) && !asked.startsWith('data:')) wrong.push(`request: ${asked}`)
      })
      await page.goto(url)
      return page
    },
  }
}
