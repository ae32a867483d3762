import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { auditAdapter } from '../../src/adapter/adapter-pg.ts'
import { auditContext } from '../../src/index.ts'
import { adapterClients } from '../fixture/adapter-clients.ts'
import { type LedgerClient, useLedger } from '../fixture/ledger.ts'

const ledger = await useLedger()

const { open, create, names, backends, kill } = adapterClients(ledger)

describe('a context never reaches a statement of somebody else', () => {
  test('three batches in one tick, each with its own', async () => {
    const { as } = open({ max: 4 })
    for (let round = 0; round < 20; round++) {
      const label = `batch ${round}`
      await Promise.all(
        ['ann', 'bob', 'eve'].map((user) => {
          const db = as(user)
          return db.$transaction([create(db, `${label} ${user}`), create(db, `${label} ${user}`)])
        }),
      )
      for (const user of ['ann', 'bob', 'eve']) expect(await names(`${label} ${user}`)).toEqual([user, user])
    }
  })

  test('a batch of the bare client in the tick of an audited write has none', async () => {
    const { base, as } = open({ max: 4 })
    const attempts = Array.from({ length: 20 }, (_, round) =>
      Promise.allSettled([
        create(as('ann'), `mixed ${round}`),
        base.$transaction([create(base, `bare ${round}`)]),
        base.account.create({ data: { name: `bare ${round}` } }),
      ]),
    )
    for (const outcomes of await Promise.all(attempts)) {
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    }
  })

  test('on a pool of one, where each connection is handed over in the context of who releases it', async () => {
    const { as } = open({ max: 1 })
    const users = Array.from({ length: 60 }, (_, index) => `user${index}`)
    await Promise.all(
      users.map((user, index) => {
        const db = as(user)
        if (index % 3 === 0) return create(db, `turn ${user}`)
        if (index % 3 === 1) return db.$transaction([create(db, `turn ${user}`)])
        return db.$transaction((tx) => create(tx, `turn ${user}`))
      }),
    )
    for (const user of users) expect(await names(`turn ${user}`)).toEqual([user])
  })

  test('an extension that looks something up in the same tick', async () => {
    const { base, as } = open({ max: 4 })
    const looking = (user: string): LedgerClient =>
      base
        .$extends({
          query: {
            async $allOperations({
              args,
              query,
            }: {
              args: unknown
              query: (args: unknown) => Promise<unknown>
            }) {
              await base.account.findUnique({ where: { code: user } })
              return query(args)
            },
          },
        })
        .$extends(auditContext({ username: user }))
    await Promise.all(['ann', 'bob', 'eve'].map((user) => create(looking(user), `looked ${user}`)))
    for (const user of ['ann', 'bob', 'eve']) expect(await names(`looked ${user}`)).toEqual([user])
    await expect(create(as('zoe'), 'looked zoe').then(() => names('looked zoe'))).resolves.toEqual(['zoe'])
  })

  test('none is left on the connection afterwards, whatever ended the call', async () => {
    const { base, as } = open({ max: 1 })
    const ann = as('ann')
    await create(ann, 'left')
    await expect(ann.$executeRaw`SELECT 1 / 0`).rejects.toThrow(/division/)
    await expect(ann.$transaction([create(ann, 'left'), ann.$executeRaw`SELECT 1 / 0`])).rejects.toThrow()
    await expect(ann.$transaction(async (tx) => Promise.reject(await create(tx, 'left')))).rejects.toThrow()
    await expect(create(base, 'left')).rejects.toThrow(/username/)
  })
})

describe('a transaction that cannot begin', () => {
  test('fails at its first statement, and commits nothing when the callback swallows that', async () => {
    const { as } = open()
    const ann = as('ann')
    const [backend] = await backends(ann)
    const outcome = ann.$transaction(async (tx) => {
      await kill(backend?.pid) // the connection is taken, nothing was sent on it
      await create(tx, 'never').catch(() => undefined)
      await create(tx, 'never').catch(() => undefined)
      return 'swallowed'
    })
    await expect(outcome).rejects.toThrow()
    expect(await ledger.history('never')).toEqual([])
    await create(ann, 'after the kill')
    expect(await names('after the kill')).toEqual(['ann'])
  })

  test('lets none of the statements that wait behind it run by itself', async () => {
    const { as } = open()
    const ann = as('ann')
    const [backend] = await backends(ann)
    const outcomes: PromiseSettledResult<unknown>[] = []
    const outcome = ann.$transaction(async (tx) => {
      await kill(backend?.pid)
      outcomes.push(...(await Promise.allSettled([1, 2, 3].map(() => create(tx, 'behind')))))
    })
    await expect(outcome).rejects.toThrow()
    // Prisma sends them as one group, of which it lets the first one fail and gives the others nothing.
    expect(outcomes.map((each) => (each.status === 'rejected' ? 'rejected' : each.value))).toEqual([
      'rejected',
      undefined,
      undefined,
    ])
    expect(await ledger.history('behind')).toEqual([])
  })
})

