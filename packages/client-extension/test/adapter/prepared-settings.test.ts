import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { auditAdapter } from '../../src/adapter/adapter-pg.ts'
import { auditContext } from '../../src/index.ts'
import { useLedger } from '../fixture/ledger.ts'

const ledger = await useLedger()

function open(config: pg.PoolConfig = {}) {
  const pool = ledger.pool({ max: 1, ...config })
  const base = ledger.client({ adapter: auditAdapter(new PrismaPg(pool)) })
  const create = (username: string, name: string) =>
    base.$extends(auditContext({ username })).account.create({ data: { name } })
  return { pool, create }
}

const names = async (label: string) => (await ledger.history(label)).map(({ username }) => username)
const prepared = async ({ pool }: ReturnType<typeof open>) => {
  const { rows } = await pool.query<{ name: string; uses: number }>(
    `SELECT name, (generic_plans + custom_plans)::int AS uses FROM pg_prepared_statements
     WHERE statement LIKE '%audit.username%'`,
  )
  return rows
}

test('the settings of single writes are parsed once on a connection', async () => {
  const opened = open()
  for (const user of ['ann', 'bob', 'ann']) await opened.create(user, 'parsed once')
  expect(await names('parsed once')).toEqual(['ann', 'bob', 'ann'])
  expect(await prepared(opened)).toMatchObject([{ uses: 3 }])
})

test('a write whose connection has forgotten them runs once, with its context', async () => {
  const opened = open()
  await opened.create('ann', 'forgotten')
  await opened.pool.query('DEALLOCATE ALL')
  for (const user of ['bob', 'eve']) await opened.create(user, 'forgotten')
  expect(await names('forgotten')).toEqual(['ann', 'bob', 'eve'])
  expect(await prepared(opened)).toEqual([])
})

test('a write on a connection that has them from somebody else runs once, with its context', async () => {
  const first = open()
  await first.create('ann', 'taken')
  const [statement] = await prepared(first)
  const second = open()
  await second.pool.query(`PREPARE "${statement?.name}" AS SELECT 'something else'`)
  for (const user of ['bob', 'eve']) await second.create(user, 'taken')
  expect(await names('taken')).toEqual(['ann', 'bob', 'eve'])
})

test('names that the application gives to its statements do not meet with them', async () => {
  const named = {
    statementNameGenerator: ({ sql }: { sql: string }) =>
      `${sql.length}_${sql.replace(/\W/g, '_')}`.slice(0, 60),
  }
  const base = ledger.client({ adapter: auditAdapter(new PrismaPg(ledger.pool({ max: 1 }), named)) })
  const db = base.$extends(auditContext({ username: 'ann' }))
  const create = (client: Pick<typeof db, 'account'>) =>
    client.account.create({ data: { name: 'own names' } })
  for (let turn = 0; turn < 2; turn++) {
    await create(db)
    await db.$transaction([create(db), create(db)])
    await db.$transaction(async (tx) => {
      await tx.$executeRawUnsafe('SELECT 1')
      await create(tx)
    })
  }
  expect(await names('own names')).toEqual(Array.from({ length: 8 }, () => 'ann'))
})

test("in pg's own pipeline mode each write whose settings were forgotten runs once, with its context", async () => {
  const opened = open({ pipeline: true } as pg.PoolConfig)
  await opened.create('ann', 'pipelined')
  await opened.pool.query('DEALLOCATE ALL')
  const users = Array.from({ length: 20 }, (_, index) => `user${index}`)
  await Promise.all(users.map((user) => opened.create(user, 'pipelined')))
  expect((await names('pipelined')).toSorted()).toEqual(['ann', ...users].toSorted())
})
