import { beforeAll, expect, test } from 'vitest'
import { type HistoryClient, importHistory } from './history/shop-history.ts'
import { importAudit, install, openClient, useProject } from './main-path/audited-project.ts'

const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String", "level Int?", "weight Decimal?", "since DateTime?", "details Json?"]
  facts           = ["client_addr", "application_name"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled, facts: [client_addr, application_name, changed_columns])
model Account {
  id       Int     @id
  email    String
  password String?
  /// @audit(hash)
  iban     String?
  /// @audit(exclude)
  search   String?
  /// @audit(whenChanged)
  body     String
  hidden   String? @ignore
  notes    Note[]
}

/// @audit(enabled)
model Note {
  id        String   @id
  text      String
  accounts  Account[]
}
`

const project = await useProject({ schema })
let db: HistoryClient<'account' | 'note'>

beforeAll(async () => {
  await install(project)
  const { auditContext } = await importAudit(project)
  const { auditHistory } = await importHistory(project)
  const client = await openClient<'account' | 'note'>(project)
  const context = {
    username: 'ann',
    level: 3,
    weight: '1.50',
    since: new Date('2026-01-02T03:04:05.678Z'),
    details: { a: [1] },
  }
  db = client.$extends(auditContext(context)).$extends(auditHistory()) as unknown as typeof db
}, 120_000)

const big = 'x'.repeat(5000)
const of = async (id: number) => (await db.account.history({ where: { id } })).entries

test('redacted, hashed, excluded and hidden columns read as what the history holds of them', async () => {
  await db.account.create({
    data: { id: 1, email: 'a', password: 's3cret', iban: 'NL1', search: 'find', body: big },
  })
  await project.database.query(`SELECT set_config('audit.username', 'bob', false);
    UPDATE "Account" SET hidden = 'seen' WHERE id = 1`)
  await db.account.update({ where: { id: 1 }, data: { password: 'other', email: 'b' } })
  const [changed, hidden, made] = await of(1)
  expect(made?.row).toEqual({
    id: 1,
    email: 'a',
    password: '[redacted]',
    iban: expect.stringMatching(/^[0-9a-f]{64}$/),
    body: big,
  })
  expect(made?.other).toEqual({ hidden: null })
  expect(hidden?.changes).toEqual([{ field: 'hidden', before: null, after: 'seen' }])
  expect(changed?.row).toMatchObject({ password: '[redacted, changed]', body: big })
  expect(changed?.changes).toEqual([
    { field: 'email', before: 'a', after: 'b' },
    { field: 'password', before: '[redacted]', after: '[redacted, changed]' },
  ])
  expect(
    JSON.stringify(await of(1), (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
  ).not.toMatch(/s3cret|NL1|find/)
  const { rows } = await db.account.asOf(new Date(), { where: { id: 1 } })
  expect(rows).toEqual([changed?.row])
})

test('context and facts come in their types', async () => {
  const [entry] = await of(1)
  expect(entry?.context).toEqual({
    username: 'ann',
    level: 3,
    weight: '1.5',
    since: new Date('2026-01-02T03:04:05.678Z'),
    details: { a: [1] },
  })
  expect(entry?.facts).toMatchObject({
    application_name: null,
    client_addr: '127.0.0.1',
    changed_columns: ['email', 'password'],
  })
})

test('a big column that is recorded when it changes reads as what it was, marked or not', async () => {
  await db.account.create({ data: { id: 2, email: 'a', body: big } })
  for (const email of ['b', 'c', 'd']) await db.account.update({ where: { id: 2 }, data: { email } })
  await db.account.update({ where: { id: 2 }, data: { body: 'short' } })
  const entries = await of(2)
  expect(entries.map(({ row }) => row.body)).toEqual(['short', big, big, big, big])
  expect(entries.map(({ changes }) => changes?.map(({ field }) => field))).toEqual([
    ['body'],
    ['email'],
    ['email'],
    ['email'],
    ['id', 'email', 'body'],
  ])
  const differences = await db.account.diff(
    { auditId: entries[3]?.auditId },
    { auditId: entries[1]?.auditId },
    { where: { id: 2 } },
  )
  expect(differences).toMatchObject([
    { kind: 'updated', changes: [{ field: 'email', before: 'b', after: 'd' }] },
  ])
})

test('what is not recorded as it is, or not each time, cannot be searched', async () => {
  for (const where of [{ password: 'x' }, { iban: 'x' }, { body: big }]) {
    await expect(db.account.history({ where })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
})

test('a revert touches recorded columns only: never what was redacted, hashed or excluded', async () => {
  await db.account.create({
    data: { id: 3, email: 'a', password: 'p1', iban: 'NL3', search: 's1', body: big },
  })
  await db.account.update({
    where: { id: 3 },
    data: { email: 'b', password: 'p2', iban: 'NL4', search: 's2', body: 'x' },
  })
  const [newest, first] = await of(3)
  const plan = await db.account.planRevert({
    where: { id: 3 },
    to: { auditId: first?.auditId },
    seen: newest?.auditId,
  })
  expect(plan.steps).toMatchObject([
    { action: 'update', skipped: ['password', 'iban'], changes: [{ field: 'email' }, { field: 'body' }] },
  ])
  await db.$revert(plan)
  const live = { id: 3, email: 'a', password: 'p2', iban: 'NL4', search: 's2', body: big }
  expect(await db.account.findMany({ where: { id: 3 } })).toEqual([live])
})

test('a deleted row comes back with what was recorded of it, its connections included', async () => {
  await db.account.create({
    data: { id: 4, email: 'a', password: 'p', body: big, notes: { create: [{ id: 'n1', text: 't' }] } },
  })
  await db.$transaction(async (tx) => {
    await tx.account.delete({ where: { id: 4 } })
  })
  const [gone] = await of(4)
  const plan = await db.$planRevert({ transaction: gone?.transaction })
  expect(plan.steps.map(({ model, action }) => `${action} ${model}`).sort()).toEqual([
    'insert Account',
    'insert _AccountToNote',
  ])
  await db.$revert(plan)
  expect(await db.account.findMany({ where: { id: 4 }, include: { notes: true } })).toMatchObject([
    { email: 'a', password: null, body: big, notes: [{ id: 'n1' }] },
  ])
})
