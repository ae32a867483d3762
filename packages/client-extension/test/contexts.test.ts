import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, test } from 'vitest'
import { type AuditContext, auditContext } from '../src/index.ts'
import { type LedgerTransaction, useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const base = ledger.client({ transactionOptions: { maxWait: 30_000, timeout: 30_000 } })

const add = (client: LedgerTransaction, name: string) => client.account.create({ data: { name } })

async function users(label: string): Promise<(string | null)[]> {
  return (await ledger.history(label)).map((row) => row.username)
}

describe('a context function', () => {
  const store = new AsyncLocalStorage<AuditContext>()
  const db = base.$extends(auditContext(() => store.getStore()))

  test("is asked in the caller's async context, also when many callers are released in one tick", async () => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const callers = Array.from({ length: 30 }, (_, index) =>
      store.run({ username: `user ${index}` }, async () => {
        await gate
        const label = `tick user ${index}`
        if (index % 3 === 0) return add(db, label)
        if (index % 3 === 1) return db.$transaction([add(db, label)])
        return db.$transaction((tx) => add(tx, label))
      }),
    )
    release()
    await Promise.all(callers)
    for (let index = 0; index < 30; index++)
      expect(await users(`tick user ${index}`)).toEqual([`user ${index}`])
  })

  test('fixes the context of a transaction at its start', async () => {
    let username = 'first'
    const changing = base.$extends(auditContext(() => ({ username })))
    await changing.$transaction(async (tx) => {
      username = 'second'
      await add(tx, 'fixed at start')
    })
    expect(await users('fixed at start')).toEqual(['first'])
  })

  test('that answers undefined leaves the call as on the bare client', async () => {
    await expect(add(db, 'nobody')).rejects.toMatchObject({ code: 'AU001', setting: 'username' })
    await expect(db.$transaction([add(db, 'nobody')])).rejects.toMatchObject({ code: 'AU001' })
    await expect(db.$transaction((tx) => add(tx, 'nobody'))).rejects.toMatchObject({ code: 'AU001' })
    expect(await users('nobody')).toEqual([])
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no session')
      },
      'no session',
    ],
    ['answers a promise', () => Promise.resolve({ username: 'ann' }), 'must be an object of settings'],
  ])('that %s rejects the operation and runs nothing', async (_, context, message) => {
    const broken = base.$extends(auditContext(context as unknown as () => AuditContext))
    await expect(add(broken, 'broken')).rejects.toThrow(message)
    await expect(broken.$transaction([add(broken, 'broken')])).rejects.toThrow(message)
    await expect(broken.$transaction((tx) => add(tx, 'broken'))).rejects.toThrow(message)
    await expect(broken.$executeRaw`INSERT INTO "Account" (name) VALUES ('broken')`).rejects.toThrow(message)
    expect(await ledger.query('SELECT FROM "Account" WHERE name = $1', ['broken'])).toEqual([])
  })
})

describe('several audited clients', () => {
  const ann = base.$extends(auditContext({ username: 'ann', reason: 'hers' }))
  const ben = base.$extends(auditContext({ username: 'ben' }))

  test('of one base client, interleaved, record each its own context', async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? add(ann, 'of ann') : add(ben, 'of ben'))),
    )
    expect(new Set(await users('of ann'))).toEqual(new Set(['ann']))
    expect(new Set(await users('of ben'))).toEqual(new Set(['ben']))
  })

  test('auditing an audited client replaces its context', async () => {
    const again = ann.$extends(auditContext({ username: 'cleo' }))
    await add(again, 'replaced')
    await again.$transaction([add(again, 'replaced')])
    await again.$transaction((tx) => add(tx, 'replaced'))
    expect((await ledger.history('replaced')).map(({ username, reason }) => [username, reason])).toEqual(
      Array.from({ length: 3 }, () => ['cleo', null]),
    )
  })

  test('auditing an audited client leaves that client as it was', async () => {
    ann.$extends(auditContext({ username: 'cleo' }))
    await add(ann, 'still ann')
    expect(await users('still ann')).toEqual(['ann'])
  })

  test('a transaction has the identity of the client that opens it', async () => {
    await ben.$transaction([add(ann, 'opened by ben')])
    expect(await users('opened by ben')).toEqual(['ben'])
  })

  test("an audited call in the bare client's batch keeps its context", async () => {
    await base.$transaction([base.account.count(), add(ann, 'in a bare batch'), add(ben, 'in a bare batch')])
    expect(await users('in a bare batch')).toEqual(['ann', 'ben'])
  })

  test("an invalid audited call in the bare client's batch runs nothing of it", async () => {
    const invalid = ann.account.create({ data: { nonsense: 1 } })
    const outcome = base.$transaction([add(ann, 'half a batch'), invalid])
    await expect(outcome).rejects.toThrow('Argument `name` is missing')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await ledger.query('SELECT FROM "Account" WHERE name = $1', ['half a batch'])).toEqual([])
  })
})

describe('a connection', () => {
  test('that has carried a value shows none afterwards', async () => {
    const client = ledger.client({ max: 1 })
    const audited = client.$extends(auditContext({ username: 'ann', reason: 'once' }))
    await add(audited, 'carried')
    await audited.$transaction((tx) => add(tx, 'carried'))
    const left = client.$queryRaw`SELECT nullif(current_setting('audit.username', true), '') AS username`
    expect(await left).toEqual([{ username: null }])
    const other = client.$extends(auditContext({ username: 'ben' }))
    await add(other, 'next')
    expect(await ledger.history('next')).toMatchObject([{ username: 'ben', reason: null }])
    await expect(add(client, 'bare')).rejects.toThrow(/audit\.username/)
  })

  test.each([
    [
      'single',
      (client: LedgerTransaction) => client.$executeRaw`SELECT pg_terminate_backend(pg_backend_pid())`,
    ],
    [
      'interactive',
      (client: LedgerTransaction) =>
        client.$transaction(async (tx) => {
          await add(tx, 'killed')
          await tx.$executeRaw`SELECT pg_terminate_backend(pg_backend_pid())`
          await add(tx, 'killed')
        }),
    ],
    [
      'batch',
      (client: LedgerTransaction) =>
        client.$transaction([
          add(client, 'killed'),
          client.$executeRaw`SELECT pg_terminate_backend(pg_backend_pid())`,
          add(client, 'killed'),
        ]),
    ],
  ])(
    'killed in mid-transaction (%s): an error, nothing recorded, the pool usable, no identity left',
    async (form, kill) => {
      const client = ledger.client({ max: 1 })
      const audited = client.$extends(auditContext({ username: 'ann' }))
      await expect(kill(audited)).rejects.toThrow()
      expect(await users('killed')).toEqual([])
      await expect(add(client, 'after kill')).rejects.toThrow(/audit\.username/)
      await add(audited, `after ${form} kill`)
      expect(await users(`after ${form} kill`)).toEqual(['ann'])
    },
  )
})
