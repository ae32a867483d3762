import { once } from 'node:events'
import type pg from 'pg'
import { describe, expect, test } from 'vitest'
import { auditedPool } from '../../src/adapter/audited-pool.ts'
import { auditContext } from '../../src/index.ts'
import { adapterClients } from '../fixture/adapter-clients.ts'
import { useLedger } from '../fixture/ledger.ts'

const ledger = await useLedger()
const { open, create, names, backends } = adapterClients(ledger)

/** Where a statement meets the audit: alone, as the first of a transaction, and after another one. */
const places = ['alone', 'first in a transaction', 'later in a transaction'] as const

function runAt(place: (typeof places)[number], user: string, text: string, ...values: unknown[]) {
  const { as, ...rest } = open()
  const db = as(user)
  const run = () => {
    if (place === 'alone') return db.$executeRawUnsafe(text, ...values)
    return db.$transaction(async (tx) => {
      if (place === 'later in a transaction') await create(tx, `before ${user}`)
      return tx.$executeRawUnsafe(text, ...values)
    })
  }
  return { db, as, run, ...rest }
}

describe.each(places)('%s', (place) => {
  test.each([
    ['at Parse', 'SELECT nothing FROM nowhere', [], /nowhere/],
    [
      'at Bind',
      'INSERT INTO "Account" (name, balance) VALUES ($1, $2::text::integer)',
      ['x', 'x'],
      /integer/,
    ],
    ['at Bind, a value of no such type', 'SELECT $1::uuid', ['no uuid'], /uuid/],
    ['at Execute', 'SELECT 1 / 0', [], /division/],
    ['at its time limit', `SET LOCAL statement_timeout = 50; SELECT pg_sleep(5)`, [], /statement timeout/],
    ['as COPY without a source', 'COPY "Account" (name) FROM STDIN', [], /COPY/i],
  ])('a statement that fails %s leaves a clean pool and no name', async (_, text, values, message) => {
    const { db, base, pool, run } = runAt(place, 'ann', text, ...values)
    await expect(run()).rejects.toThrow(message)
    await expect(create(base, 'nobody')).rejects.toThrow(/username/)
    const label = `after ${place}: ${text}`
    await create(db, label)
    await db.$transaction((tx) => create(tx, label))
    expect(await names(label)).toEqual(['ann', 'ann'])
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 1])
  })

  test('COPY to the client ends, as with the bare client', async () => {
    const { db, run } = runAt(place, 'ann', 'COPY (SELECT 1) TO STDOUT')
    await run()
    await create(db, `copied out ${place}`)
    expect(await names(`copied out ${place}`)).toEqual(['ann'])
  })

  test('an empty statement is one', async () => {
    const { db, run } = runAt(place, 'ann', '')
    await run()
    await create(db, `after nothing ${place}`)
    expect(await names(`after nothing ${place}`)).toEqual(['ann'])
  })

  test('a long run of comments before a statement is read in linear time', async () => {
    const comments = '/* and on */ -- and on\n'.repeat(2_000)
    const { run } = runAt(place, 'ann', `${comments} INSERT INTO "Account" (name) VALUES ('c ${place}')`)
    const started = performance.now()
    await run()
    expect(performance.now() - started).toBeLessThan(5_000)
    expect(await names(`c ${place}`)).toEqual(['ann'])
  })

  test('a value of 20 MB arrives whole', async () => {
    const { base } = open()
    const reason = 'ä€😀x'.repeat(2_000_000)
    const db = base.$extends(auditContext({ username: 'ann', reason }))
    const label = `long ${place}`
    if (place === 'alone') await create(db, label)
    else await db.$transaction((tx) => create(tx, label))
    const [row] = await ledger.history(label)
    expect(row?.reason === reason).toBe(true)
  })
})

