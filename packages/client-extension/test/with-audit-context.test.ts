import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { AuditContextError, type PgClient, withAuditContext } from '../src/index.ts'
import { useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const ann = { username: 'ann', reason: 'job' }

const insert = (client: PgClient, name: string) =>
  client.query('INSERT INTO "Account" (name) VALUES ($1) RETURNING id', [name])

async function users(label: string): Promise<(string | null)[]> {
  return (await ledger.history(label)).map((row) => row.username)
}

async function connected<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const pool = ledger.pool({ max: 1 })
  const client = await pool.connect()
  try {
    return await work(client)
  } finally {
    client.release()
  }
}

const backend = 'SELECT pg_backend_pid() AS pid'

describe('on a client', () => {
  test('commits the work with its context and gives its result', async () => {
    const result = await connected((client) =>
      withAuditContext(client, ann, async (given) => {
        expect(given).toBe(client)
        await insert(given, 'committed')
        return 'done'
      }),
    )
    expect(result).toBe('done')
    expect(await ledger.history('committed')).toMatchObject([{ username: 'ann', reason: 'job' }])
  })

  test('rolls back when the work throws, and the error comes through as it is', async () => {
    const mine = new Error('mine')
    await connected(async (client) => {
      const outcome = withAuditContext(client, ann, async () => {
        await insert(client, 'rolled back')
        throw mine
      })
      await expect(outcome).rejects.toBe(mine)
      expect(client.getTransactionStatus()).toBe('I')
    })
    expect(await users('rolled back')).toEqual([])
  })

  test('a client of its own, not of a pool, works too', async () => {
    const client = new pg.Client({ connectionString: ledger.url })
    await client.connect()
    await withAuditContext(client, ann, () => insert(client, 'own client'))
    await client.end()
    expect(await users('own client')).toEqual(['ann'])
  })

  test('leaves no context on the connection', async () => {
    await connected(async (client) => {
      await withAuditContext(client, ann, () => insert(client, 'before'))
      await expect(insert(client, 'after')).rejects.toMatchObject({ code: 'AU001' })
    })
  })

  test('work that swallows an error does not pass for committed', async () => {
    await connected(async (client) => {
      const outcome = withAuditContext(client, ann, async () => {
        await insert(client, 'swallowed')
        await client.query('SELECT 1 / 0').catch(() => undefined)
      })
      await expect(outcome).rejects.toMatchObject({ code: 'TRANSACTION_ABORTED' })
    })
    expect(await users('swallowed')).toEqual([])
  })

  test('a refusal by the database is an AuditContextError', async () => {
    const outcome = connected((client) => withAuditContext(client, {}, () => insert(client, 'nobody')))
    await expect(outcome).rejects.toBeInstanceOf(AuditContextError)
    await expect(outcome).rejects.toMatchObject({
      code: 'AU001',
      setting: 'username',
      cause: { code: 'AU001' },
    })
  })

  test('a context that cannot be used is refused before anything is sent', async () => {
    const settings = [{ name: 'username', type: 'String', required: true }] as const
    await connected(async (client) => {
      const outcome = withAuditContext(client, { user: 'ann' }, () => insert(client, 'unknown'), { settings })
      await expect(outcome).rejects.toMatchObject({ code: 'UNKNOWN_SETTING' })
      expect(client.getTransactionStatus()).toBe('I')
    })
  })
})

/** pg before 8.17 does not know the state of its connection. */
const old = (client: pg.PoolClient): PgClient => ({ query: (text, values) => client.query(text, values) })

describe.each([
  ['a client', (client: pg.PoolClient): PgClient => client],
  ['a client that does not know its state', old],
])('inside an open transaction of %s', (kind, adapt) => {
  test("is not committed, and goes with the caller's rollback", async () => {
    await connected(async (client) => {
      await client.query('BEGIN')
      await withAuditContext(adapt(client), ann, (given) => insert(given, `rolled back of ${kind}`))
      expect(client.getTransactionStatus()).toBe('T')
      await client.query('ROLLBACK')
    })
    expect(await users(`rolled back of ${kind}`)).toEqual([])
  })

  test("undoes only its own part when the work throws, and the caller's transaction goes on", async () => {
    await connected(async (client) => {
      await client.query(`BEGIN; SELECT set_config('audit.username', 'caller', true)`)
      const outcome = withAuditContext(adapt(client), ann, async (given) => {
        await insert(given, `undone of ${kind}`)
        await given.query('SELECT 1 / 0')
      })
      await expect(outcome).rejects.toThrow('division by zero')
      await insert(client, `goes on of ${kind}`)
      await client.query('COMMIT')
    })
    expect(await users(`undone of ${kind}`)).toEqual([])
    expect(await users(`goes on of ${kind}`)).toEqual(['caller'])
  })

  test('brings back the context that was there before', async () => {
    await connected(async (client) => {
      await withAuditContext(adapt(client), ann, async (outer) => {
        await withAuditContext(outer, { username: 'ben' }, (inner) => insert(inner, `inner of ${kind}`))
        await insert(outer, `outer of ${kind}`)
      })
    })
    expect(await ledger.history(`inner of ${kind}`)).toMatchObject([{ username: 'ben', reason: 'job' }])
    expect(await ledger.history(`outer of ${kind}`)).toMatchObject([{ username: 'ann', reason: 'job' }])
  })

  test('outside one, it commits', async () => {
    await connected((client) =>
      withAuditContext(adapt(client), ann, (given) => insert(given, `alone of ${kind}`)),
    )
    expect(await users(`alone of ${kind}`)).toEqual(['ann'])
  })
})

describe('on a pool', () => {
  test('takes one client and gives it back', async () => {
    const pool = ledger.pool({ max: 1 })
    await Promise.all(
      Array.from({ length: 5 }, () => withAuditContext(pool, ann, (client) => insert(client, 'pooled'))),
    )
    expect(await users('pooled')).toEqual(['ann', 'ann', 'ann', 'ann', 'ann'])
    expect([pool.totalCount, pool.idleCount]).toEqual([1, 1])
  })

  test('keeps the client after a rollback', async () => {
    const pool = ledger.pool({ max: 1 })
    const { rows: before } = await pool.query(backend)
    await expect(withAuditContext(pool, ann, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect((await pool.query(backend)).rows).toEqual(before)
  })

  test('killed in mid-transaction: an error, nothing recorded, the client destroyed and the pool usable', async () => {
    const pool = ledger.pool({ max: 1 })
    const { rows: before } = await pool.query(backend)
    const outcome = withAuditContext(pool, ann, async (client) => {
      await insert(client, 'killed')
      await client.query('SELECT pg_terminate_backend(pg_backend_pid())')
    })
    await expect(outcome).rejects.toThrow()
    expect((await pool.query(backend)).rows).not.toEqual(before)
    expect(await users('killed')).toEqual([])
    await withAuditContext(pool, ann, (client) => insert(client, 'usable'))
    expect(await users('usable')).toEqual(['ann'])
  })

  test('destroys a client whose rollback was not acknowledged, though its connection lives', async () => {
    const pool = ledger.pool({ max: 1, query_timeout: 300 })
    const { rows: before } = await pool.query(backend)
    const outcome = withAuditContext(pool, ann, async (client) => {
      await insert(client, 'unacknowledged')
      await client.query('SELECT pg_sleep(2)')
    })
    await expect(outcome).rejects.toThrow(/timeout/i)
    expect((await pool.query(backend)).rows).not.toEqual(before)
    expect(await users('unacknowledged')).toEqual([])
  })
})