describe('a transaction', () => {
  test('keeps the order of statements that are not awaited, the end behind them', async () => {
    const { as } = open()
    await as('ann').$transaction(async (tx) => {
      const calls = Array.from(
        { length: 20 },
        (_, index) => tx.$executeRaw`INSERT INTO "Account" (name) VALUES (${`order ${index}`})`,
      )
      await Promise.all(calls)
    })
    const rows = await ledger.query<{ label: string }>(
      `SELECT label FROM audit.history WHERE label LIKE 'order %' ORDER BY audit_id`,
    )
    expect(rows.map(({ label }) => label)).toEqual(Array.from({ length: 20 }, (_, index) => `order ${index}`))
  })

  test.each(['ReadUncommitted', 'ReadCommitted', 'RepeatableRead', 'Serializable'])(
    'runs at %s when asked to',
    async (isolationLevel) => {
      const { as } = open()
      const found = await as('ann').$transaction(
        (tx) => tx.$queryRaw<object[]>`SELECT current_setting('transaction_isolation') AS level`,
        { isolationLevel },
      )
      const level = isolationLevel.replace(/(?!^)[A-Z]/, (letter) => ` ${letter}`).toLowerCase()
      expect(found).toEqual([{ level }])
    },
  )

  test('sees at REPEATABLE READ what was there at its first statement, and no later row', async () => {
    const { as } = open({ max: 2 })
    const count = (tx: Pick<LedgerClient, 'account'>) => tx.account.count({ where: { name: 'phantom' } })
    const seen = await as('ann').$transaction(
      async (tx) => {
        await create(as('bob'), 'phantom') // the transaction is open for Prisma, and has sent nothing
        const first = await count(tx)
        await create(as('bob'), 'phantom')
        return [first, await count(tx)]
      },
      { isolationLevel: 'RepeatableRead' },
    )
    expect(seen).toEqual([1, 1])
  })

  test('may begin with LOCK TABLE or SET TRANSACTION, and its writes carry the context all the same', async () => {
    const { as } = open()
    await as('ann').$transaction(async (tx) => {
      await tx.$executeRawUnsafe('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ')
      await tx.$executeRawUnsafe('LOCK TABLE "Entry" IN SHARE MODE')
      await create(tx, 'after the lock')
    })
    expect(await names('after the lock')).toEqual(['ann'])
    const db = as('bob')
    await db.$transaction([
      db.$executeRawUnsafe('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE'),
      create(db, 'after set transaction'),
    ])
    expect(await names('after set transaction')).toEqual(['bob'])
  })

  test('may begin with several statements in one text', async () => {
    const { as } = open()
    const two = `INSERT INTO "Account" (name) VALUES ('several'); INSERT INTO "Account" (name) VALUES ('several')`
    await as('ann').$transaction((tx) => tx.$executeRawUnsafe(two))
    await as('ann').$executeRawUnsafe(two)
    expect(await names('several')).toEqual(['ann', 'ann', 'ann', 'ann'])
  })

  test('goes on after a savepoint was rolled back, with its context', async () => {
    const { as } = open()
    await as('ann').$transaction(async (tx) => {
      const inner = tx.$transaction(async (nested) => {
        await create(nested, 'undone')
        throw new Error('undo')
      })
      await expect(inner).rejects.toThrow('undo')
      await create(tx, 'kept')
    })
    expect(await ledger.history('undone')).toEqual([])
    expect(await names('kept')).toEqual(['ann'])
  })

  test('whose connection is killed leaves none in the pool that is not clean', async () => {
    const { pool, as } = open({ max: 2 })
    const ann = as('ann')
    const killed = ann.$transaction(async (tx) => {
      const [backend] = await backends(tx)
      await kill(backend?.pid)
      await create(tx, 'killed')
    })
    await expect(killed).rejects.toThrow()
    expect(await ledger.history('killed')).toEqual([])
    await Promise.all([create(ann, 'whole'), create(ann, 'whole'), create(ann, 'whole')])
    expect(await names('whole')).toEqual(['ann', 'ann', 'ann'])
    expect(pool.totalCount).toBeLessThanOrEqual(2)
  })

  test('that is abandoned at its time limit is rolled back before its connection serves again', async () => {
    const { as } = open()
    const ann = as('ann')
    const late = ann.$transaction(
      async (tx) => {
        await create(tx, 'late')
        await new Promise((resolve) => setTimeout(resolve, 400))
        await create(tx, 'late')
      },
      { timeout: 100 },
    )
    await expect(late).rejects.toThrow()
    await create(ann, 'on time')
    expect(await ledger.history('late')).toEqual([])
    expect(await names('on time')).toEqual(['ann'])
  })
})