describe('a statement that begins or ends a transaction by itself', () => {
  test('BEGIN alone: its connection does not serve again, so nobody inherits the name', async () => {
    const { base, as } = open()
    const [before] = await backends(base)
    await as('ann').$executeRawUnsafe('BEGIN')
    await expect(create(base, 'inherited')).rejects.toThrow(/username/)
    const [after] = await backends(base)
    expect(after).not.toEqual(before)
  })

  test('BEGIN of the bare client, and of the pool itself, does not carry the next name further', async () => {
    const { base, pool, as } = open()
    for (const begin of [() => base.$executeRawUnsafe('BEGIN'), () => pool.query('BEGIN')]) {
      await begin()
      await create(as('ann'), 'begun elsewhere')
      await expect(create(base, 'inherited')).rejects.toThrow(/username/)
      await begin()
      await as('ann').$transaction((tx) => create(tx, 'begun elsewhere'))
      await expect(create(base, 'inherited')).rejects.toThrow(/username/)
    }
    expect(await names('begun elsewhere')).toEqual(['ann', 'ann', 'ann', 'ann'])
  })

  test('BEGIN of the application on the same pool, with a name: the bare client does not inherit it', async () => {
    const { base, pool, as } = open()
    const client = await pool.connect()
    await client.query(`BEGIN; SELECT set_config('audit.username', 'somebody', true)`)
    client.release()
    await expect(create(base, 'inherited')).rejects.toThrow(/username/)
    await create(as('ann'), 'not inherited')
    expect(await names('not inherited')).toEqual(['ann'])
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 1])
  })

  test('BEGIN of the application, handed back while the bare client waits for the connection: it does not inherit it', async () => {
    const { base, pool } = open()
    const client = await pool.connect()
    await client.query(`BEGIN; SELECT set_config('audit.username', 'somebody', true)`)
    const waiting = expect(create(base, 'waited')).rejects.toThrow(/username/)
    await expect.poll(() => pool.waitingCount).toBe(1)
    client.release()
    await waiting
    expect(await names('waited')).toEqual([])
    // As pg's own pool does it after a statement that failed.
    expect(pool.totalCount).toBe(0)
  })

  test('many adapters over one pool listen to it once', async () => {
    const { pool } = open()
    for (let each = 0; each < 20; each += 1) auditedPool(pool as never, () => undefined)
    expect(pool.listenerCount('release')).toBe(1)
  })

  test.each(['COMMIT', 'commit', 'ROLLBACK', 'END', 'COMMIT AND CHAIN', 'ROLLBACK AND CHAIN', 'ABORT'])(
    '%s in an interactive transaction: what follows has its name all the same',
    async (text) => {
      const { base, as } = open()
      const label = `after ${text}`
      await as('ann').$transaction(async (tx) => {
        await create(tx, `before ${text}`)
        await tx.$executeRawUnsafe(text)
        await create(tx, label)
        await create(tx, label)
        await tx.$transaction((inner) => create(inner, label)).catch(() => undefined)
      })
      expect((await names(label)).slice(0, 2)).toEqual(['ann', 'ann'])
      expect(new Set(await names(label))).toEqual(new Set(['ann']))
      await expect(create(base, 'nobody')).rejects.toThrow(/username/)
    },
  )

  test.each(['COMMIT', 'ROLLBACK'])('%s first in an interactive transaction', async (text) => {
    const { base, as } = open()
    const label = `first ${text}`
    await as('ann').$transaction(async (tx) => {
      await tx.$executeRawUnsafe(text)
      await create(tx, label)
    })
    expect(await names(label)).toEqual(['ann'])
    await expect(create(base, 'nobody')).rejects.toThrow(/username/)
  })

  test.each(['ROLLBACK TO SAVEPOINT early', 'ROLLBACK TO SAVEPOINT early; SELECT 1'])(
    'a savepoint older than the first write and %s: what follows has its name',
    async (text) => {
      const { as } = open()
      await as('ann').$transaction(async (tx) => {
        await tx.$executeRawUnsafe('SAVEPOINT early')
        await create(tx, 'undone')
        await tx.$executeRawUnsafe(text)
        await create(tx, `after ${text}`)
      })
      expect(await names(`after ${text}`)).toEqual(['ann'])
      expect(await names('undone')).toEqual([])
    },
  )

  test('a procedure that commits is refused, as in every transaction: its writes would have no name', async () => {
    await ledger.query(`
      CREATE OR REPLACE PROCEDURE commits() LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO "Account" (name) VALUES ('of the procedure');
        COMMIT;
        INSERT INTO "Account" (name) VALUES ('of the procedure');
      END $$`)
    const { as } = open()
    await expect(as('ann').$executeRawUnsafe('CALL commits()')).rejects.toThrow(/transaction termination/)
    expect(await names('of the procedure')).toEqual([])
  })
})

