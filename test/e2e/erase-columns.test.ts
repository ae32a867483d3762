import { afterAll, beforeAll, expect, test } from 'vitest'
import { runAudit } from '../support/audit-command.ts'
import { install, useProject } from './main-path/audited-project.ts'

const schema = (settings: string, models: string) => `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = [${settings}]
}

datasource db {
  provider = "postgresql"
}

${models}
/// @audit(enabled)
model Seat {
  row    Int
  number Int
  guest  String?

  @@id([row, number])
}
`

const before = schema(
  '"username String", "ticket String?"',
  `/// @audit(enabled)
model Customer {
  id      Int     @id
  email   String?
  fax     String?
  phone   Int?
  iban    String?
  profile Json?
}

/// @audit(enabled)
model Invoice {
  id      Int     @id
  buyer   Int
  address String?
  vat     String?
  total   Int
}

/// @audit(enabled)
model Call {
  id         Int     @id
  customerId Int
  number     String?
}

/// @audit(enabled)
model Letter {
  id         Int     @id
  customerId Int
  text       String?
}
`,
)

const after = schema(
  '"username String"',
  `/// @audit(enabled)
model Customer {
  id      Int     @id
  /// @audit(personal)
  mail    String?
  phone   String?
  /// @audit(hash)
  iban    String?
  profile Json?
}

/// @audit(enabled)
model Invoice {
  id      Int     @id
  /// @audit(subject: Customer)
  buyerId Int     @map("buyer_id")
  /// @audit(personal)
  address String?
  total   Int
}

/// @audit(enabled)
model Call {
  id         Int     @id
  /// @audit(subject: Customer)
  customerId Int
}
`,
)

const change = `ALTER TABLE "Customer" RENAME COLUMN "email" TO "mail";
ALTER TABLE "Customer" DROP COLUMN "fax";
ALTER TABLE "Customer" ALTER COLUMN "phone" TYPE TEXT;
ALTER TABLE "Invoice" RENAME COLUMN "buyer" TO "buyer_id";
ALTER TABLE "Invoice" DROP COLUMN "vat";
ALTER TABLE "Call" DROP COLUMN "number";
DROP TABLE "Letter";
`

const project = await useProject({ schema: before })
const { database } = project
const roles = { eraser: `${database.name}_eraser`, by: `${database.name}_officer` }
const audit = (...args: readonly string[]) =>
  runAudit(project.project.dir, args, { DATABASE_URL: database.url })
const asOfficer = ['--url', database.url.replace(/\/\/[^@]*@/, `//${roles.by}:x@`)]
const as = (user: string, ticket: string, statements: string) =>
  database.query(
    `BEGIN; SELECT set_config('audit.username', '${user}', true), set_config('audit.ticket', '${ticket}', true); ${statements}; COMMIT`,
  )
const customers = () => database.query('SELECT * FROM audit."Customer_audit" ORDER BY audit_id')

async function erase(...wish: readonly string[]) {
  const planned = await audit('erase', ...asOfficer, ...wish)
  expect(planned).toMatchObject({ exitCode: 0, stderr: '' })
  const plan = /--confirm ([0-9a-f]{16})/.exec(planned.stdout)?.[1] ?? ''
  expect(await audit('erase', ...asOfficer, ...wish, '--reason', 'asked', '--confirm', plan)).toMatchObject({
    exitCode: 0,
    stderr: '',
  })
  expect(await audit('verify')).toMatchObject({ exitCode: 0 })
  return planned.stdout
}

