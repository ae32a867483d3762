import { readReplicas } from '@prisma/extension-read-replicas'
import { describe, expect, test } from 'vitest'
import { useTestDatabase } from '../../../test/support/test-database.ts'
import { auditContext } from '../src/index.ts'
import { type Form, forms } from './fixture/call-forms.ts'
import { type LedgerClient, type LedgerTransaction, ledgerTemplate, useLedger } from './fixture/ledger.ts'

interface ReplicatedClient extends LedgerClient {
  $primary(): LedgerClient
  $replica(): LedgerClient
}

const ledger = await useLedger()
/** A second database in the place of a standby: what it holds tells where a read went, and like one it takes no writes. */
const standby = await useTestDatabase(ledgerTemplate())
await standby.query(
  `SET audit.username = 'setup'; INSERT INTO "Account" (name, code) VALUES ('standby', 'here')`,
)
await ledger.query(
  `SET audit.username = 'setup'; INSERT INTO "Account" (name, code) VALUES ('primary', 'here')`,
)

const replica = ledger.client({
  connectionString: standby.url,
  parameters: '-c application_name=replica -c default_transaction_read_only=on',
})
const audit = auditContext({ username: 'ann' })
const replicas = readReplicas({ replicas: [replica as never] })

const layers = ['extension', 'adapter'] as const
const orders = layers.flatMap((layer): readonly (readonly [string, ReplicatedClient])[] => {
  const base = ledger.client({ layer, parameters: '-c application_name=primary' })
  return [
    [`before the ${layer}`, base.$extends(replicas).$extends(audit) as ReplicatedClient],
    [`after the ${layer}`, base.$extends(audit).$extends(replicas) as ReplicatedClient],
  ]
})

/** Where it runs and as whom. */
const place = (client: LedgerTransaction) =>
  client.$queryRaw`SELECT current_setting('application_name') AS name,
    nullif(current_setting('audit.username', true), '') AS username`
const onPrimary = [{ name: 'primary', username: 'ann' }]

async function recorded(label: string, count: number): Promise<string> {
  const rows = (await ledger.history(label)).slice(count)
  for (const row of rows) expect(row).toMatchObject({ username: 'ann' })
  return rows.map(({ operation }) => operation).join('')
}

async function expectRecorded(
  client: LedgerClient,
  { before, captured }: Form,
  label: string,
  run: (label: string) => Promise<unknown>,
): Promise<void> {
  await before?.(client, label)
  const count = (await ledger.history(label)).length
  await run(label)
  expect(await recorded(label, count), label).toBe(captured)
}

const nestedWrite = forms.find(({ name }) => name === 'nested write') as Form
const transactions: Readonly<Record<string, (client: LedgerClient, label: string) => Promise<unknown>>> = {
  'a batch': (client, label) =>
    client.$transaction([client.account.count(), nestedWrite.call(client, label)]),
  'an interactive transaction': (client, label) => client.$transaction((tx) => nestedWrite.call(tx, label)),
  'a nested transaction': (client, label) =>
    client.$transaction((tx) => tx.$transaction((inner) => nestedWrite.call(inner, label))),
}

describe.each(orders)('read replicas applied %s', (order, db) => {
  const ways = { 'the client': db, '$primary()': db.$primary() }
  describe.each(Object.entries(ways))('%s', (way, client) => {
    test.each(forms)('$name goes to the primary with its context', async (form) => {
      const label = `${order} ${way} ${form.name}`
      await expectRecorded(client, form, label, (name) => form.call(client, name))
    })

    test.each(Object.entries(transactions))('%s goes to the primary with its context', async (kind, run) => {
      const label = `${order} ${way} ${kind}`
      await expectRecorded(client, nestedWrite, label, (name) => run(client, name))
    })

    test('a raw read and a transaction go to the primary, with the context', async () => {
      expect(await place(client)).toEqual(onPrimary)
      expect(await client.$transaction([client.account.count(), place(client)])).toMatchObject([
        {},
        onPrimary,
      ])
      // The settings wait for the first operation that may write, and a raw one may.
      expect(await client.$transaction((tx) => place(tx))).toEqual(onPrimary)
    })
  })

  const where = { code: 'here' }
  const reads: Readonly<Record<string, (client: LedgerTransaction) => Promise<unknown>>> = {
    findUnique: async ({ account }) => (await account.findUnique({ where }))?.name,
    findFirstOrThrow: async ({ account }) => (await account.findFirstOrThrow({ where })).name,
    findMany: async ({ account }) => (await account.findMany({ where }))[0]?.name,
    groupBy: async ({ account }) =>
      Object.values((await account.groupBy({ by: ['name'], where }))[0] ?? {})[0],
  }
  test.each(Object.entries(reads))(
    '%s goes to the replica, and in a transaction to the primary',
    async (_, read) => {
      expect(await read(db)).toBe('standby')
      expect(await read(db.$primary())).toBe('primary')
      expect(await read(db.$replica())).toBe('standby')
      expect(await db.$transaction((tx) => read(tx))).toBe('primary')
      expect(await db.$transaction([read(db), read(db)].map((each) => each)).catch(() => 'no batch')).toBe(
        'no batch',
      )
    },
  )

  test('a write through $replica() is refused by the standby', async () => {
    const writing = db.$replica().account.create({ data: { name: `${order} standby` } })
    await expect(writing).rejects.toThrow(/read-only transaction/)
    expect(await ledger.history(`${order} standby`)).toEqual([])
  })

  test('$primary() in a transaction leaves it, as without the audit, and has its context all the same', async () => {
    const label = `${order} left`
    const outcome = db.$transaction(async (tx) => {
      await (tx as ReplicatedClient).$primary().account.create({ data: { name: label } })
      throw new Error('undo')
    })
    await expect(outcome).rejects.toThrow('undo')
    expect(await ledger.history(label)).toMatchObject([{ username: 'ann' }])
  })

  test('auditing again replaces the context, of $primary() too', async () => {
    const label = `${order} again`
    const again = db.$extends(auditContext({ username: 'ben' })) as ReplicatedClient
    await again.account.create({ data: { name: label } })
    await again.$primary().account.create({ data: { name: label } })
    await db.$primary().account.create({ data: { name: label } })
    expect((await ledger.history(label)).map(({ username }) => username)).toEqual(['ben', 'ben', 'ann'])
  })

  test('a rollback takes the writes with it', async () => {
    const label = `${order} undone`
    const outcome = db.$transaction(async (tx) => {
      await tx.account.create({ data: { name: label } })
      throw new Error('undo')
    })
    await expect(outcome).rejects.toThrow('undo')
    expect(await ledger.history(label)).toEqual([])
  })
})

test("another extension's own $primary() that gives no client stays as it is", () => {
  const own = { client: { $primary: (...given: unknown[]) => given } }
  const db: object = ledger.client().$extends(own).$extends(audit)
  expect(Reflect.get(db, '$primary').call(db, 1, 'two')).toEqual([1, 'two'])
})
