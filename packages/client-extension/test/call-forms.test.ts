import { makeTypedQueryFactory } from '@prisma/client/runtime/client'
import { describe, expect, test } from 'vitest'
import { auditContext } from '../src/index.ts'
import { type LedgerTransaction, useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const base = ledger.client()
const ann = base.$extends(auditContext({ username: 'ann', reason: 'test' }))

/** A call form: what must be there before it, the call, and the operations that the history must show. */
interface Form {
  readonly name: string
  readonly before?: (client: LedgerTransaction, label: string) => Promise<unknown>
  readonly call: (client: LedgerTransaction, label: string) => Promise<unknown>
  readonly captured: string
}

/** What `prisma generate --sql` makes of a file of SQL. */
const addTyped = makeTypedQueryFactory('INSERT INTO "Account" (name) VALUES ($1) RETURNING id') as (
  name: string,
) => object

const add = (client: LedgerTransaction, name: string) => client.account.create({ data: { name, code: name } })

const forms: readonly Form[] = [
  { name: 'create', call: add, captured: 'I' },
  {
    name: 'update',
    before: add,
    call: (client, label) => client.account.update({ where: { code: label }, data: { balance: 1 } }),
    captured: 'U',
  },
  {
    name: 'delete',
    before: add,
    call: (client, label) => client.account.delete({ where: { code: label } }),
    captured: 'D',
  },
  {
    name: 'upsert that creates',
    call: (client, label) =>
      client.account.upsert({ where: { code: label }, create: { name: label, code: label }, update: {} }),
    captured: 'I',
  },
  {
    name: 'upsert that updates',
    before: add,
    call: (client, label) =>
      client.account.upsert({
        where: { code: label },
        create: { name: label },
        update: { balance: { increment: 1 } },
        include: { entries: true },
      }),
    captured: 'U',
  },
  {
    name: 'createMany',
    call: (client, label) => client.account.createMany({ data: [{ name: label }, { name: label }] }),
    captured: 'II',
  },
  {
    name: 'createManyAndReturn',
    call: (client, label) => client.account.createManyAndReturn({ data: [{ name: label }, { name: label }] }),
    captured: 'II',
  },
  {
    name: 'updateMany',
    before: add,
    call: (client, label) => client.account.updateMany({ where: { name: label }, data: { balance: 2 } }),
    captured: 'U',
  },
  {
    name: 'updateManyAndReturn',
    before: add,
    call: (client, label) =>
      client.account.updateManyAndReturn({ where: { name: label }, data: { balance: 2 } }),
    captured: 'U',
  },
  {
    name: 'deleteMany',
    before: add,
    call: (client, label) => client.account.deleteMany({ where: { name: label } }),
    captured: 'D',
  },
  {
    name: 'nested write',
    call: (client, label) =>
      client.account.create({
        data: { name: label, entries: { create: [{ note: label }, { note: label }] } },
      }),
    captured: 'III',
  },
  {
    name: '$executeRaw',
    call: (client, label) => client.$executeRaw`INSERT INTO "Account" (name) VALUES (${label})`,
    captured: 'I',
  },
  {
    name: '$executeRawUnsafe',
    call: (client, label) => client.$executeRawUnsafe('INSERT INTO "Account" (name) VALUES ($1)', label),
    captured: 'I',
  },
  {
    name: '$queryRaw',
    call: (client, label) => client.$queryRaw`INSERT INTO "Account" (name) VALUES (${label}) RETURNING id`,
    captured: 'I',
  },
  {
    name: '$queryRawUnsafe',
    call: (client, label) =>
      client.$queryRawUnsafe('INSERT INTO "Account" (name) VALUES ($1) RETURNING id', label),
    captured: 'I',
  },
  {
    name: 'several statements in one $executeRawUnsafe',
    call: (client, label) =>
      client.$executeRawUnsafe(
        `INSERT INTO "Account" (name) VALUES ('${label}'); INSERT INTO "Entry" (note) VALUES ('${label}')`,
      ),
    captured: 'II',
  },
  {
    name: 'TypedSQL',
    call: (client, label) => client.$queryRawTyped(addTyped(label)),
    captured: 'I',
  },
  {
    name: '$queryRaw of a function that writes',
    call: (client, label) => client.$queryRaw`SELECT add_account(${label})`,
    captured: 'I',
  },
]

/** The operations captured by the call itself, all of which must carry the context and one transaction. */
async function captured(label: string, before: number): Promise<string> {
  const rows = (await ledger.history(label)).slice(before)
  for (const row of rows) expect(row).toMatchObject({ username: 'ann', reason: 'test' })
  expect(new Set(rows.map((row) => row.transaction_id)).size).toBeLessThanOrEqual(1)
  return rows.map((row) => row.operation).join('')
}

describe.each(forms)('$name', ({ name, before, call, captured: expected }) => {
  const prepare = async (label: string) => {
    await before?.(ann, label)
    return (await ledger.history(label)).length
  }

  test('records the context', async () => {
    const label = `single ${name}`
    const count = await prepare(label)
    await call(ann, label)
    expect(await captured(label, count)).toBe(expected)
  })

  test('gives what the bare client gives', async () => {
    const plain = base.$extends({})
    await ledger.query('ALTER TABLE "Account" DISABLE TRIGGER USER')
    await ledger.query('ALTER TABLE "Entry" DISABLE TRIGGER USER')
    try {
      await before?.(plain, 'same')
      const bare = await call(plain, 'same')
      await ledger.query('DELETE FROM "Entry"; DELETE FROM "Account" WHERE name = \'same\'')
      await before?.(ann, 'same')
      const audited = await call(ann, 'same')
      await ledger.query('DELETE FROM "Entry"; DELETE FROM "Account" WHERE name = \'same\'')
      expect(withoutIds(audited)).toEqual(withoutIds(bare))
    } finally {
      await ledger.query('ALTER TABLE "Account" ENABLE TRIGGER USER')
      await ledger.query('ALTER TABLE "Entry" ENABLE TRIGGER USER')
    }
  })

  test('records the context in an interactive transaction', async () => {
    const label = `interactive ${name}`
    const count = await prepare(label)
    await ann.$transaction((tx) => call(tx, label))
    expect(await captured(label, count)).toBe(expected)
  })

  test('goes with the rollback of an interactive transaction', async () => {
    const label = `interactive rollback ${name}`
    const count = await prepare(label)
    const outcome = ann.$transaction(async (tx) => {
      await call(tx, label)
      throw new Error('changed my mind')
    })
    await expect(outcome).rejects.toThrow('changed my mind')
    expect(await captured(label, count)).toBe('')
  })

  test('records the context in a batch', async () => {
    const label = `batch ${name}`
    const count = await prepare(label)
    await ann.$transaction([ann.account.count(), call(ann, label)])
    expect(await captured(label, count)).toBe(expected)
  })

  test('goes with the rollback of a batch', async () => {
    const label = `batch rollback ${name}`
    const count = await prepare(label)
    await expect(ann.$transaction([call(ann, label), ann.$executeRaw`SELECT 1 / 0`])).rejects.toThrow(
      /division/,
    )
    expect(await captured(label, count)).toBe('')
  })

  test('records the context in a nested transaction', async () => {
    const label = `nested ${name}`
    const count = await prepare(label)
    await ann.$transaction((tx) => tx.$transaction((inner) => call(inner, label)))
    expect(await captured(label, count)).toBe(expected)
  })

  test('goes with the rollback of a nested transaction, and what follows it keeps the context', async () => {
    const label = `nested rollback ${name}`
    const count = await prepare(label)
    await ann.$transaction(async (tx) => {
      const nested = tx.$transaction(async (inner) => {
        await call(inner, label)
        throw new Error('only this part')
      })
      await expect(nested).rejects.toThrow('only this part')
      await call(tx, label)
    })
    expect(await captured(label, count)).toBe(expected)
  })
})

test('a call that is not awaited does not run', async () => {
  void ann.account.create({ data: { name: 'never' } })
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(await ledger.history('never')).toEqual([])
})

function withoutIds(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, part) => (/id$/i.test(key) || key === 'add_account' ? 0 : part)),
  )
}
