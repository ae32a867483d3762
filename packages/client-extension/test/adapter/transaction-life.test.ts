import { setTimeout as sleep } from 'node:timers/promises'
import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { auditAdapter } from '../../src/adapter/adapter-pg.ts'
import { auditContext } from '../../src/index.ts'
import { adapterClients } from '../fixture/adapter-clients.ts'
import { startLateStateProxy } from '../fixture/late-state-proxy.ts'
import { useLedger } from '../fixture/ledger.ts'

const ledger = await useLedger()
const { open, create, names, backends, kill } = adapterClients(ledger)

describe('BEGIN that fails on a living connection', () => {
  /** Of a pool whose next connection is in a failed transaction before anybody asks. */
  async function openBroken() {
    const clients = open()
    const [backend] = await backends(clients.base)
    await kill(backend?.pid)
    await expect.poll(() => clients.pool.totalCount).toBe(0)
    clients.pool.once('connect', (client: pg.PoolClient) => {
      client.query('BEGIN; SELECT 1 / 0').catch(() => undefined)
    })
    return clients
  }

  test('lets nothing run outside a transaction, and the COMMIT is rejected', async () => {
    const { as } = await openBroken()
    const states: unknown[] = []
    const outcome = as('ann').$transaction(async (tx) => {
      for (let index = 0; index < 3; index++) {
        await create(tx, 'never begun').catch((error) => states.push(String(error)))
      }
      return 'swallowed'
    })
    await expect(outcome).rejects.toThrow(/aborted/)
    expect(states).toHaveLength(3)
    for (const state of states) expect(state).toMatch(/aborted/)
    expect(await names('never begun')).toEqual([])
    await create(as('bob'), 'after that')
    expect(await names('after that')).toEqual(['bob'])
  })

  test('fails a single write, and its connection does not serve again', async () => {
    const { as } = await openBroken()
    await expect(create(as('ann'), 'never begun')).rejects.toThrow(/aborted/)
    await create(as('bob'), 'after the single')
    expect([await names('never begun'), await names('after the single')]).toEqual([[], ['bob']])
  })
})

describe('the end of a transaction', () => {
  test('whose answer does not come: an error, and the connection does not serve again', async () => {
    await ledger.query(`
      CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_sleep(4); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON "Account" DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.name = 'slow commit') EXECUTE FUNCTION slow_commit()`)
    const { base, as } = open({ query_timeout: 2_000 })
    const [before] = await backends(base)
    await expect(as('ann').$transaction((tx) => create(tx, 'slow commit'))).rejects.toThrow(/timeout/i)
    const [after] = await backends(base)
    expect(after).not.toEqual(before)
    // Whatever became of it, nobody else stands for it.
    await sleep(4_500)
    expect([[], ['ann']]).toContainEqual(await names('slow commit'))
  })

  test('that a deferred constraint refuses: an error, nothing recorded, and the connection serves again', async () => {
    const { base, as } = open()
    const before = await backends(base)
    const outcome = as('ann').$transaction((tx) => tx.entry.create({ data: { note: 'late' } }))
    await expect(outcome).rejects.toThrow(/is refused/)
    expect(await names('late')).toEqual([])
    expect(await backends(base)).toEqual(before)
  })

  describe('whose state comes in another packet than the error before it', async () => {
    const proxy = await startLateStateProxy(ledger.url)
    afterAll(() => proxy.close())

    test('refused by a deferred constraint: the connection serves again', async () => {
      const { base, as } = open({ connectionString: proxy.url })
      const before = await backends(base)
      const outcome = as('ann').$transaction((tx) => tx.entry.create({ data: { note: 'late' } }))
      await expect(outcome).rejects.toThrow(/is refused/)
      expect(await backends(base)).toEqual(before)
    })

    test('within several statements, one of which fails later: what comes then has its name', async () => {
      const { as } = open({ connectionString: proxy.url })
      await as('ann').$transaction(async (tx) => {
        await create(tx, 'before the end in between')
        await expect(tx.$executeRawUnsafe('COMMIT; SELECT 1 / 0')).rejects.toThrow(/division/)
        await create(tx, 'behind the end in between')
      })
      expect(await names('before the end in between')).toEqual(['ann'])
      expect(await names('behind the end in between')).toEqual(['ann'])
    })
  })

  test('that Prisma gives no statement for: the connection is destroyed, with what was open on it', async () => {
    const pool = ledger.pool({ max: 1 })
    const adapter = await auditAdapter(new PrismaPg(pool)).connect()
    const insert = `INSERT INTO "Account" (name) SELECT 'handed back' FROM set_config('audit.username', 'ann', true)`
    for (const end of ['commit', 'rollback'] as const) {
      const transaction = await adapter.startTransaction()
      await transaction.executeRaw({ sql: insert, args: [], argTypes: [] })
      await transaction[end]()
      expect(pool.totalCount).toBe(0)
    }
    expect(await names('handed back')).toEqual([])
    await adapter.dispose()
  })

  test('between a killed connection and its COMMIT: an error, nothing recorded', async () => {
    const { pool, as } = open()
    const outcome = as('ann').$transaction(async (tx) => {
      await create(tx, 'killed before the commit')
      const [backend] = await backends(tx)
      await kill(backend?.pid)
    })
    await expect(outcome).rejects.toThrow()
    expect(await names('killed before the commit')).toEqual([])
    await create(as('bob'), 'after that kill')
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 1])
  })
})

