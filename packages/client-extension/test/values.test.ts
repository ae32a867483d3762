import { expect, test } from 'vitest'
import { auditContext, withAuditContext } from '../src/index.ts'
import { useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const base = ledger.client()

const values: readonly [string, string][] = [
  ['quotes', `it's "quoted" \`back\` $$dollar$$ $1 %s`],
  ['backslashes', String.raw`\ \\ \' \n \0 \u0041`],
  ['an attack', `x', true); DELETE FROM "Account"; --`],
  ['line ends and control characters', 'a\r\nb\tc\u0001\u007f\u2028'],
  ['emoji and combining characters', '👩‍👩‍👧‍👦 é é 🇫🇮 \u{10ffff}'],
  ['white space only', '  '],
  ['what looks like another type', '2026-01-01T00:00:00Z'],
  ['1 MB', 'ä€😀x'.repeat(100_000)],
]

test.each(values)('%s arrive byte for byte in every form', async (name, reason) => {
  const db = base.$extends(auditContext({ username: 'ann', reason }))
  const data = { name: `value ${name}` }
  await db.account.create({ data })
  await db.$transaction([db.account.create({ data })])
  await db.$transaction((tx) => tx.account.create({ data }))
  await db.$executeRaw`INSERT INTO "Account" (name) VALUES (${data.name})`
  const pool = ledger.pool({ max: 1 })
  await withAuditContext(pool, { username: 'ann', reason }, (client) =>
    client.query('INSERT INTO "Account" (name) VALUES ($1)', [data.name]),
  )
  const history = await ledger.history(data.name)
  expect(history).toHaveLength(5)
  for (const row of history) expect(row.reason === reason).toBe(true)
})

test('a NUL character is refused before anything is sent', async () => {
  const db = base.$extends(auditContext(() => ({ username: 'a\0b' })))
  const write = db.account.create({ data: { name: 'nul' } })
  await expect(write).rejects.toMatchObject({ code: 'INVALID_VALUE', setting: 'username' })
  expect(await ledger.query('SELECT FROM "Account" WHERE name = $1', ['nul'])).toEqual([])
})
