import { PrismaPg } from '@prisma/adapter-pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { auditAdapter } from '../../src/adapter/adapter-pg.ts'
import { auditContext } from '../../src/index.ts'
import { type LedgerClient, useLedger } from '../fixture/ledger.ts'

const ledger = await useLedger()
const [server] = await ledger.query<{ libraries: string }>(
  `SELECT current_setting('shared_preload_libraries') AS libraries`,
)
if (server?.libraries.includes('pg_stat_statements')) {
  await ledger.query('CREATE EXTENSION pg_stat_statements')
} else {
  const missing =
    'The server does not preload pg_stat_statements: what it remembers of statements is not tested.'
  process.stdout.write(`${missing}\n`)
  beforeEach(({ skip }) => skip(missing))
}

const bare = ledger.client({ max: 1, layer: 'extension', parameters: '-c audit.username=connection' })
const clients = {
  extension: ledger.client({ max: 1, layer: 'extension' }),
  adapter: ledger.client({ adapter: auditAdapter(new PrismaPg(ledger.pool({ max: 1 }))) }),
}

const create = (client: Pick<LedgerClient, 'account'>) => client.account.create({ data: { name: 'counted' } })

const forms: Readonly<Record<string, (client: LedgerClient) => Promise<unknown>>> = {
  create,
  'nested create': (client) =>
    client.account.create({ data: { name: 'counted', entries: { create: { note: 'counted' } } } }),
  $executeRaw: (client) => client.$executeRaw`INSERT INTO "Account" (name) VALUES (${'counted'})`,
  $queryRaw: (client) => client.$queryRaw`SELECT add_account(${'counted'})`,
  batch: (client) => client.$transaction([create(client), create(client)]),
  'interactive transaction': (client) => client.$transaction(create),
  'serializable transaction': (client) => client.$transaction(create, { isolationLevel: 'Serializable' }),
  'nested transaction': (client) => client.$transaction((tx) => tx.$transaction(create)),
}

/** The texts that PostgreSQL has kept of the statements that `run` sends. */
async function kept(run: () => Promise<unknown>): Promise<string[]> {
  const ofThisDatabase = '(SELECT oid FROM pg_database WHERE datname = current_database())'
  await ledger.query(`SELECT pg_stat_statements_reset(0, ${ofThisDatabase}, 0)`)
  await run()
  const rows = await ledger.query<{ query: string }>(
    `SELECT query FROM pg_stat_statements WHERE dbid = ${ofThisDatabase} AND query NOT LIKE '%pg_stat_statements%'`,
  )
  return rows.map(({ query }) => query)
}

const users = Array.from({ length: 8 }, (_, index) => `secret${index}name`)

describe.each(Object.entries(forms))('%s', (_, run) => {
  const runAsEach = (client: LedgerClient) => async () => {
    for (const username of users)
      await run(client.$extends(auditContext({ username, reason: 'secretreason' })))
  }

  test.each(['extension', 'adapter'] as const)('keeps no value of a context (%s)', async (layer) => {
    await runAsEach(clients[layer])() // the first call brings the probe of the adapter with it
    const texts = await kept(runAsEach(clients[layer]))
    expect(texts.filter((text) => text.includes('set_config'))).toHaveLength(1)
    expect(texts.filter((text) => /secret/.test(text))).toEqual([])
  })

  test('gains at most one entry with the adapter, however many users there are', async () => {
    await run(bare) // what a connection sends only once
    const before = await kept(() => run(bare))
    const after = await kept(runAsEach(clients.adapter))
    expect(after.length).toBeLessThanOrEqual(before.length + 1)
  })
})
