import { describe, expect, test } from 'vitest'
import type { Layer } from '../../../test/support/tested-layer.ts'
import { auditContext } from '../src/index.ts'
import { type LedgerClient, useLedger } from './fixture/ledger.ts'

interface LogEvent {
  readonly level: string
  readonly query?: string
  readonly params?: string
}

const ledger = await useLedger()
await ledger.query(
  `SET audit.username = 'setup'; INSERT INTO "Account" (id, name) VALUES (-1, 'there already')`,
)
const levels = ['query', 'info', 'warn', 'error']

function open(layer: Layer) {
  const events: LogEvent[] = []
  const base = ledger.client({ layer, log: levels.map((level) => ({ emit: 'event', level })) })
  for (const level of levels)
    base.$on(level as 'query', (event) => events.push(Object.assign({ level }, event)))
  const db = base.$extends(auditContext({ username: 'secret name', reason: 'secret reason' }))
  return { db, events }
}

const create = ({ account }: Pick<LedgerClient, 'account'>) => account.create({ data: { name: 'logged' } })

/** A call, and what a listener sees of it: with the extension alone, and with the audit's driver adapter. */
const calls: Readonly<
  Record<string, [run: (db: LedgerClient) => Promise<unknown>, alone: string, adapter: string]>
> = {
  'a create': [create, 'settings INSERT COMMIT', 'INSERT'],
  $executeRaw: [(db) => db.$executeRaw`UPDATE "Entry" SET note = ''`, 'settings UPDATE COMMIT', 'UPDATE'],
  'a nested write': [
    (db) => db.account.create({ data: { name: 'logged', entries: { create: { note: 'logged' } } } }),
    'settings INSERT INSERT SELECT COMMIT',
    'INSERT INSERT SELECT COMMIT',
  ],
  'a batch': [
    (db) => db.$transaction([create(db), create(db)]),
    'settings INSERT INSERT COMMIT',
    'settings INSERT INSERT COMMIT',
  ],
  'an interactive transaction': [
    (db) => db.$transaction((tx) => create(tx as LedgerClient)),
    'settings INSERT COMMIT',
    'settings INSERT COMMIT',
  ],
  'an interactive transaction that reads': [
    (db) => db.$transaction((tx) => tx.account.count()),
    'SELECT COMMIT',
    'SELECT COMMIT',
  ],
  'a read': [(db) => db.account.count(), 'SELECT', 'SELECT'],
  'a write that fails': [
    (db) => expect(db.account.create({ data: { id: -1, name: 'logged' } })).rejects.toThrow(/Unique/),
    'settings error ROLLBACK',
    'error',
  ],
}

const settingsText =
  "SELECT 1 WHERE pg_catalog.set_config('audit.username', $1, true) IS NULL OR pg_catalog.set_config('audit.reason', $2, true) IS NULL /* audit context */"

function seen({ level, query }: LogEvent): string {
  if (query === undefined) return level
  return query === settingsText ? 'settings' : (query.split(' ')[0] ?? '')
}

describe.each(['extension', 'adapter'] as const)("$on('query') with the %s", (layer) => {
  const { db, events } = open(layer)

  test.each(Object.entries(calls))('sees of %s what the page says', async (_, [run, alone, adapter]) => {
    events.length = 0
    await run(db)
    expect(events.map(seen).join(' ')).toBe(layer === 'adapter' ? adapter : alone)
  })

  test("the context's values stand in the parameters of the settings statement, and nowhere else", async () => {
    events.length = 0
    for (const [run] of Object.values(calls)) await run(db)
    const telling = events.filter((event) => JSON.stringify(event).includes('secret'))
    expect(telling.length).toBeGreaterThan(0)
    for (const { query, params } of telling) {
      expect(query).toBe(settingsText)
      expect(params).toBe('["secret name","secret reason"]')
    }
  })

  test('what a listener writes has no name of the operation that it hears of', async () => {
    const writer = ledger.client({ layer, log: [{ emit: 'event', level: 'query' }] })
    const outcomes: Promise<string>[] = []
    const told = (write: Promise<unknown>) => {
      outcomes.push(
        write.then(
          () => 'written',
          (error) => String(error),
        ),
      )
    }
    writer.$on('query', ({ query, params }: { query: string; params?: string }) => {
      if (!query.startsWith('INSERT') || params?.includes('listened')) return
      const listened = ({ account }: Pick<LedgerClient, 'account'>) =>
        account.create({ data: { name: 'listened' } })
      told(listened(writer))
      told(writer.$transaction([listened(writer)]))
      told(writer.$transaction((tx) => listened(tx)))
      told(listened(writer.$extends(auditContext(() => undefined))))
    })
    const ann = writer.$extends(auditContext({ username: 'ann' }))
    await create(ann)
    await ann.account.create({ data: { name: 'logged', entries: { create: { note: 'logged' } } } })
    const found = await Promise.all(outcomes)
    expect(found).toHaveLength(12)
    for (const outcome of found) expect(outcome).toMatch(/audit\.username is required/)
    expect(await ledger.history('listened')).toEqual([])
  })
})
