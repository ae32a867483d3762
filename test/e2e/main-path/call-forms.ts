import type { Client, Transaction } from './client.ts'

type Models = 'account' | 'entry'
export type Ledger = Client<Models>

export const ledgerSchema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Account {
  id      Int     @id @default(autoincrement())
  name    String
  code    String? @unique
  balance Int     @default(0)
  entries Entry[]
}

/// @audit(enabled)
model Entry {
  id        Int      @id @default(autoincrement())
  note      String
  account   Account? @relation(fields: [accountId], references: [id])
  accountId Int?
}
`

export interface CallForm {
  readonly name: string
  /** Makes the one row that the call changes. */
  readonly before?: (client: Transaction<Models>, label: string) => Promise<unknown>
  readonly call: (client: Transaction<Models>, label: string) => Promise<unknown>
  /** What the history of `label` must show, accounts before entries. */
  readonly operations: string
}

const add = (client: Transaction<Models>, label: string) =>
  client.account.create({ data: { name: label, code: label } })
const upsert = (client: Transaction<Models>, label: string) =>
  client.account.upsert({
    where: { code: label },
    create: { name: label, code: label },
    update: { balance: { increment: 1 } },
  })
const two = (label: string) => ({ data: [{ name: label }, { name: label }] })

/** Every way in which a Prisma Client writes. */
export const callForms: readonly CallForm[] = [
  { name: 'create', call: add, operations: 'I' },
  {
    name: 'update',
    before: add,
    call: (client, label) => client.account.update({ where: { code: label }, data: { balance: 1 } }),
    operations: 'U',
  },
  {
    name: 'delete',
    before: add,
    call: (client, label) => client.account.delete({ where: { code: label } }),
    operations: 'D',
  },
  { name: 'upsert that creates', call: upsert, operations: 'I' },
  { name: 'upsert that updates', before: add, call: upsert, operations: 'U' },
  { name: 'createMany', call: (client, label) => client.account.createMany(two(label)), operations: 'II' },
  {
    name: 'createManyAndReturn',
    call: (client, label) => client.account.createManyAndReturn(two(label)),
    operations: 'II',
  },
  {
    name: 'updateMany',
    before: add,
    call: (client, label) => client.account.updateMany({ where: { name: label }, data: { balance: 2 } }),
    operations: 'U',
  },
  {
    name: 'updateManyAndReturn',
    before: add,
    call: (client, label) =>
      client.account.updateManyAndReturn({ where: { name: label }, data: { balance: 2 } }),
    operations: 'U',
  },
  {
    name: 'deleteMany',
    before: add,
    call: (client, label) => client.account.deleteMany({ where: { name: label } }),
    operations: 'D',
  },
  {
    name: 'nested create',
    call: (client, label) =>
      client.account.create({
        data: { name: label, entries: { create: [{ note: label }, { note: label }] } },
      }),
    operations: 'III',
  },
  {
    name: '$executeRaw',
    call: (client, label) => client.$executeRaw`INSERT INTO "Account" (name) VALUES (${label})`,
    operations: 'I',
  },
  {
    name: '$executeRawUnsafe',
    call: (client, label) => client.$executeRawUnsafe('INSERT INTO "Account" (name) VALUES ($1)', label),
    operations: 'I',
  },
  {
    name: '$queryRaw',
    call: (client, label) => client.$queryRaw`INSERT INTO "Account" (name) VALUES (${label}) RETURNING id`,
    operations: 'I',
  },
  {
    name: '$queryRawUnsafe',
    call: (client, label) =>
      client.$queryRawUnsafe('INSERT INTO "Account" (name) VALUES ($1) RETURNING id', label),
    operations: 'I',
  },
]