test('SET TRANSACTION READ ONLY first: the write after it is refused as with the bare client', async () => {
  const { as } = open()
  const outcome = as('ann').$transaction(async (tx) => {
    await tx.$executeRawUnsafe('SET TRANSACTION READ ONLY')
    expect(await tx.account.count()).toBeGreaterThanOrEqual(0)
    await create(tx, 'read only')
  })
  await expect(outcome).rejects.toThrow(/read-only transaction/)
  await create(as('bob'), 'after read only')
  expect([await names('read only'), await names('after read only')]).toEqual([[], ['bob']])
})

test('a cursor is read in its transaction, between writes that have their name', async () => {
  const { as } = open()
  const found = await as('ann').$transaction(async (tx) => {
    await tx.$executeRawUnsafe('DECLARE numbers CURSOR FOR SELECT n FROM generate_series(1, 10) AS n')
    const first = await tx.$queryRawUnsafe<{ n: number }[]>('FETCH 3 FROM numbers')
    await create(tx, 'between')
    const second = await tx.$queryRawUnsafe<{ n: number }[]>('FETCH 3 FROM numbers')
    await tx.$executeRawUnsafe('CLOSE numbers')
    return [...first, ...second].map(({ n }) => n)
  })
  expect(found).toEqual([1, 2, 3, 4, 5, 6])
  expect(await names('between')).toEqual(['ann'])
})

test('LISTEN and NOTIFY work beside and through the pool', async () => {
  const { pool, as } = open({ max: 2 })
  const listener = await pool.connect()
  await listener.query('LISTEN written')
  const heard = once(listener, 'notification') as Promise<pg.Notification[]>
  await as('ann').$transaction(async (tx) => {
    await tx.$executeRawUnsafe(`NOTIFY written, 'by ann'`)
    await create(tx, 'notified')
  })
  expect((await heard)[0]?.payload).toBe('by ann')
  listener.release(true)

  // The connection that writes is told by itself, in the middle of its own answers.
  await as('bob').$executeRawUnsafe('LISTEN written')
  for (let index = 0; index < 5; index++) {
    await as('bob').$executeRawUnsafe('NOTIFY written')
    await create(as('bob'), 'told by itself')
  }
  expect(new Set(await names('told by itself'))).toEqual(new Set(['bob']))
  expect(await names('notified')).toEqual(['ann'])
})

test('a notice in the middle of a flush changes nothing', async () => {
  const { pool, as } = open()
  const notices: string[] = []
  pool.on('connect', (client: pg.PoolClient) =>
    client.on('notice', ({ message }) => notices.push(String(message))),
  )
  const raise = `DO $$ BEGIN RAISE NOTICE 'seen'; INSERT INTO "Account" (name) VALUES ('noticed'); END $$`
  await as('ann').$executeRawUnsafe(raise)
  await as('ann').$transaction((tx) => tx.$executeRawUnsafe(raise))
  await create(as('ann'), 'noticed')
  expect(notices).toEqual(['seen', 'seen'])
  expect(await names('noticed')).toEqual(['ann', 'ann', 'ann'])
})