test('a connection whose loss is told in the moment it is handed over has somebody who listens', async () => {
  const { pool, as } = open()
  const ann = as('ann')
  await create(ann, 'connected')
  const listeners: number[] = []
  // Before any promise is heard: as where the loss stands in the packet that makes the connection ready.
  pool.on('acquire', (client: pg.PoolClient) =>
    queueMicrotask(() => listeners.push(client.listenerCount('error'))),
  )
  await create(ann, 'handed over')
  await ann.$transaction((tx) => create(tx, 'handed over'))
  expect(listeners).toEqual([1, 1])
  expect(await names('handed over')).toEqual(['ann', 'ann'])
})

describe('a transaction with an isolation level', () => {
  test('whose time runs out before its first statement has sent nothing and keeps its connection', async () => {
    const { pool, base, as } = open()
    const [before] = await backends(base)
    const outcome = as('ann').$transaction(
      async (tx) => {
        await sleep(300)
        await create(tx, 'too late to begin')
      },
      { isolationLevel: 'Serializable', timeout: 100 },
    )
    await expect(outcome).rejects.toMatchObject({ code: 'P2028' })
    expect(await names('too late to begin')).toEqual([])
    expect(await backends(base)).toEqual([before])
    expect(await base.$queryRaw`SELECT current_setting('transaction_isolation') AS level`).toEqual([
      { level: 'read committed' },
    ])
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 1])
  })
})

describe('an interactive transaction', () => {
  test('that is never awaited runs as with the bare client, and gives its connection back', async () => {
    const { pool, as } = open()
    void as('ann').$transaction((tx) => create(tx, 'not awaited'))
    void as('bob')
      .$transaction(async (tx) => {
        await create(tx, 'not awaited, undone')
        throw new Error('undone')
      })
      .catch(() => undefined)
    await expect.poll(() => names('not awaited')).toEqual(['ann'])
    await expect.poll(() => pool.idleCount).toBe(1)
    expect(await names('not awaited, undone')).toEqual([])
  })

  test('whose last write is not awaited: it has its name or is not there', async () => {
    const { pool, as } = open()
    for (let round = 0; round < 20; round++) {
      await as(`user${round}`).$transaction(async (tx) => {
        await create(tx, `awaited ${round}`)
        create(tx, `left behind ${round}`).then(
          () => undefined,
          () => undefined,
        )
      })
    }
    await expect.poll(() => pool.idleCount).toBe(pool.totalCount)
    for (let round = 0; round < 20; round++) {
      expect(await names(`awaited ${round}`)).toEqual([`user${round}`])
      expect([[], [`user${round}`]]).toContainEqual(await names(`left behind ${round}`))
    }
  })

  test('has the time of its first statement as now()', async () => {
    const { as } = open()
    const waited = await as('ann').$transaction(async (tx) => {
      const started = Date.now()
      await sleep(400)
      const [row] = await tx.$queryRaw<{ at: Date }[]>`SELECT now() AS at`
      return Number(row?.at) - started
    })
    expect(waited).toBeGreaterThan(300)
  })
})

test.each([
  'VACUUM "Entry"',
  'CREATE INDEX CONCURRENTLY entry_note ON "Entry" (note)',
  'REINDEX INDEX CONCURRENTLY entry_note',
  'DROP INDEX CONCURRENTLY entry_note',
])('%s runs with the adapter too, although it refuses a transaction', async (statement) => {
  const { as } = open()
  await as('ann').$executeRawUnsafe(statement)
})