describe('prepared statements with names', () => {
  const named = {
    statementNameGenerator: ({ sql }: { sql: string }) =>
      `s${sql.length}_${sql.slice(-20).replace(/\W/g, '_')}`,
  }

  test('are prepared once, and carry the context every time', async () => {
    const { base, as } = open({}, named)
    for (const user of ['ann', 'bob', 'ann']) await create(as(user), 'named')
    expect(await names('named')).toEqual(['ann', 'bob', 'ann'])
    const prepared = await base.$queryRaw<{ n: bigint }[]>`
      SELECT count(*) AS n FROM pg_prepared_statements WHERE statement LIKE 'INSERT INTO "public"."Account"%'`
    expect(Number(prepared[0]?.n)).toBe(1)
  })

  test('survive a flush in which the server skipped them', async () => {
    const { as } = open({}, named)
    await as('ann').$transaction(async (tx) => {
      await tx.$executeRawUnsafe('SAVEPOINT here')
      await expect(tx.$executeRaw`SELECT 1 / 0`).rejects.toThrow(/division/)
      await expect(create(tx, 'skipped')).rejects.toThrow(/aborted/)
      await tx.$executeRawUnsafe('ROLLBACK TO SAVEPOINT here')
      await create(tx, 'skipped')
    })
    expect(await names('skipped')).toEqual(['ann'])
  })
})

test("pg's own pipeline mode carries the context of each", async () => {
  const { as } = open({ max: 2, pipeline: true } as pg.PoolConfig)
  await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const db = as(`user${index}`)
      if (index % 2) await create(db, `pipelined ${index}`)
      else
        await db.$transaction(async (tx) =>
          Promise.all([create(tx, `pipelined ${index}`), create(tx, `pipelined ${index}`)]),
        )
    }),
  )
  for (let index = 0; index < 30; index++) {
    expect(new Set(await names(`pipelined ${index}`))).toEqual(new Set([`user${index}`]))
  }
})

test('the pool that the application gave stays as it is', async () => {
  const { pool, base, as } = open()
  const own = Object.getOwnPropertyNames(pool)
  await create(as('ann'), 'given')
  expect(Object.getOwnPropertyNames(pool)).toEqual(own)
  await expect(pool.query(`INSERT INTO "Account" (name) VALUES ('by the pool')`)).rejects.toThrow(/username/)
  await base.$disconnect()
  expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
})

describe('a driver that does not fit', () => {
  test('is refused before the first query, in words', () => {
    const other = { provider: 'postgres', adapterName: '@prisma/adapter-neon', connect: async () => ({}) }
    expect(() => auditAdapter(other)).toThrow(/made for @prisma\/adapter-pg, not for @prisma\/adapter-neon/)
  })

  test('an adapter that passes its statements in another way is found out at connect', async () => {
    const factory = new PrismaPg(ledger.pool({ max: 1 }))
    const connect = factory.connect.bind(factory)
    factory.connect = async () => {
      const adapter = await connect()
      const pool: pg.Pool = Reflect.get(adapter, 'client')
      // As a version would that has found another way to its pool.
      return Object.assign(adapter, {
        queryRaw: async ({ sql }: { sql: string }) => ({
          columnNames: [],
          columnTypes: [],
          rows: (await pool.query({ text: sql, rowMode: 'array' })).rows,
        }),
      })
    }
    const client = ledger.client({ adapter: auditAdapter(factory) })
    await expect(client.account.count()).rejects.toThrow(
      /auditAdapter\(\) cannot be used: a single statement did not carry its context/,
    )
  })
})
