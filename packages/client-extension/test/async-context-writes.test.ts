import { describe, expect, test } from 'vitest'
import { asyncAuditContext, currentAuditContext, runWithAuditContext } from '../src/async-context.ts'
import { auditContext } from '../src/index.ts'
import { type LedgerTransaction, useLedger } from './fixture/ledger.ts'

const ledger = await useLedger()
const callers = process.env.AUDIT_TEST_SIZE === 'full' ? 4_800 : 240
const { runAsJob } = asyncAuditContext({ actor: 'username' })
const add = (client: LedgerTransaction, name: string) => client.account.create({ data: { name } })

describe.each(['extension', 'adapter'] as const)('with the layer "%s"', (layer) => {
  const base = ledger.client({ layer, max: 4, transactionOptions: { maxWait: 300_000, timeout: 300_000 } })
  const db = base.$extends(auditContext(currentAuditContext))
  const named = (name: string) => `${layer}: ${name}`
  const whoWrote = async (name: string) =>
    (await ledger.history(named(name))).map(({ username, reason }) => [username, reason])

  /** Each form writes its label twice. */
  const forms: readonly (readonly [string, (label: string) => Promise<unknown>])[] = [
    ['single', async (label) => [await add(db, label), await add(db, label)]],
    ['two at once', (label) => Promise.all([add(db, label), add(db, label)])],
    ['nested write', (name) => db.account.create({ data: { name, entries: { create: { note: name } } } })],
    ['raw', (name) => db.$executeRaw`INSERT INTO "Account" (name) VALUES (${name}), (${name})`],
    ['batch', (label) => db.$transaction([add(db, label), db.account.count(), add(db, label)])],
    [
      'interactive',
      (label) =>
        db.$transaction(async (tx) => [await add(tx, label), await tx.account.count(), await add(tx, label)]),
    ],
    [
      'nested interactive',
      (label) =>
        db.$transaction(async (tx) => {
          await tx.$transaction((inner) => add(inner, label))
          await tx.$transaction((inner) => add(inner, label))
        }),
    ],
  ]

  test(`${callers} callers released in one tick write in every form, each under its own name`, {
    timeout: 300_000,
  }, async () => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const running = Array.from({ length: callers }, (_, index) => {
      const [form, write] = forms[index % forms.length] as (typeof forms)[number]
      const username = `user ${index % 18}`
      const label = named(`tick ${index}|${username}|${form}`)
      return runWithAuditContext({ username }, async () => {
        await gate
        await runWithAuditContext({ reason: label }, () => write(label))
      })
    })
    release()
    await Promise.all(running)
    const rows = await ledger.query<{ label: string; usernames: string[]; reasons: string[] }>(
      `SELECT label, array_agg(username) AS usernames, array_agg(reason) AS reasons
       FROM audit.history WHERE label LIKE $1 GROUP BY label`,
      [named('tick%')],
    )
    expect(rows).toHaveLength(callers)
    for (const { label, usernames, reasons } of rows) {
      const username = label.split('|')[1]
      expect({ usernames, reasons }).toEqual({ usernames: [username, username], reasons: [label, label] })
    }
  })

  test('a transaction has the context at its start, also for what runs in another one inside it', async () => {
    await runWithAuditContext({ username: 'ann' }, () =>
      db.$transaction(async (tx) => {
        await add(tx, named('at start'))
        await runWithAuditContext({ username: 'bob' }, () => add(tx, named('at start')))
      }),
    )
    expect(await whoWrote('at start')).toEqual([
      ['ann', null],
      ['ann', null],
    ])
  })

  test('a call that the function returns runs in its context', async () => {
    await runWithAuditContext({ username: 'ann' }, async () => {
      await runWithAuditContext({ username: 'bob' }, () => add(db, named('returned')))
    })
    expect(await whoWrote('returned')).toEqual([['bob', null]])
  })

  test('a call made in one context and awaited in another has the context where it is awaited', async () => {
    const made = runWithAuditContext({ username: 'ann' }, () => ({ call: add(db, named('lazy')) }))
    await runWithAuditContext({ username: 'bob' }, async () => await made.call)
    expect(await whoWrote('lazy')).toEqual([['bob', null]])
  })

  test('a batch has the context where $transaction is called, wherever its calls were made', async () => {
    const calls = runWithAuditContext({ username: 'ann' }, () => [add(db, named('lazy batch'))])
    await runWithAuditContext({ username: 'bob' }, () => db.$transaction(calls))
    expect(await whoWrote('lazy batch')).toEqual([['bob', null]])
  })

  test('a setting that an inner context takes away is not recorded, and a missing name is refused', async () => {
    await runWithAuditContext({ username: 'ann', reason: 'outer' }, async () => {
      await runWithAuditContext({ reason: undefined }, () => add(db, named('taken away')))
      const nobody = runWithAuditContext({ username: undefined }, () => add(db, named('taken away')))
      await expect(nobody).rejects.toMatchObject({ code: 'AU001', setting: 'username' })
    })
    expect(await whoWrote('taken away')).toEqual([['ann', null]])
  })

  test("a job that a request starts writes under the job's name, the request under its user's", async () => {
    await runWithAuditContext({ username: 'ann', reason: 'her request' }, async () => {
      const job = runAsJob('send-mails', { reason: 'queued' }, async () => {
        await add(db, named('job'))
        await db.$transaction((tx) => add(tx, named('job')))
      })
      await add(db, named('request'))
      await job
    })
    expect(await whoWrote('job')).toEqual([
      ['job:send-mails', 'queued'],
      ['job:send-mails', 'queued'],
    ])
    expect(await whoWrote('request')).toEqual([['ann', 'her request']])
  })

  test('outside any context a write is refused', async () => {
    await expect(add(db, named('outside'))).rejects.toMatchObject({ code: 'AU001', setting: 'username' })
    expect(await whoWrote('outside')).toEqual([])
  })
})
