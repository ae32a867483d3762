import pg from 'pg'
import { beforeAll, describe, expect, test } from 'vitest'
import { type AuditModule, importAudit, install, openClient, useProject } from './audited-project.ts'
import type { Client } from './client.ts'

const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String", "reason String?", "request_id String? @db.Uuid", "attempt Int?", "big BigInt?", "share Decimal?", "urgent Boolean?", "seen_at DateTime? @db.Timestamptz", "details Json?"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Note {
  id   Int    @id @default(autoincrement())
  text String
}

/// @audit(enabled, sessionSettings: [ticket Int, username String])
model Claim {
  id   Int    @id @default(autoincrement())
  text String
}

/// @audit(enabled, sessionSettings: [job String @default("system"), username String], missingSettings: record)
model Log {
  id   Int    @id @default(autoincrement())
  text String
}
`

const audited = await useProject({ schema })
const { database } = audited
let audit: AuditModule
let base: Client<'note' | 'claim' | 'log'>
const as = (context: object) => base.$extends(audit.auditContext(context))

beforeAll(async () => {
  await install(audited)
  audit = await importAudit(audited)
  // One connection: whatever is left on it meets the next write.
  base = await openClient(audited, { max: 1 })
})

const SETTINGS =
  'audit_username, audit_reason, audit_request_id, audit_attempt, audit_big, audit_share, audit_urgent, audit_seen_at, audit_details'

async function noteSettings(text: string) {
  const [row] = await database.query(`SELECT ${SETTINGS} FROM audit."Note_audit" WHERE text = $1`, [text])
  return row
}

const NOTHING = {
  audit_username: 'ann',
  audit_reason: null,
  audit_request_id: null,
  audit_attempt: null,
  audit_big: null,
  audit_share: null,
  audit_urgent: null,
  audit_seen_at: null,
  audit_details: null,
}

const FULL = {
  username: 'ann',
  reason: `it's "so" \\ 'x'; DROP TABLE "Note"; -- ✓`,
  request_id: '6f1c9e0e-7a3b-4c5d-8e9f-0a1b2c3d4e5f',
  attempt: -3,
  big: 9007199254740993n,
  share: '0.10',
  urgent: false,
  seen_at: new Date('2026-03-04T10:15:00.123Z'),
  details: { device: ['phone', 1, null] },
}

test('every type of setting arrives in a column of its own type', async () => {
  await as(FULL).note.create({ data: { text: 'typed' } })
  expect(await noteSettings('typed')).toEqual({
    audit_username: 'ann',
    audit_reason: FULL.reason,
    audit_request_id: FULL.request_id,
    audit_attempt: -3,
    audit_big: '9007199254740993',
    audit_share: `0.1${'0'.repeat(29)}`,
    audit_urgent: false,
    audit_seen_at: FULL.seen_at,
    audit_details: FULL.details,
  })
  const types = await database.query(
    `SELECT attname || ' ' || format_type(atttypid, atttypmod) AS line FROM pg_attribute
     WHERE attrelid = 'audit."Note_audit"'::regclass AND attnum BETWEEN 7 AND 15 ORDER BY attnum`,
  )
  expect(types.map(({ line }) => line)).toEqual([
    'audit_username text',
    'audit_reason text',
    'audit_request_id uuid',
    'audit_attempt integer',
    'audit_big bigint',
    'audit_share numeric(65,30)',
    'audit_urgent boolean',
    'audit_seen_at timestamp with time zone',
    'audit_details jsonb',
  ])
})

