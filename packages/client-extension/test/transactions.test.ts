import { describe, expect, test } from 'vitest'
import { auditContext } from '../src/index.ts'
import { type LedgerClient, type TransactionOptions, useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const base = ledger.client()
const audit = auditContext({ username: 'ann' })
const ann = base.$extends(audit)
const isolation = 'SELECT current_setting($1) AS level'

async function users(label: string): Promise<(string | null)[]> {
  return (await ledger.history(label)).map((row) => row.username)
}

describe('isolationLevel', () => {
  const levels = [
    ['ReadCommitted', 'read committed'],
    ['RepeatableRead', 'repeatable read'],
    ['Serializable', 'serializable'],
  ] as const

  test.each(levels)('%s of an interactive transaction holds', async (isolationLevel, level) => {
    const seen = await ann.$transaction(
      async (tx) => {
        await tx.account.create({ data: { name: `interactive ${level}` } })
        return tx.$queryRawUnsafe(isolation, 'transaction_isolation')
      },
      { isolationLevel },
    )
    expect(seen).toEqual([{ level }])
    expect(await users(`interactive ${level}`)).toEqual(['ann'])
  })

  test.each(levels)('%s of a batch holds', async (isolationLevel, level) => {
    const results = await ann.$transaction(
      [
        ann.account.create({ data: { name: `batch ${level}` } }),
        ann.$queryRawUnsafe(isolation, 'transaction_isolation'),
      ],
      { isolationLevel },
    )
    expect(results[1]).toEqual([{ level }])
    expect(await users(`batch ${level}`)).toEqual(['ann'])
  })

  test('Serializable prevents write skew', async () => {
    await ann.account.createMany({
      data: [
        { name: 'skew', balance: 1 },
        { name: 'skew', balance: 1 },
      ],
    })
    let arrived = 0
    let meet: () => void = () => undefined
    const both = new Promise<void>((resolve) => {
      meet = resolve
    })
    const withdraw = (which: 'asc' | 'desc') =>
      ann.$transaction(
        async (tx) => {
          const accounts = await tx.account.findMany({ where: { name: 'skew' }, orderBy: { id: which } })
          if (++arrived === 2) meet()
          await both
          const sum = accounts.reduce((total, account) => total + account.balance, 0)
          if (sum < 2) throw new Error('too little')
          await tx.account.update({ where: { id: accounts[0]?.id }, data: { balance: 0 } })
        },
        { isolationLevel: 'Serializable' },
      )
    const outcomes = await Promise.allSettled([withdraw('asc'), withdraw('desc')])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    // PostgreSQL notices at the UPDATE or at the COMMIT, as it happens; Prisma wraps the two differently.
    const [conflict] = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    const report = conflict.meta?.driverAdapterError?.cause ?? conflict.cause
    expect(report).toMatchObject({ originalCode: '40001' })
    expect((await ledger.history('skew')).filter((row) => row.operation === 'U')).toHaveLength(1)
  })

  test('a transaction takes its snapshot when the application first reads, not before', async () => {
    const seen = await ann.$transaction(
      async (tx) => {
        await ann.account.create({ data: { name: 'snapshot' } })
        return tx.account.count({ where: { name: 'snapshot' } })
      },
      { isolationLevel: 'RepeatableRead' },
    )
    expect(seen).toBe(1)
  })

  test('SET TRANSACTION and LOCK TABLE may be the first statements of a transaction', async () => {
    const seen = await ann.$transaction(async (tx) => {
      await tx.$executeRaw`SET TRANSACTION ISOLATION LEVEL SERIALIZABLE`
      await tx.$executeRaw`LOCK TABLE "Account" IN SHARE ROW EXCLUSIVE MODE`
      await tx.account.create({ data: { name: 'set first' } })
      return tx.$queryRawUnsafe(isolation, 'transaction_isolation')
    })
    expect(seen).toEqual([{ level: 'serializable' }])
    expect(await users('set first')).toEqual(['ann'])
  })

  test("a single write runs at the database's own level, whatever the client's default for transactions is", async () => {
    const transactionOptions = { isolationLevel: 'Serializable', maxWait: 1, timeout: 1 }
    const client = ledger.client({ transactionOptions })
    const strict = client.$extends(audit)
    expect(await strict.$queryRawUnsafe(isolation, 'transaction_isolation')).toEqual([
      { level: 'read committed' },
    ])
    await strict.$executeRaw`SELECT pg_sleep(0.1)`
  })
})

describe('limits', () => {
  const late: readonly TransactionOptions[] = [{ timeout: 100 }]

  test.each(late)(
    'an interactive transaction that exceeds its timeout fails with P2028 and records nothing',
    async (options) => {
      const outcome = ann.$transaction(async (tx) => {
        await tx.account.create({ data: { name: 'too late' } })
        await new Promise((resolve) => setTimeout(resolve, 300))
        await tx.account.create({ data: { name: 'too late' } })
      }, options)
      await expect(outcome).rejects.toMatchObject({ code: 'P2028' })
      expect(await users('too late')).toEqual([])
    },
  )

  test('a first write after the timeout fails with P2028 and records nothing', async () => {
    const outcome = ann.$transaction(
      async (tx) => {
        await new Promise((resolve) => setTimeout(resolve, 300))
        await tx.account.create({ data: { name: 'first too late' } })
      },
      { timeout: 100 },
    )
    await expect(outcome).rejects.toMatchObject({ code: 'P2028' })
    expect(await users('first too late')).toEqual([])
  })

  test('a batch that exceeds its timeout fails with P2028 and records nothing', async () => {
    const calls = [
      ann.account.create({ data: { name: 'batch too late' } }),
      ann.$executeRaw`SELECT pg_sleep(0.3)`,
      ann.account.create({ data: { name: 'batch too late' } }),
    ]
    await expect(ann.$transaction(calls, { timeout: 100 })).rejects.toMatchObject({ code: 'P2028' })
    expect(await users('batch too late')).toEqual([])
  })

  test('a transaction that waits longer than maxWait for a connection fails with P2028', async () => {
    const client = ledger.client({ max: 1 })
    const single = client.$extends(audit)
    await single.account.count() // connected
    const holding = single.$transaction((tx) => tx.$executeRaw`SELECT pg_sleep(0.5)`)
    await new Promise((resolve) => setTimeout(resolve, 100))
    const waiting = single.$transaction((tx) => tx.account.create({ data: { name: 'no wait' } }), {
      maxWait: 50,
    })
    await expect(waiting).rejects.toMatchObject({ code: 'P2028' })
    await holding
    expect(await users('no wait')).toEqual([])
  })

  test('a single write waits for a connection as long as it takes', async () => {
    const client = ledger.client({ max: 1, transactionOptions: { maxWait: 50 } })
    const single = client.$extends(audit)
    const holding = single.$transaction((tx) => tx.$executeRaw`SELECT pg_sleep(0.5)`, { maxWait: 30_000 })
    await new Promise((resolve) => setTimeout(resolve, 100))
    await single.account.create({ data: { name: 'patient' } })
    await holding
    expect(await users('patient')).toEqual(['ann'])
  })

  test('a single write may take longer than the 5 s that Prisma gives a transaction', async () => {
    const started = Date.now()
    await ann.entry.create({ data: { note: 'slow' } })
    expect(Date.now() - started).toBeGreaterThan(5500)
    expect(await users('slow')).toEqual(['ann'])
  })
})

describe('a pool of one connection', () => {
  const only: LedgerClient = ledger.client({ max: 1 }).$extends(audit)

  test('does not deadlock, whatever the call form', async () => {
    const create = (client: Pick<LedgerClient, 'account'>) => client.account.create({ data: { name: 'one' } })
    await Promise.all([
      create(only),
      only.$executeRaw`INSERT INTO "Account" (name) VALUES ('one')`,
      only.$transaction([create(only), create(only)]),
      only.$transaction(async (tx) => [await create(tx), await tx.$transaction(create)]),
      only.account.create({ data: { name: 'one', entries: { create: { note: 'one' } } } }),
    ])
    expect(await users('one')).toEqual(Array.from({ length: 8 }, () => 'ann'))
  })
})

describe('nesting', () => {
  test('a nested transaction that is rolled back first leaves the context to what follows', async () => {
    await ann.$transaction(async (tx) => {
      await tx.$transaction(() => Promise.reject(new Error('at once'))).catch(() => undefined)
      await tx.account.create({ data: { name: 'after nested' } })
    })
    expect(await users('after nested')).toEqual(['ann'])
  })

  test("a savepoint of the application's own that is rolled back leaves the context to what follows", async () => {
    await ann.$transaction(async (tx) => {
      await tx.$executeRaw`SAVEPOINT mine`
      await tx.account.create({ data: { name: 'undone' } })
      await tx.$executeRaw`ROLLBACK TO SAVEPOINT mine`
      await tx.account.create({ data: { name: 'after savepoint' } })
    })
    expect(await users('undone')).toEqual([])
    expect(await users('after savepoint')).toEqual(['ann'])
  })

  test('two levels of nesting, the inner one rolled back, record the outer ones', async () => {
    await ann.$transaction(async (tx) => {
      await tx.$transaction(async (inner) => {
        const innermost = inner.$transaction(async (deep) => {
          await deep.account.create({ data: { name: 'deep' } })
          throw new Error('undo')
        })
        await expect(innermost).rejects.toThrow('undo')
        await inner.account.create({ data: { name: 'inner' } })
      })
      await tx.account.create({ data: { name: 'outer' } })
    })
    expect([await users('deep'), await users('inner'), await users('outer')]).toEqual([[], ['ann'], ['ann']])
  })

  test('a batch within an interactive transaction carries the context', async () => {
    await ann.$transaction(async (tx) => {
      await tx.$transaction([tx.account.create({ data: { name: 'batch within' } }), tx.account.count()])
    })
    expect(await users('batch within')).toEqual(['ann'])
  })

  test('writes that run side by side in one transaction carry the context', async () => {
    await ann.$transaction((tx) =>
      Promise.all(Array.from({ length: 10 }, () => tx.account.create({ data: { name: 'side by side' } }))),
    )
    expect(await users('side by side')).toEqual(Array.from({ length: 10 }, () => 'ann'))
  })
})

describe('a statement of the application that undoes the settings', () => {
  test.each(['COMMIT AND CHAIN', '-- done\nROLLBACK AND CHAIN', 'COMMIT; BEGIN'])(
    '%j: what follows in the transaction has its name all the same',
    async (text) => {
      await ann.$transaction(async (tx) => {
        await tx.account.create({ data: { name: `before ${text}` } })
        await tx.$executeRawUnsafe(text)
        await tx.account.create({ data: { name: `after ${text}` } })
      })
      expect(await users(`after ${text}`)).toEqual(['ann'])
    },
  )

  test('a savepoint that is older than they are', async () => {
    await ann.$transaction(async (tx) => {
      await tx.$executeRaw`SAVEPOINT mine`
      await tx.account.create({ data: { name: 'undone' } })
      await tx.$executeRaw`ROLLBACK TO SAVEPOINT mine`
      await tx.account.create({ data: { name: 'behind the savepoint' } })
    })
    expect([await users('undone'), await users('behind the savepoint')]).toEqual([[], ['ann']])
  })
})
