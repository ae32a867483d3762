import { beforeAll, describe, expect, test } from 'vitest'
import { importAudit, install, openClient, useProject } from './audited-project.ts'
import { type CallForm, callForms, type Ledger, ledgerSchema } from './call-forms.ts'

const audited = await useProject({ schema: ledgerSchema })
let ann: Ledger

beforeAll(async () => {
  await install(audited)
  const { auditContext } = await importAudit(audited)
  const client: Ledger = await openClient(audited)
  ann = client.$extends(auditContext({ username: 'ann' }))
})

/** The operations in the history of `label` after its first `from` rows; all must be Ann's, in one transaction. */
async function recorded(label: string, from: number): Promise<string> {
  const rows = await audited.database.query(
    `SELECT audit_operation, audit_username, audit_transaction_id FROM (
       SELECT audit_operation, audit_username, audit_transaction_id, audit_id, 1 AS source, name AS label
       FROM audit."Account_audit"
       UNION ALL
       SELECT audit_operation, audit_username, audit_transaction_id, audit_id, 2, note FROM audit."Entry_audit"
     ) AS history WHERE label = $1 ORDER BY audit_transaction_id, source, audit_id`,
    [label],
  )
  const own = rows.slice(from)
  expect(new Set(own.map((row) => row.audit_username))).toEqual(new Set(own.length > 0 ? ['ann'] : []))
  expect(new Set(own.map((row) => row.audit_transaction_id)).size).toBeLessThanOrEqual(1)
  return own.map((row) => row.audit_operation).join('')
}

/** Makes what the call needs; gives how many rows of history that took. */
async function prepare({ before }: CallForm, label: string): Promise<number> {
  await before?.(ann, label)
  return before === undefined ? 0 : 1
}

describe.each(callForms)('$name', (form) => {
  const { name, call, operations } = form

  test('records who writes', async () => {
    const label = `single ${name}`
    const from = await prepare(form, label)
    await call(ann, label)
    expect(await recorded(label, from)).toBe(operations)
  })

  test('in an interactive transaction: records who writes', async () => {
    const label = `interactive ${name}`
    const from = await prepare(form, label)
    await ann.$transaction((tx) => call(tx, label))
    expect(await recorded(label, from)).toBe(operations)
  })

  test('in an interactive transaction that rolls back: leaves nothing', async () => {
    const label = `interactive rollback ${name}`
    const from = await prepare(form, label)
    const outcome = ann.$transaction(async (tx) => {
      await call(tx, label)
      throw new Error('changed my mind')
    })
    await expect(outcome).rejects.toThrow('changed my mind')
    expect(await recorded(label, from)).toBe('')
  })

  test('in a batch: records who writes', async () => {
    const label = `batch ${name}`
    const from = await prepare(form, label)
    await ann.$transaction([ann.account.count(), call(ann, label)])
    expect(await recorded(label, from)).toBe(operations)
  })

  test('in a batch that rolls back: leaves nothing', async () => {
    const label = `batch rollback ${name}`
    const from = await prepare(form, label)
    const outcome = ann.$transaction([call(ann, label), ann.$executeRaw`SELECT 1 / 0`])
    await expect(outcome).rejects.toThrow(/division/)
    expect(await recorded(label, from)).toBe('')
  })

  test('in a nested transaction: records who writes', async () => {
    const label = `nested ${name}`
    const from = await prepare(form, label)
    await ann.$transaction((tx) => tx.$transaction((inner) => call(inner, label)))
    expect(await recorded(label, from)).toBe(operations)
  })

  test('in a nested transaction that rolls back: leaves only what follows', async () => {
    const label = `nested rollback ${name}`
    const from = await prepare(form, label)
    await ann.$transaction(async (tx) => {
      const nested = tx.$transaction(async (inner) => {
        await call(inner, label)
        throw new Error('only this part')
      })
      await expect(nested).rejects.toThrow('only this part')
      await call(tx, label)
    })
    expect(await recorded(label, from)).toBe(operations)
  })
})

test('two clients with two contexts on one pool never mix: each row has the name of its caller', async () => {
  const { auditContext } = await importAudit(audited)
  const names = Array.from({ length: 40 }, (_, n) => `user ${n}`)
  await Promise.all(
    names.map((username) =>
      ann.$extends(auditContext({ username })).account.create({ data: { name: `of ${username}` } }),
    ),
  )
  const rows = await audited.database.query(
    `SELECT name, audit_username FROM audit."Account_audit" WHERE starts_with(name, 'of user ') ORDER BY name`,
  )
  expect(rows).toEqual(names.toSorted().map((user) => ({ name: `of ${user}`, audit_username: user })))
})