test('an optional setting that is absent is NULL, also on a connection that has carried a value before', async () => {
  await as(FULL).note.create({ data: { text: 'before' } })
  await as({ username: 'ann' }).note.create({ data: { text: 'after' } })
  expect(await noteSettings('after')).toEqual(NOTHING)
  await as(FULL).$transaction([as(FULL).note.count()])
  await base.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT set_config('audit.username', 'ann', true)`
    await tx.note.create({ data: { text: 'by hand' } })
  })
  expect(await noteSettings('by hand')).toEqual(NOTHING)
})

describe('a write without a required setting is refused, and nothing is written', () => {
  const forms: readonly [string, () => Promise<unknown>][] = [
    ['create', () => base.note.create({ data: { text: 'refused' } })],
    ['createMany', () => base.note.createMany({ data: [{ text: 'refused' }] })],
    ['a batch', () => base.$transaction([base.note.create({ data: { text: 'refused' } })])],
    [
      'an interactive transaction',
      () => base.$transaction((tx) => tx.note.create({ data: { text: 'refused' } })),
    ],
    ['$executeRaw', () => base.$executeRaw`INSERT INTO "Note" (text) VALUES ('refused')`],
  ]

  test.each(forms)('%s of the client without the extension', async (_, write) => {
    await expect(write()).rejects.toThrow(/needs the setting audit\.username/)
    await expectNothing()
  })

  test('a context function that knows nobody: AuditContextError AU001 with the setting and what to do', async () => {
    const nobody = as(() => undefined)
    await expect(nobody.note.create({ data: { text: 'refused' } })).rejects.toMatchObject({
      name: 'AuditContextError',
      code: 'AU001',
      setting: 'username',
      message: expect.stringContaining('a write to "public"."Note" needs the setting audit.username'),
      hint: expect.stringContaining('auditContext({ username: ... })'),
    })
    await expectNothing()
  })

  test('a context that lacks the setting of one model: that model refuses, the others do not', async () => {
    const ann = as({ username: 'ann' })
    await ann.note.create({ data: { text: 'needs no ticket' } })
    await expect(ann.claim.create({ data: { text: 'refused' } })).rejects.toMatchObject({
      code: 'AU001',
      setting: 'ticket',
    })
    expect(await database.query('SELECT FROM "Claim"')).toEqual([])
    expect(await database.query('SELECT FROM audit."Claim_audit"')).toEqual([])
  })

  async function expectNothing(): Promise<void> {
    expect(await database.query(`SELECT FROM "Note" WHERE text = 'refused'`)).toEqual([])
    expect(await database.query(`SELECT FROM audit."Note_audit" WHERE text = 'refused'`)).toEqual([])
  }
})

test("a model's own settings take the place of the generator's", async () => {
  await as({ username: 'ann', ticket: 42 }).claim.create({ data: { text: 'own' } })
  expect(await database.query('SELECT * FROM audit."Claim_audit"')).toEqual([
    expect.objectContaining({ audit_ticket: 42, audit_username: 'ann', text: 'own' }),
  ])
  const columns = await database.query(
    `SELECT attname FROM pg_attribute WHERE attrelid = 'audit."Claim_audit"'::regclass AND attnum > 6 ORDER BY attnum`,
  )
  expect(columns.map(({ attname }) => attname)).toEqual(['audit_ticket', 'audit_username', 'id', 'text'])
})

test('missingSettings: record writes NULL for an absent required setting, and @default fills in', async () => {
  await base.log.create({ data: { text: 'anonymous' } })
  await as({ username: 'ann', ticket: 1, job: 'nightly' }).log.create({ data: { text: 'known' } })
  expect(
    await database.query('SELECT text, audit_username, audit_job FROM audit."Log_audit" ORDER BY audit_id'),
  ).toEqual([
    { text: 'anonymous', audit_username: null, audit_job: 'system' },
    { text: 'known', audit_username: 'ann', audit_job: 'nightly' },
  ])
})

test.each([
  ['a setting that no model has', { username: 'ann', user: 'ann' }, 'UNKNOWN_SETTING'],
  ['a value of another type', { username: 'ann', request_id: 'no uuid' }, 'INVALID_VALUE'],
  ['NUL, which PostgreSQL cannot store', { username: 'an\0n' }, 'INVALID_VALUE'],
])('%s is refused by the client, before anything is sent', async (_, context, code) => {
  const outcome = Promise.resolve().then(() => as(context).note.create({ data: { text: 'malformed' } }))
  await expect(outcome).rejects.toMatchObject({ name: 'AuditContextError', code })
  expect(await database.query(`SELECT FROM "Note" WHERE text = 'malformed'`)).toEqual([])
})

test('a malformed typed value from another program stops the write with a PostgreSQL error', async () => {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(`SET audit.username = 'ann'; SET audit.request_id = 'no uuid'`)
  const write = client.query(`INSERT INTO "Note" (text) VALUES ('bad uuid')`)
  await expect(write).rejects.toMatchObject({ code: '22P02' })
  await client.end()
})
