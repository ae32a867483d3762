/**
 * Takes the pictures of the README and of docs/viewer.md: the reference schema with its committed migrations on a real server, a shop's
 * fortnight in it, the page in a real Chromium. `pnpm screenshots`; what they were made of is written beside them.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from 'playwright-core'
import { findChromium } from '../../../test/support/chromium.ts'
import { createDatabaseOn, type TestDatabase } from '../../../test/support/database.ts'
import { startEmbeddedServer } from '../../../test/support/embedded-server.ts'
import { createAuditViewer } from '../src/index.ts'
import { serve } from '../test/support/serve.ts'
import { madeOf } from './made-of.ts'
import { PICTURED, WRITERS } from './shop.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const folder = join(repository, 'docs/screenshots')

interface Picture {
  readonly name: string
  readonly path: string
  readonly ready: string
  readonly isDark?: true
  readonly width?: number
  readonly height?: number
}

const key = encodeURIComponent(JSON.stringify([PICTURED.customer]))

const PICTURES: readonly Picture[] = [
  { name: 'activity', path: '/activity', ready: '[data-entry]' },
  { name: 'record', path: `/record?table=audit.customers_audit&key=${key}`, ready: '[data-entry]' },
  {
    name: 'record-dark',
    path: `/record?table=audit.customers_audit&key=${key}`,
    ready: '[data-entry]',
    isDark: true,
  },
  { name: 'chart', path: '/chart', ready: 'svg' },
  { name: 'phone', path: '/activity', ready: '[data-entry]', width: 390, height: 800 },
]

const executablePath = findChromium()
if (executablePath === undefined) throw new Error('No Chromium. On Debian: apt-get install chromium')
const server = await startEmbeddedServer()
try {
  const database = await createDatabaseOn({ url: server.url, prefix: 'shop' })
  await fill(database)
  const viewer = createAuditViewer({
    pool: database.pool({ max: 4 }),
    authorize: () => true,
    title: 'The shop',
  })
  const served = await serve(viewer)
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  try {
    for (const picture of PICTURES) {
      const context = await browser.newContext({
        viewport: { width: picture.width ?? 1280, height: picture.height ?? 860 },
        colorScheme: picture.isDark ? 'dark' : 'light',
        reducedMotion: 'reduce',
        timezoneId: 'UTC',
        locale: 'en-GB',
      })
      await take(await context.newPage(), served.origin, picture)
      await context.close()
    }
  } finally {
    await browser.close()
    await served.close()
  }
  writeFileSync(join(folder, 'made-of.json'), `${JSON.stringify(madeOf(repository), null, 2)}\n`)
  await database.drop()
} finally {
  await server.stop()
}

async function take(page: Page, origin: string, { name, path, ready }: Picture): Promise<void> {
  await page.goto(origin + path)
  await page.locator(ready).first().waitFor()
  await page.evaluate('document.fonts.ready')
  await page.screenshot({ path: join(folder, `${name}.png`) })
  console.log(`docs/screenshots/${name}.png`)
}

async function fill(database: TestDatabase): Promise<void> {
  const migrations = join(repository, 'prisma/migrations')
  for (const name of readdirSync(migrations).toSorted()) {
    if (name.endsWith('.toml')) continue
    await database.query(readFileSync(join(migrations, name, 'migration.sql'), 'utf8'))
  }
  for (const { username, reason, sql } of WRITERS) {
    await database.query(
      `BEGIN; SELECT audit.set_context('${JSON.stringify({ username, ...(reason ? { reason } : {}) }).replaceAll("'", "''")}'); ${sql}; COMMIT`,
    )
  }
  // The fortnight took a second: each transaction gets the time at which it would have been.
  const histories = await database.query<{ name: string }>(
    `SELECT t.tgrelid::regclass::text AS name FROM pg_trigger AS t JOIN pg_attribute AS a ON a.attrelid = t.tgrelid AND a.attname = 'audit_id'
     WHERE t.tgname = 'append_only' AND NOT a.attisdropped`,
  )
  for (const { name } of histories) {
    const cases = WRITERS.map(({ at }, index) => `WHEN ${index + 1} THEN '${at}+00'::timestamptz`).join(' ')
    await database.query(`ALTER TABLE ${name} DISABLE TRIGGER append_only;
      UPDATE ${name} AS h SET audit_operation_timestamp = t.at, audit_transaction_timestamp = t.at
      FROM (SELECT x.id, CASE row_number() OVER (ORDER BY x.id) ${cases} END AS at FROM (${histories
        .map((each) => `SELECT audit_transaction_id AS id FROM ${each.name}`)
        .join(' UNION ')}) AS x) AS t
      WHERE t.id = h.audit_transaction_id;
      ALTER TABLE ${name} ENABLE ALWAYS TRIGGER append_only`)
  }
}