beforeAll(async () => {
  await install(project)
  await as(
    'ann',
    'T1',
    `INSERT INTO "Customer" VALUES (1, 'a@example.com', '555', 123, 'DE1', '{"name": "A", "tags": ["x", "y"]}'), (2, 'b@example.com', '556', 124, 'DE2', NULL);
     INSERT INTO "Invoice" VALUES (10, 1, 'Road 1', 'AT1', 5), (11, 2, 'Road 2', 'AT2', 6); INSERT INTO "Call" VALUES (20, 1, '555');
     INSERT INTO "Letter" VALUES (30, 1, 'Dear A'); INSERT INTO "Seat" VALUES (1, 2, 'A'), (12, 1, 'B')`,
  )
  await audit('seal', '--wait', '60')
  await project.project.write('prisma/schema.prisma', after)
  await project.project.write('prisma/migrations/29990101000000_change/migration.sql', change)
  await project.project.prisma(['generate'])
  await project.project.prisma(['migrate', 'deploy'])
  await as(
    'bob',
    'T2',
    `UPDATE "Customer" SET mail = 'c@example.com', phone = '125' WHERE id = 1; UPDATE "Invoice" SET buyer_id = 2 WHERE id = 10`,
  )
  const printed = await audit('eraser', '--role', roles.eraser, '--by', roles.by)
  await database.query(`${printed.stdout}; ALTER ROLE "${roles.by}" PASSWORD 'x'`)
  expect(await audit('seal', '--wait', '60')).toMatchObject({ exitCode: 0 })
  expect(await audit('status')).toMatchObject({ exitCode: 0 })
}, 120_000)

