import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, expect, test } from 'vitest'
import { startCountingProxy } from '../../../../test/support/counting-proxy.ts'
import { auditAdapter } from '../../src/adapter/adapter-pg.ts'
import { auditContext } from '../../src/index.ts'
import { type LedgerClient, useLedger } from '../fixture/ledger.ts'

const ledger = await useLedger()
const proxy = await startCountingProxy(ledger.url)
afterAll(() => proxy.close())
const pool = () => ledger.pool({ connectionString: proxy.url, max: 1 })

/** Without a context: the tables of this test refuse such writes, so its triggers are switched off. */
const bare = ledger.client({ adapter: new PrismaPg(pool()) })
const audited = ledger
  .client({ adapter: auditAdapter(new PrismaPg(pool())) })
  .$extends(auditContext({ username: 'ann' }))

const fresh = (() => {
  let next = 0
  return () => `row ${++next}`
})()
const create = (client: Pick<LedgerClient, 'account'>) => client.account.create({ data: { name: fresh() } })

interface Form {
  readonly run: (client: LedgerClient) => Promise<unknown>
  /** How many round trips the audited form takes more than the bare one. */
  readonly more: number
}

const forms: Readonly<Record<string, Form>> = {
  create: { run: create, more: 0 },
  createMany: { run: (c) => c.account.createMany({ data: [{ name: 'a' }, { name: 'b' }] }), more: 0 },
  createManyAndReturn: { run: (c) => c.account.createManyAndReturn({ data: [{ name: 'a' }] }), more: 0 },
  updateMany: { run: (c) => c.account.updateMany({ where: { name: 'a' }, data: { balance: 1 } }), more: 0 },
  update: { run: (c) => c.account.update({ where: { code: 'fixed' }, data: { balance: 1 } }), more: 0 },
  upsert: {
    run: (c) => c.account.upsert({ where: { code: 'fixed' }, create: { name: 'u' }, update: { balance: 2 } }),
    more: -1,
  },
  deleteMany: { run: (c) => c.account.deleteMany({ where: { name: 'nobody' } }), more: 0 },
  $executeRaw: { run: (c) => c.$executeRaw`UPDATE "Account" SET balance = 3 WHERE code = 'fixed'`, more: 0 },
  $queryRaw: { run: (c) => c.$queryRaw`SELECT count(*) FROM "Account"`, more: 0 },
  'raw, with a semicolon in a literal': {
    run: (c) => c.$executeRawUnsafe(`INSERT INTO "Account" (name) VALUES ('a; b')`),
    more: 0,
  },
  'raw, with values and a semicolon in a comment': {
    run: (c) => c.$executeRawUnsafe('INSERT INTO "Account" (name) VALUES ($1) /* a; b */', 'c'),
    more: 0,
  },
  'raw, a DO block': {
    run: (c) => c.$executeRawUnsafe(`DO $$ BEGIN INSERT INTO "Account" (name) VALUES ('d'); END $$`),
    more: 0,
  },
  // PostgreSQL takes no bind parameters in one flush with several statements: BEGIN with the settings, these, and COMMIT.
  'raw, several statements in one text': {
    run: (c) => c.$executeRawUnsafe(`INSERT INTO "Account" (name) VALUES ('e'); SELECT 1`),
    more: 2,
  },
  findUnique: { run: (c) => c.account.findUnique({ where: { code: 'fixed' } }), more: 0 },
  'nested create': {
    run: (c) => c.account.create({ data: { name: fresh(), entries: { create: { note: 'n' } } } }),
    more: -1,
  },
  'batch of two': { run: (c) => c.$transaction([create(c), create(c)]), more: -1 },
  'batch of reads': { run: (c) => c.$transaction([c.account.count(), c.account.count()]), more: -1 },
  'interactive, two writes': {
    run: (c) =>
      c.$transaction(async (tx) => {
        await create(tx)
        await create(tx)
      }),
    more: -1,
  },
  'interactive, a read and a write': {
    run: (c) =>
      c.$transaction(async (tx) => {
        await tx.account.count()
        await create(tx)
      }),
    more: -1,
  },
  'interactive, serializable': {
    run: (c) => c.$transaction((tx) => create(tx), { isolationLevel: 'Serializable' }),
    more: -2,
  },
  'interactive, nested': {
    run: (c) =>
      c.$transaction(async (tx) => {
        await create(tx)
        await tx.$transaction((inner) => create(inner))
      }),
    more: -1,
  },
  'interactive, nested first': {
    run: (c) => c.$transaction((tx) => tx.$transaction((inner) => create(inner))),
    more: -1,
  },
  'interactive, with nothing in it': { run: (c) => c.$transaction(async () => 'nothing'), more: -2 },
}

await ledger.query(`
  INSERT INTO "Account" (name, code) SELECT 'fixed', 'fixed' FROM set_config('audit.username', 'setup', true)`)
// Writes without a context are what is measured against, so here the absence of one is recorded.
await ledger.query(
  `CREATE OR REPLACE FUNCTION audit.missing_setting(setting text) RETURNS text LANGUAGE sql AS $$ SELECT NULL::text $$`,
)

test.each(Object.entries(forms))(
  '%s takes the round trips of the bare client, and what its line says',
  async (_, form) => {
    // Once for what a connection does only the first time.
    await form.run(bare)
    await form.run(audited)
    const plain = await proxy.count(() => form.run(bare))
    const withContext = await proxy.count(() => form.run(audited))
    expect({ plain, withContext }).toEqual({ plain, withContext: plain + form.more })
  },
)

test('the settings are known again behind the comments that Prisma adds to statements: they take no round trip', async () => {
  const comments = [() => ({ application: 'shop', trace: '1-2-3' })]
  const commented = ledger
    .client({ adapter: auditAdapter(new PrismaPg(pool())), comments })
    .$extends(auditContext({ username: 'ann' }))
  for (const name of ['batch of two', 'interactive, two writes', 'interactive, serializable']) {
    const run = forms[name]?.run
    if (run === undefined) throw new Error(name)
    await run(commented)
    const plain = await proxy.count(() => run(audited))
    expect([name, await proxy.count(() => run(commented))]).toEqual([name, plain])
  }
  await commented.$transaction([commented.$executeRaw`SET TRANSACTION READ WRITE`, create(commented)])
})

test('every transaction of the client begins with its first statement, audited or not', async () => {
  const unaudited = ledger.client({ adapter: auditAdapter(new PrismaPg(pool())) })
  const read = (client: LedgerClient) => client.$transaction((tx) => tx.account.count())
  await read(bare)
  await read(unaudited)
  const plain = await proxy.count(() => read(bare))
  expect(await proxy.count(() => read(unaudited))).toBe(plain - 1)
})

test('findUnique calls of one tick stay one round trip', async () => {
  const calls = () =>
    Promise.all(['a', 'b', 'c'].map((code) => audited.account.findUnique({ where: { code } })))
  await calls()
  expect(await proxy.count(calls)).toBe(1)
})
