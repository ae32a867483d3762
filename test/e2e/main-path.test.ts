import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import type { MigrationDirectory } from '../support/prisma-project.ts'
import {
  type AuditModule,
  importAudit,
  install,
  openClient,
  useProject,
} from './main-path/audited-project.ts'
import type { Client } from './main-path/client.ts'

const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String", "reason String?"]
}

datasource db {
  provider = "postgresql"
}

/// Where money is.
/// @audit(enabled)
model Account {
  id      Int     @id @default(autoincrement())
  name    String
  balance Int     @default(0)
  entries Entry[]
}

/// @audit(enabled)
model Entry {
  id        Int     @id @default(autoincrement())
  note      String
  account   Account @relation(fields: [accountId], references: [id], onDelete: Cascade)
  accountId Int
}

model Plain {
  id Int @id
}

/// @audit(disabled)
model Silent {
  id Int @id
}
`

const audited = await useProject({ schema })
const { database, project } = audited
let migration: MigrationDirectory
let audit: AuditModule
let base: Client<'account' | 'entry' | 'plain' | 'silent'>
let ann: typeof base

beforeAll(async () => {
  migration = await install(audited)
  audit = await importAudit(audited)
  base = await openClient(audited)
  ann = base.$extends(audit.auditContext({ username: 'ann', reason: 'test' }))
})

/** Operation, who and balance of one account's history, oldest first. */
async function accountHistory(name: string) {
  const rows = await database.query(
    `SELECT audit_operation || ' ' || audit_username || ' ' || balance AS line
     FROM audit."Account_audit" WHERE name = $1 ORDER BY audit_id`,
    [name],
  )
  return rows.map(({ line }) => line)
}

/** Runs `work` on a connection of its own, as a program without Prisma does. */
async function onConnection<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

test('generate writes one migration directory with migration.sql and down.sql, and the typed module', async () => {
  expect((await project.migrationFiles()).map(({ name }) => name)).toEqual([
    expect.stringMatching(/^\d{14}_init$/),
    migration.name,
  ])
  expect(migration.name).toMatch(/^\d{14}_audit_2_tables$/)
  expect(migration.files).toEqual(['down.sql', 'migration.sql'])
  expect(await project.read('generated/audit/index.ts')).toContain('readonly username: string')
  expect(audit.auditSettings.map(({ name, required }) => [name, required])).toEqual([
    ['username', true],
    ['reason', false],
  ])
})

test('an insert, an update and a delete through Prisma leave a row each, the new one for I and U, the old one for D', async () => {
  const { id } = await ann.account.create({ data: { name: 'prisma' } })
  await ann.account.update({ where: { id }, data: { balance: 7 } })
  await ann.account.delete({ where: { id } })
  expect(await accountHistory('prisma')).toEqual(['I ann 0', 'U ann 7', 'D ann 7'])
})

test('a write by $executeRaw leaves a row', async () => {
  await ann.$executeRaw`INSERT INTO "Account" (name) VALUES ('raw')`
  await ann.$executeRaw`UPDATE "Account" SET balance = 2 WHERE name = 'raw'`
  await ann.$executeRaw`DELETE FROM "Account" WHERE name = 'raw'`
  expect(await accountHistory('raw')).toEqual(['I ann 0', 'U ann 2', 'D ann 2'])
})

test('a write by another program leaves a row', async () => {
  await onConnection(async (client) => {
    await client.query("SELECT set_config('audit.username', 'cron', false)")
    await client.query('INSERT INTO "Account" (name) VALUES ($1)', ['other program'])
    await client.query('UPDATE "Account" SET balance = $1 WHERE name = $2', [3, 'other program'])
    await client.query('DELETE FROM "Account" WHERE name = $1', ['other program'])
  })
  expect(await accountHistory('other program')).toEqual(['I cron 0', 'U cron 3', 'D cron 3'])
})

test('statements typed in one go, as psql sends a script, leave a row each', async () => {
  await onConnection((client) =>
    client.query(`BEGIN;
      SET LOCAL audit.username = 'dba';
      INSERT INTO "Account" (name) VALUES ('script'), ('script');
      DELETE FROM "Account" WHERE name = 'script';
      COMMIT;`),
  )
  expect(await accountHistory('script')).toEqual(['I dba 0', 'I dba 0', 'D dba 0', 'D dba 0'])
})

test('rows that ON DELETE CASCADE takes away leave a row each', async () => {
  const { id } = await ann.account.create({
    data: { name: 'cascade', entries: { create: [{ note: 'first' }, { note: 'second' }] } },
  })
  await base.$extends(audit.auditContext({ username: 'bob' })).account.delete({ where: { id } })
  const rows = await database.query(
    'SELECT audit_operation, audit_username, note FROM audit."Entry_audit" WHERE "accountId" = $1 ORDER BY audit_id',
    [id],
  )
  expect(rows.map((row) => Object.values(row).join(' '))).toEqual([
    'I ann first',
    'I ann second',
    'D bob first',
    'D bob second',
  ])
})

test('a role without any right on the history writes it all the same, under its own name, and cannot read it', async () => {
  const role = `${database.name}_writer`
  await database.query(`CREATE ROLE ${role}; GRANT INSERT ON "Account" TO ${role};
    GRANT USAGE ON SEQUENCE "Account_id_seq" TO ${role}`)
  try {
    await onConnection(async (client) => {
      await client.query(`SET ROLE ${role}; SET audit.username = 'guest'`)
      await client.query(`INSERT INTO "Account" (name) VALUES ('other role')`)
      await expect(client.query('SELECT FROM audit."Account_audit"')).rejects.toThrow('permission denied')
    })
  } finally {
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  }
  expect(await accountHistory('other role')).toEqual(['I guest 0'])
  expect(
    await database.query(`SELECT audit_current_user FROM audit."Account_audit" WHERE name = 'other role'`),
  ).toEqual([{ audit_current_user: role }])
})

test('TRUNCATE leaves a row for every row that vanishes', async () => {
  await ann.account.createMany({ data: [{ name: 'truncated' }, { name: 'truncated', balance: 5 }] })
  await ann.$executeRaw`TRUNCATE "Account" CASCADE`
  expect(await accountHistory('truncated')).toEqual(['I ann 0', 'I ann 5', 'D ann 0', 'D ann 5'])
})

test('nothing is recorded of what is rolled back', async () => {
  const outcome = ann.$transaction(async (tx) => {
    await tx.account.create({ data: { name: 'rolled back' } })
    throw new Error('no')
  })
  await expect(outcome).rejects.toThrow('no')
  expect(await accountHistory('rolled back')).toEqual([])
})

test('the columns of an audit table: what happened, when, by whom, the settings, then those of the model', async () => {
  const rows = await database.query(
    `SELECT attname || ' ' || format_type(atttypid, atttypmod) AS line FROM pg_attribute
     WHERE attrelid = 'audit."Account_audit"'::regclass AND attnum > 0 ORDER BY attnum`,
  )
  expect(rows.map(({ line }) => line)).toEqual([
    'audit_id bigint',
    'audit_operation character(1)',
    'audit_operation_timestamp timestamp with time zone',
    'audit_transaction_timestamp timestamp with time zone',
    'audit_current_user text',
    'audit_transaction_id bigint',
    'audit_username text',
    'audit_reason text',
    'id integer',
    'name text',
    'balance integer',
  ])
})

test('a model without @audit, or with @audit(disabled), gets nothing', async () => {
  await base.plain.create({ data: { id: 1 } })
  await base.silent.create({ data: { id: 1 } })
  const rows = await database.query(
    `SELECT relname FROM pg_class WHERE relnamespace = 'audit'::regnamespace AND relkind = 'r' ORDER BY 1`,
  )
  expect(rows).toEqual([{ relname: 'Account_audit' }, { relname: 'Entry_audit' }])
  expect(
    await database.query(
      `SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN ('"Plain"'::regclass, '"Silent"'::regclass)`,
    ),
  ).toEqual([])
})