test('the context is right behind the comments that Prisma adds to statements', async () => {
  const comments = [() => ({ application: 'shop' })]
  const base = ledger.client({ adapter: auditAdapter(new PrismaPg(ledger.pool({ max: 1 }))), comments })
  const ann = base.$extends(auditContext({ username: 'ann' }))
  await create(ann, 'with comments')
  await ann.$transaction([create(ann, 'with comments')])
  await ann.$transaction((tx) => create(tx, 'with comments'), { isolationLevel: 'Serializable' })
  await ann.$transaction(async (tx) => {
    await tx.$executeRawUnsafe('COMMIT AND CHAIN')
    await create(tx, 'with comments')
  })
  expect(await names('with comments')).toEqual(['ann', 'ann', 'ann', 'ann'])
})

test('a statement of the application that ends like the settings is sent as it is', async () => {
  const { as } = open()
  const copied = `INSERT INTO "Account" (name) VALUES ('copied') /* audit context */`
  const declared = `SELECT 1 WHERE pg_catalog.set_config('audit.username', 'eve', true) IS NULL OR 1 / 0 = 1 /* audit context */`
  await as('ann').$transaction((tx) => tx.$executeRawUnsafe(copied))
  expect(await names('copied')).toEqual(['ann'])
  await expect(as('ann').$transaction((tx) => tx.$executeRawUnsafe(declared))).rejects.toThrow(/division/)
})

describe('the probe at connect', () => {
  test('finds out an adapter that begins its transactions in another way', async () => {
    const factory = new PrismaPg(ledger.pool({ max: 1 }))
    const connect = factory.connect.bind(factory)
    factory.connect = async () => {
      const adapter = await connect()
      const pool: pg.Pool = Reflect.get(adapter, 'client')
      // As a version would that begins with the connection's own method, past what stands between.
      adapter.startTransaction = async () => {
        const client = await pool.connect()
        const run = async ({ sql, args }: { sql: string; args: unknown[] }) => {
          const outside = sql.includes('set_config') ? await ledger.query('SELECT 1') : []
          const result =
            outside.length > 0
              ? { rows: [], rowCount: 1 }
              : await client.query({ text: sql, values: args, rowMode: 'array' })
          return { rows: result.rows as unknown[][], columnNames: [], columnTypes: [] }
        }
        return {
          provider: 'postgres',
          adapterName: '@prisma/adapter-pg',
          options: { usePhantomQuery: false },
          queryRaw: run,
          executeRaw: async (query) => (await run(query)).rows.length,
          commit: async () => client.release(),
          rollback: async () => client.release(),
        }
      }
      return adapter
    }
    const client = ledger.client({ adapter: auditAdapter(factory) })
    await expect(client.account.count()).rejects.toThrow(
      /auditAdapter\(\) cannot be used: a transaction did not carry its context/,
    )
  })

  test('refuses a pg whose query class lacks a method, and names it', async () => {
    const pool = ledger.pool({ max: 1 })
    class Query extends (Reflect.get(pool, 'Client').Query as new (config: object) => object) {}
    Object.defineProperty(Query.prototype, 'prepare', { value: undefined })
    class Client extends (Reflect.get(pool, 'Client') as typeof pg.Client) {
      static readonly Query = Query
    }
    Reflect.set(pool, 'Client', Client)
    const client = ledger.client({ adapter: auditAdapter(new PrismaPg(pool)) })
    await expect(client.account.count()).rejects.toThrow(
      /auditAdapter\(\) cannot be used: this version of pg does not offer Query\.prepare/,
    )
  })

  test('refuses an adapter that keeps its pool elsewhere', async () => {
    const factory = new PrismaPg(ledger.pool({ max: 1 }))
    const connect = factory.connect.bind(factory)
    factory.connect = async () => {
      const adapter = await connect()
      const pool = Reflect.get(adapter, 'client')
      return Object.assign(adapter, { client: undefined, pool, underlyingDriver: () => pool })
    }
    const client = ledger.client({ adapter: auditAdapter(factory) })
    await expect(client.account.count()).rejects.toThrow(
      /this version of @prisma\/adapter-pg keeps its pool elsewhere/,
    )
  })
})