afterAll(async () => {
  for (const role of Object.values(roles))
    await database.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`)
})

test('what is personal is erased from the history of the row, and from those of the models that say they are about it', async () => {
  const invoices = () =>
    database.query('SELECT id, buyer_id, address, total FROM audit."Invoice_audit" ORDER BY audit_id')
  expect(await invoices()).toEqual([
    { id: 10, buyer_id: 1, address: 'Road 1', total: 5 },
    { id: 11, buyer_id: 2, address: 'Road 2', total: 6 },
    { id: 10, buyer_id: 2, address: 'Road 1', total: 5 },
  ])
  const plan = await erase('--model', 'Customer', '--id', '1')
  expect(plan).toMatch(
    /"Customer_audit": 2 rows.*\naudit: {3}mail: 2 values\naudit: "audit"\."Invoice_audit": 1 row.*\naudit: {3}address: 1 value\n/,
  )
  // Also of histories of which nothing is personal any more, for nobody would look there.
  expect(plan).toMatch(
    /left as they are: the columns fax, phone__2, iban__2 of "audit"\."Customer_audit", which no field has any more\n.*: the columns number of "audit"\."Call_audit", which.*\n.*: the columns vat of "audit"\."Invoice_audit", which/,
  )
  expect(plan).toContain(
    'not looked into, for no model says any more whose data they are: "audit"."Letter_audit"',
  )
  // Where it was sold to somebody else, the version says so.
  expect((await invoices()).map(({ address }) => address)).toEqual([null, 'Road 2', 'Road 1'])
  expect((await customers()).map(({ mail }) => mail)).toEqual([null, 'b@example.com', null])
})

test('columns that were renamed, retired, set aside and hashed, settings that are not asked for any more, paths of documents', async () => {
  await erase(
    '--model',
    'Customer',
    '--id',
    '1',
    '--fields',
    'fax,phone,iban,profile.name,profile.tags.0',
    '--settings',
    'username,ticket,current_user',
  )
  const rows = await customers()
  expect(rows).toMatchObject([
    {
      id: 1,
      audit_operation: 'I',
      audit_username: '[erased]',
      audit_ticket: null,
      audit_current_user: '[erased]',
      fax: null,
      phone: null,
      phone__2: null,
      iban: null,
      iban__2: null,
      profile: { tags: ['y'] },
    },
    { id: 2, audit_username: 'ann', audit_ticket: 'T1', fax: '556', phone__2: 124, iban__2: 'DE2' },
    {
      id: 1,
      audit_operation: 'U',
      audit_username: '[erased]',
      audit_ticket: null,
      phone: null,
      iban: null,
      profile: { tags: ['y'] },
    },
  ])
  const again = await audit(
    'erase',
    ...asOfficer,
    '--model',
    'Customer',
    '--id',
    '1',
    '--fields',
    'fax,phone,iban',
  )
  expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('nothing is left to erase') })
})

test('what the plan says is left is erased by the names that it had', async () => {
  const planned = await audit(
    'erase',
    ...asOfficer,
    '--model',
    'Invoice',
    '--id',
    '10',
    '--fields',
    'vat',
    '--json',
  )
  expect(JSON.parse(planned.stdout)).toMatchObject({
    targets: [{ history: '"audit"."Invoice_audit"', values: { vat: 1 } }],
    left: { columns: [], histories: ['"audit"."Letter_audit"'] },
  })
  await erase('--model', 'Invoice', '--id', '10', '--fields', 'vat')
  await erase('--model', 'Letter', '--id', '30', '--fields', 'text')
  expect(await database.query('SELECT vat FROM audit."Invoice_audit" ORDER BY audit_id')).toEqual([
    { vat: null },
    { vat: 'AT2' },
    { vat: null },
  ])
  expect(await database.query('SELECT text FROM audit."Letter_audit"')).toEqual([{ text: null }])
})

test('what somebody did keeps no name of who did it, in any history, and what others did keeps theirs', async () => {
  const plan = await erase('--actor', 'username=bob')
  expect(plan).toContain('audit_username: 1 value')
  const who = (name: string) =>
    database.query(
      `SELECT audit_operation AS op, audit_username AS who FROM audit."${name}_audit" ORDER BY audit_id`,
    )
  expect(await who('Invoice')).toEqual([
    { op: 'I', who: 'ann' },
    { op: 'I', who: 'ann' },
    { op: 'U', who: '[erased]' },
  ])
  expect(await who('Seat')).toEqual([
    { op: 'I', who: 'ann' },
    { op: 'I', who: 'ann' },
  ])
  const records = await database.query(
    `SELECT erased::text AS text FROM audit.erasure ORDER BY audit_id DESC LIMIT 1`,
  )
  expect(records[0]?.text).not.toContain('bob')
  for (const [actor, says] of [
    ['bob', 'Say who did it, and by which setting'],
    ['user=bob', 'No history has a setting user. There are: username, ticket, current_user'],
  ] as const) {
    expect(await audit('erase', ...asOfficer, '--actor', actor)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(says),
    })
  }
})

test('a key of several fields is told as an object, and nothing of another key is erased', async () => {
  const wrong = await audit('erase', ...asOfficer, '--model', 'Seat', '--id', '1', '--fields', 'guest')
  expect(wrong).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining(`--id '{"row":"…","number":"…"}'`),
  })
  await erase('--model', 'Seat', '--id', '{"row": 1, "number": 2}', '--fields', 'guest')
  expect(await database.query('SELECT guest FROM audit."Seat_audit" ORDER BY audit_id')).toEqual([
    { guest: null },
    { guest: 'B' },
  ])
  const open = await audit('erase', ...asOfficer, '--model', 'Seat', '--id', '{"row": 1, "number": 2}')
  expect(open).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('No field of Seat is personal') })
})

test('a hold on a person holds what other models say is about that person', async () => {
  const held = await audit('hold', '--model', 'Customer', '--id', '2', '--reason', 'case 7')
  expect(held.stdout).toMatch(
    /hold 1: audit\."Customer_audit" id 2, .*\n.*hold 2: audit\."Call_audit" customerId 2, .*\n.*hold 3: audit\."Invoice_audit" buyer_id 2, .*case 7/,
  )
  for (const wish of [
    ['Customer', '2', 'mail'],
    ['Invoice', '11', 'address'],
  ] as const) {
    const [model, id, field] = wish
    expect(await audit('erase', ...asOfficer, '--model', model, '--id', id, '--fields', field)).toMatchObject(
      {
        exitCode: 1,
        stderr: expect.stringContaining('A legal hold wins'),
      },
    )
  }
  expect((await customers())[1]).toMatchObject({ mail: 'b@example.com' })
})
